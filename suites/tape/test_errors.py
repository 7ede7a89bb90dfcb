"""What the tape API refuses, and how it says so."""

import json

from lakeproof import LOW, MUST, SHOULD, Expect, Reply, StorageElement, TapeDesk, check

PROBLEM = "application/problem+json"


def _refused(se: StorageElement, desk: TapeDesk, expect: Expect) -> Reply:
    """The answer to what is no JSON, after a request that is accepted."""
    path = se.workdir / "f"
    expect.control(se.put(path, b"data"))
    expect.control(desk.stage(path))
    return desk.garbled()


@check(
    req="tape/valid-json",
    level=MUST,
    severity=LOW,
    needs={"webdav", "tape", "write"},
    catches={"tape-garbled-accepted"},
    rows={"TAP-09"},
)
def test_garbled_request_is_refused(se: StorageElement, desk: TapeDesk, expect: Expect) -> None:
    """A stage request that is no JSON must be refused.

    A request that was cut off on the way would otherwise count as made, without its files.
    """
    reply = _refused(se, desk, expect)

    expect.refused(reply)


@check(
    req="tape/non-empty",
    level=SHOULD,
    severity=LOW,
    needs={"webdav", "tape", "write"},
    catches={"tape-empty-list-accepted"},
    rows={"TAP-09"},
)
def test_request_without_files_is_refused(
    se: StorageElement, desk: TapeDesk, expect: Expect
) -> None:
    """Requests with an empty list of files or paths should be refused.

    A client whose list went missing takes the success for that of its files.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"data"))
    expect.control(desk.stage(path))
    expect.control(desk.info(path).reply)

    expect.refused(desk.stage())
    expect.refused(desk.info().reply)


@check(
    req="tape/problem",
    level=MUST,
    severity=LOW,
    needs={"webdav", "tape", "write"},
    catches={"tape-error-plain", "tape-error-other-status"},
    rows={"TAP-09"},
)
def test_errors_have_a_status_and_a_title(
    se: StorageElement, desk: TapeDesk, expect: Expect
) -> None:
    """The body of an error must be a JSON object with its status and a title (RFC 7807).

    gfal2 and FTS show that text to whoever waits for the file; without it the reason is lost.
    """
    reply = _refused(se, desk, expect)
    expect.given(not reply.taken, f"it is no error: {reply.describe()}")

    try:
        problem = json.loads(reply.body)
    except ValueError:
        problem = None

    sound = isinstance(problem, dict) and bool(problem.get("title"))
    expect.that(sound, "a JSON object with a title", f"{reply.describe()}, {reply.text[:80]}")
    expect.equal(problem.get("status"), reply.status, "status in the body")


@check(
    req="tape/problem-type",
    level=SHOULD,
    severity=LOW,
    needs={"webdav", "tape", "write"},
    catches={"tape-error-content-type"},
    rows={"TAP-09"},
)
def test_errors_are_problem_json(se: StorageElement, desk: TapeDesk, expect: Expect) -> None:
    """The Content-Type of an error should be application/problem+json.

    Clients that tell answers from errors by it show the raw body, or nothing.
    """
    reply = _refused(se, desk, expect)
    expect.given(not reply.taken, f"it is no error: {reply.describe()}")

    kind = reply.headers.get("Content-Type", "none").partition(";")[0]

    expect.equal(kind, PROBLEM, "Content-Type")
