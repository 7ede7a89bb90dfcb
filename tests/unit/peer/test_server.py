"""The observable peer: each resource behaves in its own way and writes down what came."""

from __future__ import annotations

import socket
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from lakeproof.lake import ca
from lakeproof.peer import PeerClient, Sighting
from lakeproof.peer.resource import Behaviour
from lakeproof.peer.server import PeerServer, Place

CONTENT = b"0123456789" * 1000
ADLER32 = f"{zlib.adler32(CONTENT):08x}"


class Peer:
    """A peer with two places, and how to reach it."""

    def __init__(self, directory: Path) -> None:
        authority = ca.make_authority()
        self.ca, self.pem = directory / "ca.pem", directory / "peer.pem"
        self.ca.write_bytes(authority.certificate_pem)
        ca.write_credential(ca.issue(authority, "localhost", ["localhost"]), self.pem)
        places = [Place("first", "127.0.0.1", 0), Place("other", "127.0.0.1", 0)]
        self.server = PeerServer(places, self.pem).start()
        self.client = PeerClient(self.server.control_url, self.server.secret)

    def url(self, name: str, place: str = "first") -> str:
        return f"https://localhost:{self.server.ports[place]}/x/{name}"

    def ask(self, method: str, name: str, **how: object) -> requests.Response:
        return requests.request(
            method,
            self.url(name),
            verify=str(self.ca),
            timeout=5,
            allow_redirects=False,
            **how,  # type: ignore[arg-type]
        )

    def only(self, name: str) -> Sighting:
        (seen,) = self.client.seen(name)
        return seen


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    made = Peer(tmp_path_factory.mktemp("peer"))
    yield made
    made.server.stop()


def test_sound_file_states_its_checksum_and_is_seen(peer: Peer) -> None:
    name = peer.client.add("sound", CONTENT)

    reply = peer.ask("GET", name + "?a=b", headers={"X-Note": "n"})

    assert reply.content == CONTENT
    assert reply.headers["Digest"] == f"adler32={ADLER32}"
    seen = peer.only(name)
    assert (seen.method, seen.state, seen.sent, seen.place) == ("GET", "done", 10000, "first")
    assert seen.target.endswith("?a=b")
    assert seen.header("x-note") == "n"


def test_resources_know_nothing_of_one_another(peer: Peer) -> None:
    one, two = peer.client.add("sound", b"1"), peer.client.add("unavailable", b"2")

    assert peer.ask("GET", one).content == b"1"
    assert peer.ask("GET", two).status_code == 503
    assert [seen.status for seen in peer.client.seen(one)] == [200]


@pytest.mark.parametrize("behaviour", ["short", "reset"])
def test_broken_file_announces_all_and_sends_less(peer: Peer, behaviour: Behaviour) -> None:
    name = peer.client.add(behaviour, CONTENT)

    with pytest.raises(requests.RequestException):
        peer.ask("GET", name)

    assert "Digest" not in peer.ask("HEAD", name).headers


def test_corrupt_file_has_the_checksum_of_the_sound_one(peer: Peer) -> None:
    name = peer.client.add("corrupt", CONTENT)

    reply = peer.ask("GET", name)

    assert len(reply.content) == len(CONTENT)
    assert reply.content != CONTENT
    assert reply.headers["Digest"] == f"adler32={ADLER32}"


def test_guarded_file_wants_its_bearer(peer: Peer) -> None:
    name = peer.client.add("sound", CONTENT, token="opens-it")

    assert peer.ask("GET", name).status_code == 401
    assert peer.ask("GET", name, headers={"Authorization": "Bearer opens-it"}).status_code == 200


def test_upload_is_counted_and_can_be_asked_for(peer: Peer) -> None:
    name = peer.client.add("sound", None)

    assert peer.ask("HEAD", name).status_code == 404
    assert peer.ask("PUT", name, data=CONTENT).status_code == 201

    put = peer.client.seen(name)[-1]
    assert (put.received, put.adler32) == (10000, ADLER32)
    assert peer.ask("HEAD", name).headers["Content-Length"] == "10000"


def test_corrupt_target_says_that_it_got_something_else(peer: Peer) -> None:
    name = peer.client.add("corrupt", None)
    peer.ask("PUT", name, data=CONTENT)

    assert peer.ask("HEAD", name).headers["Digest"] not in ("", f"adler32={ADLER32}")


def test_late_refusal_takes_everything_first(peer: Peer) -> None:
    name = peer.client.add("late-refusal", None)

    assert peer.ask("PUT", name, data=CONTENT).status_code == 500
    assert peer.only(name).received == 10000
    assert peer.ask("HEAD", name).status_code == 404


def test_redirect_leads_where_it_was_told(peer: Peer) -> None:
    name = peer.client.add("redirecting", b"", location="https://localhost:1/there")

    reply = peer.ask("GET", name)

    assert (reply.status_code, reply.headers["Location"]) == (307, "https://localhost:1/there")


def test_client_that_goes_away_is_seen(peer: Peer) -> None:
    name = peer.client.add("stalled", CONTENT)
    with requests.get(peer.url(name), verify=str(peer.ca), timeout=5, stream=True) as reply:
        next(reply.iter_content(1000))
        assert peer.only(name).state == "open"

    while peer.only(name).state == "open":
        pass
    assert peer.only(name).state == "broken"


def test_unknown_resource_is_not_found(peer: Peer) -> None:
    assert peer.ask("GET", "nothing").status_code == 404


def test_control_door_wants_the_secret(peer: Peer) -> None:
    stranger = PeerClient(peer.server.control_url, "guessed")

    with pytest.raises(requests.HTTPError):
        stranger.add("sound", b"")


def test_forgotten_resource_is_gone(peer: Peer) -> None:
    name = peer.client.add("sound", CONTENT)
    peer.client.remove(name)

    assert peer.ask("GET", name).status_code == 404


def test_taken_port_is_a_sentence_and_leaves_nothing_open(peer: Peer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        places = [Place("first", "127.0.0.1", 0), Place("other", "127.0.0.1", port)]
        with pytest.raises(OSError, match=f"it cannot listen on 127.0.0.1:{port}: "):
            PeerServer(places, peer.pem).start()


def test_unusable_certificate_is_a_sentence(peer: Peer) -> None:
    with pytest.raises(OSError, match="it cannot use the certificate in "):
        PeerServer([Place("first", "127.0.0.1", 0)], peer.ca)
