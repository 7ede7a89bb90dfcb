from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import PurePosixPath

import pytest

from lakeproof.emulator import dialect_names, load_dialect
from lakeproof.inventory import endpoint_from_url
from lakeproof.lookup import hint, hints
from lakeproof.results import new_run_id
from lakeproof.session.endpoint import EndpointSession
from lakeproof.session.fingerprint import Certainty, Evidence, Fingerprint, marks, recognise
from lakeproof.session.plan import Target
from lakeproof.wire.transcript import Recorder
from tests.bite.bench import ELEMENT, IMPATIENT, Bench

TECHNOLOGIES = {"dcache", "eos", "dpm", "xrootd", "storm"}
XROOTD_OPTIONS = {
    "DAV": "1, <http://apache.org/dav/propset/fs/1>",
    "Allow": "HEAD,GET,PUT,PROPFIND,DELETE,OPTIONS,COPY",
}
NOT_FOUND = "Unable to open /data/x; no such file or directory\n"


def seen(method: str = "OPTIONS", text: str = "", location: str = "", **headers: str) -> Evidence:
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return Evidence(method, named, text, (location,) if location else ())


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = Bench(tmp_path_factory.mktemp("bench"))
    yield made
    made.stop()


@pytest.mark.parametrize("dialect", sorted(TECHNOLOGIES))
def test_dialect_is_recognised_from_its_answers(bench: Bench, dialect: str) -> None:
    found = bench.sessions(dialect, ()).get(ELEMENT).fingerprint
    assert (found.technology, found.certainty) == (dialect, Certainty.CERTAIN)
    assert found.version is not None
    assert found.version in {load_dialect(dialect).version.removeprefix("v"), "5.3.10"}
    assert not found.against


def test_element_without_a_dialect_is_unknown(bench: Bench) -> None:
    found = bench.sessions("conformant", ()).get(ELEMENT).fingerprint
    assert found == Fingerprint(None, None)
    assert "not recognised" in found.note


def test_every_technology_of_the_dialects_has_marks() -> None:
    marked = {technology for mark in marks() for technology in mark.weights}
    assert marked == TECHNOLOGIES == set(dialect_names()) - {"conformant"}


@pytest.mark.parametrize("dialect", sorted(TECHNOLOGIES))
def test_asks_two_more_requests_at_most_and_in_no_transcript(bench: Bench, dialect: str) -> None:
    session = bench.sessions(dialect, ()).get(ELEMENT)
    assert session.greeting.status
    element, recorded = bench.element(dialect).element, session.recorder.requests
    before = element.requests
    assert session.fingerprint.technology == dialect
    assert session.fingerprint == session.fingerprint
    assert element.requests - before <= 2
    assert session.recorder.requests == recorded


def test_header_alone_is_likely() -> None:
    found = recognise([seen(Server="dCache/9.2.30")])
    assert (found.technology, found.version, found.certainty) == (
        "dcache",
        "9.2.30",
        Certainty.LIKELY,
    )


def test_nothing_seen_is_unknown() -> None:
    assert recognise([]) == Fingerprint(None, None)
    assert recognise([seen(Server="nginx/1.25")]).certainty is Certainty.UNKNOWN


def test_proxy_that_hides_the_server_leaves_the_behaviour() -> None:
    answers = [
        seen(Server="nginx/1.25", **XROOTD_OPTIONS),
        seen("GET", NOT_FOUND, Server="nginx/1.25"),
    ]
    found = recognise(answers)
    assert (found.technology, found.version) == ("xrootd", None)


def test_server_that_tells_no_version_is_at_least_the_first_that_tells_none() -> None:
    found = recognise([seen(Server="XRootD", **XROOTD_OPTIONS)])
    assert (found.technology, found.version) == ("xrootd", "6")
    assert "Server: XrootD, no version in it, as since 6.0" in found.note

    found = recognise([seen(Server="XrootD/v5.7.3", **XROOTD_OPTIONS)])
    assert (found.technology, found.version) == ("xrootd", "5.7.3")
    assert "no version" not in found.note


def test_misleading_server_header_is_outvoted() -> None:
    answers = [
        seen(Server="dCache/9.2.30", **XROOTD_OPTIONS),
        seen("GET", NOT_FOUND, Server="dCache/9.2.30"),
        seen("MKCOL", ":-)", Server="dCache/9.2.30"),
    ]
    found = recognise(answers)
    assert (found.technology, found.version) == ("xrootd", None)
    assert found.certainty is Certainty.LIKELY
    assert found.against == ("Server: dCache",)
    assert "against it: Server: dCache" in found.note


@pytest.mark.parametrize(
    "answers",
    [
        [seen(Server="dCache/9.2.30", **XROOTD_OPTIONS)],
        [seen(Server="XrootD/v5.7.3"), seen("GET", WWW_Authenticate='Bearer realm="dCache"')],
        [seen(Server="StoRM WebDAV/1.9.0"), seen("MKCOL", ":-)")],
        [seen(Server="dCache/9.2.30"), seen("PROPFIND", Server="StoRM WebDAV/1.9.0")],
    ],
)
def test_contradiction_yields_no_technology(answers: list[Evidence]) -> None:
    found = recognise(answers)
    assert (found.technology, found.version) == (None, None)
    assert found.certainty is Certainty.GUESS
    assert found.suspected is not None
    assert "guess" in found.note


def test_doubt_gives_general_hints_only() -> None:
    check_id, entry = next((name, entry) for name, entry in hints().items() if entry.get("dcache"))
    doubted = recognise([seen(Server="dCache/9.2.30", **XROOTD_OPTIONS)])
    given = hint(check_id, doubted.technology, doubted.version)
    assert given == str(entry.get("generic", "")).strip()


def test_eos_that_calls_itself_xrootd_is_eos() -> None:
    answers = [
        seen(Server="XrootD/v5.7.2", **XROOTD_OPTIONS),
        seen("PROPFIND", Server="XrootD/v5.7.2", X_Eos_Mgm_Version="5.3.10"),
    ]
    found = recognise(answers)
    assert (found.technology, found.version) == ("eos", "5.3.10")
    assert found.certainty is Certainty.CERTAIN


def test_greeting_that_eos_could_have_sent_is_not_certain() -> None:
    found = recognise([seen(Server="XrootD/v5.7.3", **XROOTD_OPTIONS)])
    assert (found.technology, found.certainty) == ("xrootd", Certainty.LIKELY)


def test_path_of_eos_outweighs_the_name_of_its_http_plug_in() -> None:
    found = recognise([seen(Server="XrootD/v5.7.2")], door=PurePosixPath("/eos/lake"))
    assert (found.technology, found.version) == ("eos", None)
    assert found.certainty is Certainty.LIKELY


@pytest.mark.parametrize(
    ("location", "technology"),
    [
        ("https://pool/x?dcache-http-uuid=1", "dcache"),
        ("https://fst/x?cap.sym=1&cap.msg=2", "eos"),
        ("https://disk/x?token=1&dav_sfn=%2Fx", "dpm"),
        ("https://data/x?xrdhttptk=1", "xrootd"),
    ],
)
def test_redirect_tells_the_technology(location: str, technology: str) -> None:
    assert recognise([seen("GET", location=location)]).technology == technology


def test_namespace_that_xrootd_declares_is_no_mark_of_dpm() -> None:
    body = (
        '<D:multistatus xmlns:D="DAV:"><D:response xmlns:lp1="DAV:" xmlns:lp3="LCGDM:">'
        "<D:href>/data</D:href><lp1:iscollection>1</lp1:iscollection>"
    )
    found = recognise([seen(Server="XrootD/v5.5.3", **XROOTD_OPTIONS), seen("PROPFIND", body)])
    assert found.technology == "xrootd"
    assert not found.against


def test_declared_technology_prevails_and_the_contradiction_is_said() -> None:
    answers = [seen(Server="XrootD/v5.7.3", **XROOTD_OPTIONS), seen("GET", NOT_FOUND)]
    found = recognise(answers, "dcache")
    assert (found.technology, found.version) == ("dcache", None)
    assert "declared as dcache, but what answers looks like xrootd (certain" in found.note


def test_declared_technology_that_is_seen_has_a_version_and_no_note() -> None:
    found = recognise([seen(Server="XrootD/v5.7.3", **XROOTD_OPTIONS)], "xrootd")
    assert (found.technology, found.version, found.note) == ("xrootd", "5.7.3", "")


def test_declared_technology_is_kept_when_nothing_answers() -> None:
    found = recognise([], "storm")
    assert (found.technology, found.version, found.note) == ("storm", None, "")


def test_summary_is_told_once_what_was_recognised(bench: Bench) -> None:
    sessions = bench.sessions("dcache", ())
    assert sessions.get(ELEMENT).fingerprint
    told = [note for note in sessions.notes() if "recognised as dcache 9.2.30, certain" in note]
    assert len(told) == 1


def test_door_that_is_closed_gets_no_note() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"https://127.0.0.1:{taken.getsockname()[1]}/data"
    target = Target("SITE", endpoint_from_url(url), None, IMPATIENT, "lakeproof", 1 << 20)
    session = EndpointSession(target, new_run_id(), Recorder())
    assert session.fingerprint.technology is None
    assert session.notes == []


def test_missing_credentials_do_not_stop_the_recognition(bench: Bench) -> None:
    session = bench.sessions("xrootd", ()).get(ELEMENT)
    session.wallet.source = None
    assert session.fingerprint.technology == "xrootd"
