"""The checks are proven on the traffic of a real server, too."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from lakeproof import tree
from lakeproof.emulator import UnknownFaultError, catalogue
from lakeproof.emulator.proxy import FaultProxy
from lakeproof.session.endpoint import EndpointSession
from lakeproof.session.fingerprint import Certainty
from lakeproof.verdict import Violation
from lakeproof.wire.transcript import Recorder
from tests.plugin.tree import Finished
from tests.proxy.conftest import Case
from tests.proxy.stand import PROXIED, Stand

pytestmark = pytest.mark.lake
# What cannot show on this server, whatever the fault: it needs no time for a copy on loopback,
# and the proxy cannot tell whether a push without Overwrite would replace anything.
NOT_SHOWN = {
    ("tpc-no-markers", "tpc.fields.running-transfer-gives-signs-of-life"),
    ("tpc-overwrite-push-t-refused", "tpc.headers.push-without-overwrite-replaces-file"),
}
# Which cell of the scope matrix notices which fault is proven on the emulator (cells.yaml).
CELLS = ("tokens.copies.", "tokens.groups.", "tokens.matrix.", "tokens.tape.")
CASES = [
    Case(check, fault)
    for fault in sorted(FaultProxy.SUPPORTED)
    for check in tree.load_checks()
    if fault in check.catches
    and (fault, check.id) not in NOT_SHOWN
    and not check.id.startswith(CELLS)
]
AT_LEAST = 25
# These look at the connection, the URL or who comes first, which are the proxy's. XRootD before
# 5.6.2 loses its place in a chunked body depending on how TCP cuts it (xrootd/xrootd#2058).
OF_THE_PROXY = {
    "reachability.connections.request-behind-an-upload-is-answered",
    "reachability.connections.unread-body-is-not-the-next-request",
    "tokens.audiences.audience-made-from-the-url-is-accepted",
    "tokens.audiences.bare-host-name-is-accepted",
    "webdav.conditions.concurrent-creates-have-one-winner",
    "webdav.files.put-accepts-chunked-body",
    "webdav.uploads.chunked-upload-without-end-leaves-no-file",
}


def _verdicts(run: Finished) -> dict[str, str]:
    rows = [row for row in run.results if row["endpoint"] == PROXIED]
    return {row["check"]: row["outcome"] for row in rows if row["check"] not in OF_THE_PROXY}


def test_faults_are_those_of_the_catalogue() -> None:
    assert catalogue().keys() >= FaultProxy.SUPPORTED
    assert len({case.fault for case in CASES}) >= AT_LEAST


def test_fault_that_it_cannot_add_is_refused(stand: Stand) -> None:
    with pytest.raises(UnknownFaultError, match="srr-stale"):
        stand.proxy.faults = frozenset({"srr-stale"})


def test_without_faults_the_verdicts_are_those_of_the_server_itself(
    direct_run: Finished, proxied_run: Finished
) -> None:
    assert _verdicts(proxied_run) == _verdicts(direct_run)
    assert direct_run.outcomes["pass"] > direct_run.outcomes["fail"]


@pytest.mark.parametrize("case", CASES, ids=[f"{c.fault}-{c.check.id}" for c in CASES])
def test_check_catches_the_fault_in_real_traffic(
    baseline: Mapping[str, str], case: Case, request: pytest.FixtureRequest
) -> None:
    outcome = baseline[case.check.id]
    if outcome != "pass":
        pytest.skip(f"without the fault it is {outcome} on this server, so it proves nothing")
    run_check: Callable[[], None] = request.getfixturevalue("run_check")
    with pytest.raises(Violation):
        run_check()


@pytest.mark.parametrize("through_proxy", [False, True])
def test_real_server_is_recognised(stand: Stand, through_proxy: bool) -> None:
    stand.proxy.faults = frozenset()
    url = stand.proxy.url if through_proxy else f"https://{stand.real.host}:{stand.real.port}"
    session = EndpointSession(stand.target(PROXIED, url), "lp-fingerprint", Recorder())
    found = session.fingerprint
    assert (found.technology, found.certainty) == ("xrootd", Certainty.CERTAIN)
    assert found.version is not None
