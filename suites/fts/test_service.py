"""FTS as a service: who it takes us for, whom it keeps out, what it says of unknown jobs."""

import json
import re
from typing import Any

from lakeproof import (
    ANONYMOUS,
    CRITICAL,
    HIGH,
    MEDIUM,
    MUST,
    SHOULD,
    Expect,
    Fts,
    OddTokenFor,
    Reply,
    TokenFor,
    check,
)

UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NO_JOB = "00000000-0000-4000-8000-000000000000"
NOT_FOUND, MULTI = 404, 207


def _said(reply: Reply) -> Any:  # noqa: ANN401  any JSON
    try:
        return json.loads(reply.body)
    except ValueError:
        return None


def _names(reply: Reply, method: str) -> bool:
    """Whether the answer to /whoami names somebody who came by `method`."""
    said = _said(reply)
    return isinstance(said, dict) and said.get("method") == method and bool(said.get("vos"))


@check(
    req="fts-rest/whoami",
    level=SHOULD,
    severity=HIGH,
    needs={"fts", "token-audience"},
    catches={"fts-whoami-nobody"},
    rows={"FTS-08"},
)
def test_whoami_knows_token(fts: Fts, expect: Expect) -> None:
    """FTS must recognise our token as somebody's, of a community.

    Every job that Rucio submits with tokens is refused otherwise, and rules hang in SUBMITTING.
    """
    reply = fts.get("/whoami")

    expect.success(reply)
    expect.that(_names(reply, "oauth2"), "method oauth2 and a community", reply.text)


@check(
    req="fts-rest/whoami",
    level=SHOULD,
    severity=HIGH,
    needs={"fts", "x509"},
    catches={"fts-certificate-unknown"},
    rows={"FTS-08"},
)
def test_whoami_knows_certificate(fts: Fts, expect: Expect) -> None:
    """FTS must recognise our certificate as somebody's, of a community.

    Rucio's poller looks after jobs with its certificate; without it every job looks lost.
    """
    reply = fts.get("/whoami", auth=fts.certificate)

    expect.success(reply)
    expect.that(_names(reply, "certificate"), "method certificate and a community", reply.text)


@check(
    req="fts-rest/whoami",
    level=SHOULD,
    severity=MEDIUM,
    needs={"fts", "token-audience"},
    catches={"fts-base-id-missing"},
)
def test_whoami_tells_base_id(fts: Fts, expect: Expect) -> None:
    """FTS should tell the base of its deterministic job ids, a UUID.

    Rucio computes the id of a job from it when the answer to a submission is lost; the job is
    submitted twice otherwise.
    """
    reply = fts.get("/whoami")
    expect.control(reply)

    told = str((_said(reply) or {}).get("base_id"))

    expect.that(UUID.fullmatch(told) is not None, "base_id is a UUID", told)


@check(
    req="fts-rest/version",
    level=SHOULD,
    severity=MEDIUM,
    needs={"fts"},
    catches={"fts-version-html"},
    rows={"FTS-08"},
)
def test_version_is_told(fts: Fts, expect: Expect) -> None:
    """FTS should tell the versions of its interface and its core.

    Whoever looks after a stuck rule asks this first; a portal's login page says that a proxy is
    in the way.
    """
    reply = fts.get("/", auth=ANONYMOUS)

    expect.success(reply)
    said = _said(reply)
    versions = said if isinstance(said, dict) else {}
    expect.that("api" in versions and "core" in versions, "versions of api and core", reply.text)


@check(
    req="fts-rest/authentication",
    level=MUST,
    severity=HIGH,
    needs={"fts", "token-audience"},
    catches={"fts-anonymous"},
)
def test_anonymous_sees_no_jobs(fts: Fts, expect: Expect) -> None:
    """FTS must show jobs to nobody who shows neither certificate nor token.

    The URLs and metadata of a community's data are for the community.
    """
    expect.control(fts.get("/jobs?limit=1"))

    expect.refused(fts.get("/jobs?limit=1", auth=ANONYMOUS))


@check(
    req="fts-rest/authentication",
    level=MUST,
    severity=CRITICAL,
    needs={"fts", "token-audience"},
    catches={"fts-signature-unchecked"},
)
def test_forged_token_is_refused(fts: Fts, expect: Expect) -> None:
    """FTS must refuse a token whose signature is wrong.

    Anybody could otherwise submit, see and cancel jobs in the name of a community.
    """
    expect.control(fts.get("/jobs?limit=1"))

    expect.refused(fts.get("/jobs?limit=1", auth=fts.forged))


@check(
    req="fts-rest/authentication",
    level=MUST,
    severity=HIGH,
    needs={"fts", "token-audience"},
    catches={"fts-any-audience"},
)
def test_token_for_another_is_refused(fts: Fts, token: TokenFor, expect: Expect) -> None:
    """FTS must refuse a token that was made for another service.

    A storage that was shown such a token could otherwise run copies with it.
    """
    expect.control(fts.get("/jobs?limit=1"))
    other = token("fts", audience="https://another.example.org")

    expect.refused(fts.get("/jobs?limit=1", auth=other))


@check(
    req="fts-rest/authentication",
    level=MUST,
    severity=HIGH,
    needs={"fts", "odd-tokens"},
    catches={"fts-expired-accepted"},
)
def test_expired_token_is_refused(fts: Fts, odd_token: OddTokenFor, expect: Expect) -> None:
    """FTS must refuse a token that has expired.

    A token that leaked into a log would otherwise be good for ever.
    """
    expect.control(fts.get("/jobs?limit=1"))
    expired = odd_token(scopes=["fts"], audience=fts.audience, lifetime_s=-120)

    expect.refused(fts.get("/jobs?limit=1", auth=expired))


@check(
    req="fts-rest/query",
    level=MUST,
    severity=HIGH,
    needs={"fts", "token-audience"},
    catches={"fts-unknown-job-200"},
)
def test_unknown_job_is_404(fts: Fts, expect: Expect) -> None:
    """FTS must answer 404, in JSON with the job's id, for a job that it does not know.

    Rucio submits a lost copy again only when it hears that the job is lost.
    """
    reply = fts.get(f"/jobs/{NO_JOB}")

    expect.status(reply, NOT_FOUND)
    said = _said(reply)
    named = isinstance(said, dict) and said.get("http_status") == "404 Not Found"
    expect.that(named, 'http_status "404 Not Found"', reply.text)


@check(
    req="fts-rest/query",
    level=MUST,
    severity=HIGH,
    needs={"fts", "token-audience"},
    catches={"fts-bulk-broken"},
)
def test_query_of_several_jobs_answers_each(fts: Fts, expect: Expect) -> None:
    """FTS must answer a query of several jobs with one object for each of them.

    Rucio asks for a hundred jobs at a time; one that is unknown must not hide the others.
    """
    other = NO_JOB.replace("4000", "4001")

    reply = fts.get(f"/jobs/{NO_JOB},{other}")

    expect.status(reply, MULTI, NOT_FOUND)
    said = _said(reply)
    told = [job.get("job_id") for job in said if isinstance(job, dict)] if said else []
    expect.equal(sorted(map(str, told)), sorted([NO_JOB, other]), "the jobs told of")
