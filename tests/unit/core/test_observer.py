"""What the observer makes of the peer, and where endpoints find it."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from lakeproof.inventory import InventoryError, peer_from_options
from lakeproof.lake import ca
from lakeproof.peer import PeerClient, Sighting
from lakeproof.session.adhoc import AdHoc
from lakeproof.session.observer import Observer, PeerAddress
from lakeproof.session.peering import Peering, Socket
from lakeproof.session.sessions import Sessions
from lakeproof.verdict import Blocked, NotRun, Unjudged
from lakeproof.wire.reply import Reply
from lakeproof.wire.tpc import TpcEnd, Transfer
from lakeproof.wire.transcript import Recorder

URL = "https://peer.example.org:8443"
SAID = {"url": URL, "certificate": "p.pem"}


class FakeClient:
    """A peer that has seen what a test says, and remembers what was forgotten."""

    def __init__(self, *looks: list[Sighting]) -> None:
        self.looks = list(looks)
        self.forgotten: list[str] = []
        self.released: list[str] = []

    def add(self, *_: object, **__: object) -> str:
        return "abc-file"

    def seen(self, _: str) -> list[Sighting]:
        return self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]

    def release(self, name: str) -> None:
        self.released.append(name)

    def remove(self, name: str) -> None:
        self.forgotten.append(name)


def _observer(client: FakeClient, patience_s: float = 0.0) -> Observer:
    address = PeerAddress(URL)
    return Observer(cast("PeerClient", client), address, Recorder(), patience_s)


def _seen(state: str = "done", **more: object) -> Sighting:
    facts = {"method": "GET", "target": "/x", "place": "first", "headers": [], "state": state}
    return Sighting.of({**facts, **more})


def _transfer(end: TpcEnd) -> Transfer:
    return Transfer(Reply("COPY", URL, status=201), [], end, "failure: no")


def test_bearer_that_arrived_is_not_in_the_transcript() -> None:
    arrived = _seen(headers=[["Authorization", "Bearer the-secret-value"], ["X-Note", "shown"]])
    observer = _observer(FakeClient([arrived]))

    (seen,) = observer.file(b"abc").seen()

    assert seen.carries("the-secret-value")
    text = observer.recorder.current.text()
    assert "the-secret-value" not in text
    assert "X-Note: shown" in text


def test_slow_reader_is_released_when_half_the_patience_is_over() -> None:
    client = FakeClient([_seen("open")], [_seen("broken")])
    observer = _observer(client)

    assert observer.target("slow-reader").broken_off()
    assert client.released == ["abc-file"]


def test_request_that_comes_to_its_end_was_not_broken_off() -> None:
    assert not _observer(FakeClient([_seen("done")])).file(b"abc", "endless").broken_off()


def test_everything_made_is_forgotten_once() -> None:
    client = FakeClient([])
    observer = _observer(client)
    observer.file(b"abc")
    observer.target()

    observer.forget()
    observer.forget()

    assert client.forgotten == ["abc-file", "abc-file"]


def test_unreachable_peer_is_an_error_once_then_blocked() -> None:
    observer = _observer(FakeClient([]))
    observer.control(_transfer(TpcEnd.SUCCESS))

    with pytest.raises(Unjudged, match=f"cannot copy with our server at {URL}"):
        observer.control(_transfer(TpcEnd.FAILURE))
    with pytest.raises(Blocked):
        observer.control(_transfer(TpcEnd.REFUSED))


@pytest.mark.parametrize("origin", ["other", "inside", "misnamed"])
def test_origin_that_was_not_given_is_not_run(origin: str) -> None:
    with pytest.raises(NotRun):
        getattr(_observer(FakeClient([])), origin)


def test_peer_that_did_not_start_is_our_error_once() -> None:
    sessions = Sessions(AdHoc(["davs://se.example.org/a"]).plan(), "run")
    sessions.peer_trouble = "our own server did not start: it cannot listen on x"

    with pytest.raises(Unjudged, match="cannot listen"):
        sessions.observer_of("SE")
    with pytest.raises(Blocked):
        sessions.observer_of("SE")


def test_peer_listens_on_loopback_at_the_port_of_its_url_unless_told() -> None:
    peering = Peering.of(peer_from_options(SAID))

    assert peering.sockets == (Socket("first", "127.0.0.1", 8443),)


def test_peer_listens_where_it_is_told() -> None:
    more = {
        "listen": "192.0.2.1:9000",
        "other-url": f"{URL[:-4]}8444",
        "other-listen": "[::1]:9001",
    }

    peering = Peering.of(peer_from_options(SAID | more))

    assert peering.sockets == (Socket("first", "192.0.2.1", 9000), Socket("other", "::1", 9001))


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("url", "http://peer.example.org:8443", "without a path"),
        ("url", "https://peer.example.org:8443/path", "without a path"),
        ("listen", "8443", "an address and a port"),
        ("listen", "host:70000", "an address and a port"),
    ],
)
def test_nonsense_names_the_option(name: str, value: str, expected: str) -> None:
    with pytest.raises(InventoryError, match=rf"--peer-{name}: found .*{expected}"):
        peer_from_options(SAID | {name: value})


@pytest.mark.parametrize(
    ("names", "misnamed"),
    [(["localhost"], "https://127.0.0.1:8443"), (["localhost", "127.0.0.1"], "")],
)
def test_misnamed_url_is_the_address_unless_the_certificate_has_it(
    tmp_path: Path, names: list[str], misnamed: str
) -> None:
    pem = tmp_path / "p.pem"
    ca.write_credential(ca.issue(ca.make_authority(), "localhost", names), pem)
    said = {"url": "https://localhost:8443", "certificate": str(pem)}

    assert Peering.of(peer_from_options(said)).address().misnamed_url == misnamed
