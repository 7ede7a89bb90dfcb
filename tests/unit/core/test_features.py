"""What a check needs is looked at in order, and the cheapest reason wins."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import cast

import pytest

from lakeproof.check import Check
from lakeproof.features import NEEDS, RunMode, require
from lakeproof.inventory import Endpoint, endpoint_from_url
from lakeproof.session.endpoint import EndpointSession
from lakeproof.verdict import Blocked, NotRun, Unsupported
from tests.unit.core.samples import declared

OUTAGE = {
    "from": datetime.now(UTC) - timedelta(hours=1),
    "to": datetime.now(UTC) + timedelta(hours=1),
    "reason": "new disks",
}


def _check(*needs: str, suite: str = "webdav") -> Check:
    return declared(f"{suite}.files.put", needs=frozenset(needs))


def _endpoint(**settings: object) -> Endpoint:
    return endpoint_from_url("davs://se.example.org:2880/area", settings)


@dataclass
class FakeSession:
    """Notes what was looked at; everything is there unless a test says otherwise."""

    endpoint: Endpoint = field(default_factory=_endpoint)
    scheme: str = "https"
    no_connection: str | None = None
    configured: bool = True
    reachable: bool = True
    ready: bool = True
    source: object | None = field(default_factory=lambda: SimpleNamespace(describe="env:TOKEN"))
    can_narrow: bool = True
    can_mint_odd: bool = True
    certificate: object | None = object()
    allow: str = "GET, PUT"
    publishes_report: bool = False
    addresses: tuple[str, ...] = ("192.0.2.1", "2001:db8::1")
    asked: list[str] = field(default_factory=list)

    @property
    def target(self) -> SimpleNamespace:
        return SimpleNamespace(endpoint=self.endpoint)

    @property
    def door(self) -> SimpleNamespace:
        return SimpleNamespace(scheme=self.scheme)

    @property
    def probe(self) -> SimpleNamespace:
        self.asked.append("probe")
        return SimpleNamespace(no_connection=self.no_connection, addresses=self.addresses)

    @property
    def wallet(self) -> FakeSession:
        self.asked.append("wallet")
        return self

    @property
    def greeting(self) -> SimpleNamespace:
        self.asked.append("greeting")
        return SimpleNamespace(headers={"Allow": self.allow})

    def first_answer(self) -> SimpleNamespace:
        if self.no_connection:
            raise Blocked(self.no_connection)
        return self.greeting

    def require_configured(self) -> None:
        if not self.configured:
            raise Blocked("its CA is not there")

    def require_reachable(self) -> None:
        self.asked.append("reachable")
        if not self.reachable:
            raise Blocked("not reachable")

    def require_ready(self) -> None:
        self.asked.append("ready")
        if not self.ready:
            raise Blocked("not ready")


def _require(check: Check, session: FakeSession, mode: RunMode | None = None) -> None:
    require(check, cast(EndpointSession, session), mode or RunMode())


def test_everything_is_there() -> None:
    needs = ("webdav", "write", "tokens", "token-scopes", "odd-tokens", "x509", "tpc-pull")
    session = FakeSession()

    _require(_check(*needs), session)

    assert session.asked.index("reachable") < session.asked.index("ready")
    assert session.asked.index("ready") < session.asked.index("wallet")


def test_need_that_nobody_knows_is_our_mistake() -> None:
    with pytest.raises(ValueError, match=r"webdav\.files\.put needs .*quantum"):
        _require(_check("webdav", "quantum"), FakeSession())


BEFORE_ANY_REQUEST: list[tuple[str, Check, FakeSession, RunMode, type[BaseException], str]] = [
    (
        "downtime",
        _check("webdav"),
        FakeSession(_endpoint(downtime=OUTAGE)),
        RunMode(),
        NotRun,
        "downtime until .* UTC: new disks",
    ),
    ("read-only", _check("write"), FakeSession(), RunMode(read_only=True), NotRun, "--read-only"),
    (
        "no-sample",
        _check("sample"),
        FakeSession(),
        RunMode(read_only=True),
        NotRun,
        "give --sample-file PATH,SIZE,ADLER32",
    ),
    (
        "no-sample-where-write-is-absent",
        _check("sample"),
        FakeSession(_endpoint(features={"write": False})),
        RunMode(),
        NotRun,
        "give --sample-file",
    ),
    ("intrusive", _check("intrusive"), FakeSession(), RunMode(), NotRun, "--intrusive"),
    (
        "declared",
        _check("md5"),
        FakeSession(_endpoint(features={"md5": False})),
        RunMode(),
        Unsupported,
        "md5 is declared absent",
    ),
]


@pytest.mark.parametrize(
    ("check", "session", "mode", "kind", "said"),
    [row[1:] for row in BEFORE_ANY_REQUEST],
    ids=[row[0] for row in BEFORE_ANY_REQUEST],
)
def test_what_is_ruled_out_costs_no_request(
    check: Check, session: FakeSession, mode: RunMode, kind: type[BaseException], said: str
) -> None:
    session.reachable = False

    with pytest.raises(kind, match=said):
        _require(check, session, mode)
    assert session.asked == []


@pytest.mark.parametrize(
    ("change", "kind", "said"),
    [
        (lambda s: replace(s, configured=False, reachable=False), Blocked, "its CA is not there"),
        (lambda s: replace(s, reachable=False), Blocked, "not reachable"),
        (lambda s: replace(s, ready=False), Blocked, "not ready"),
        (lambda s: replace(s, source=None), NotRun, "no access token: give --token"),
        (lambda s: replace(s, can_narrow=False), Unsupported, "env:TOKEN cannot give tokens of"),
        (lambda s: replace(s, can_mint_odd=False), NotRun, "signs odd tokens"),
        (lambda s: replace(s, certificate=None), NotRun, "no certificate: give --proxy"),
    ],
)
def test_one_thing_is_missing(
    change: Callable[[FakeSession], FakeSession], kind: type[BaseException], said: str
) -> None:
    check = _check("webdav", "write", "token-scopes", "odd-tokens", "x509")

    with pytest.raises(kind, match=said):
        _require(check, change(FakeSession()))


def test_dead_door_is_said_before_a_missing_credential() -> None:
    session = FakeSession(reachable=False, source=None)

    with pytest.raises(Blocked, match="not reachable"):
        _require(_check("tokens"), session)


SAMPLE = {"path": "f", "size": 3, "adler32": "024d0127"}


@pytest.mark.parametrize("need", ["write", "tpc-pull", "tpc-push", "partner"])
def test_read_only_run_does_nothing_that_writes(need: str) -> None:
    with pytest.raises(NotRun, match="--read-only"):
        _require(_check(need), FakeSession(), RunMode(read_only=True))


@pytest.mark.parametrize("features", [{}, {"write": False}])
def test_named_sample_is_enough_for_reading(features: dict[str, bool]) -> None:
    session = FakeSession(_endpoint(features=features, sample=SAMPLE))

    _require(_check("webdav", "sample"), session, RunMode(read_only=not features))

    assert "ready" in session.asked


def test_intrusive_check_runs_when_agreed() -> None:
    _require(_check("intrusive"), FakeSession(), RunMode(intrusive=True))


def test_past_downtime_is_over() -> None:
    past = OUTAGE | {"from": OUTAGE["from"], "to": datetime.now(UTC) - timedelta(minutes=1)}

    _require(_check("webdav"), FakeSession(_endpoint(downtime=past)))


@pytest.mark.parametrize(
    ("features", "allow", "kind"),
    [
        ({"tpc-pull": False, "tpc-push": False}, "GET, PUT", Unsupported),
        ({"tpc-pull": False, "tpc-push": False}, "GET, copy", NotRun),
        ({"tpc-pull": False}, "GET, COPY", Unsupported),
    ],
    ids=["absent", "absent-but-seen", "the-other-direction-is-there"],
)
def test_declared_absence_is_probed(
    features: dict[str, bool], allow: str, kind: type[BaseException]
) -> None:
    session = FakeSession(_endpoint(features=features), allow=allow)

    with pytest.raises(kind, match="tpc-pull is declared absent"):
        _require(_check("webdav", "tpc-pull"), session)


def test_reachability_without_needs_asks_nothing() -> None:
    session = FakeSession(reachable=False, no_connection="refused")

    _require(_check(suite="reachability"), session)

    assert "reachable" not in session.asked


@pytest.mark.parametrize("needs", [("tls",), ("webdav",)])
def test_reachability_needs_a_connection(needs: Iterable[str]) -> None:
    with pytest.raises(Blocked, match="refused"):
        _require(_check(*needs, suite="reachability"), FakeSession(no_connection="refused"))


def test_plain_door_has_no_tls() -> None:
    with pytest.raises(Unsupported, match="plain http"):
        _require(_check("tls", suite="reachability"), FakeSession(scheme="http"))


def test_each_need_is_explained() -> None:
    assert all(NEEDS.values())


def test_report_that_nobody_promised_and_nobody_finds_is_unsupported() -> None:
    with pytest.raises(Unsupported, match="none at the usual places"):
        _require(_check("srr", suite="info"), FakeSession())

    _require(_check("srr", suite="info"), FakeSession(publishes_report=True))


def test_report_that_was_promised_is_judged_wherever_it_is() -> None:
    named = {"webdav": "davs://se.example.org/area", "srr": "https://se.example.org/srr"}
    by_door = Endpoint.model_validate({"name": "SE", "doors": named})

    for promise in (by_door, _endpoint(features={"srr": True})):
        _require(_check("srr", suite="info"), FakeSession(promise))


@pytest.mark.parametrize("own", ["127.0.0.1", "127.0.0.5", "::1"])
def test_neighbours_of_this_machine_are_left_alone(own: str) -> None:
    _require(_check("elsewhere"), FakeSession())
    with pytest.raises(NotRun, match="the endpoint is on this machine"):
        _require(_check("elsewhere"), FakeSession(addresses=("192.0.2.1", own)))
    tunnelled = _endpoint(features={"elsewhere": True})
    _require(_check("elsewhere"), FakeSession(tunnelled, addresses=(own,)))
