"""Reachability facts."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import pytest

from lakeproof.wire.probe import (
    Address,
    Place,
    connect,
    greets_as_xroot,
    resolve,
    tls_facts,
    tls_version_offered,
)
from lakeproof.wire.reply import NotReached
from tests.unit.wire.conftest import Serve
from tests.unit.wire.servers import Authority, Peer


def quiet(peer: Peer) -> None:
    peer.file.read(1)


def test_resolving() -> None:
    assert resolve("127.0.0.1") == [Address("127.0.0.1", 4)]
    with pytest.raises(NotReached) as caught:
        resolve("no-such-host.invalid")
    assert caught.value.kind == "dns"


def test_connecting(serve: Serve) -> None:
    server = serve(quiet)
    assert connect("127.0.0.1", server.port, 2) >= 0
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(NotReached) as caught:
        connect(Address("127.0.0.1", 4), port, 2)
    assert caught.value.kind == "refused"


@pytest.mark.parametrize(
    ("answer", "greets"),
    [
        (bytes.fromhex("00000000 00000008 00000520 00000001"), True),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", False),
        (b"", False),
    ],
)
def test_xrootd_is_known_by_its_greeting(serve: Serve, answer: bytes, greets: bool) -> None:
    def server(peer: Peer) -> None:
        assert peer.file.read(20) == bytes(15) + b"\x04" + (2012).to_bytes(4, "big")
        peer.send(answer)

    assert greets_as_xroot(Place("127.0.0.1", serve(server).port), 2) is greets


def test_a_sound_door(serve: Serve, server_tls: ssl.SSLContext, authority: Authority) -> None:
    facts = tls_facts("127.0.0.1", serve(quiet, server_tls).port, authority.ca, 2)

    assert (facts.chain_ok, facts.host_ok, facts.error) == (True, True, "")
    assert facts.version == "TLSv1.3"
    assert (facts.subject, facts.issuer) == ("CN=server", "CN=Test CA")
    assert facts.san == ("127.0.0.1",)
    assert facts.not_before < facts.not_after


def test_an_untrusted_door_still_shows_its_certificate(
    serve: Serve, server_tls: ssl.SSLContext, tmp_path: Path
) -> None:
    facts = tls_facts("127.0.0.1", serve(quiet, server_tls).port, Authority(tmp_path).ca, 2)

    assert not facts.chain_ok
    assert facts.host_ok
    assert "not trusted" in facts.error
    assert facts.subject == "CN=server"


@pytest.mark.parametrize("name", ["se.example.org", "*.example.org"])
def test_a_door_with_another_name(serve: Serve, authority: Authority, name: str) -> None:
    server = serve(quiet, authority.server_context("named", name))

    facts = tls_facts("127.0.0.1", server.port, authority.ca, 2)

    assert (facts.chain_ok, facts.host_ok) == (True, False)
    assert name in facts.error


def test_a_wildcard_covers_one_label(serve: Serve, authority: Authority) -> None:
    server = serve(quiet, authority.server_context("wild", "*.localhost"))

    assert not tls_facts("localhost", server.port, authority.ca, 2).host_ok


def test_no_tls_at_all(serve: Serve, authority: Authority) -> None:
    def script(peer: Peer) -> None:
        peer.send(b"220 hello\r\n")
        peer.file.read()

    with pytest.raises(NotReached) as caught:
        tls_facts("127.0.0.1", serve(script).port, authority.ca, 2)

    assert caught.value.kind == "tls"


def test_versions(serve: Serve, server_tls: ssl.SSLContext, authority: Authority) -> None:
    context = authority.server_context("modern")
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    modern, usual = serve(quiet, context).port, serve(quiet, server_tls).port

    assert tls_version_offered("127.0.0.1", modern, "TLSv1.3", 2) is True
    assert tls_version_offered("127.0.0.1", modern, "TLSv1.2", 2) is False
    assert tls_version_offered("127.0.0.1", usual, "TLSv1.2", 2) is True
    assert tls_version_offered("127.0.0.1", usual, "TLSv1", 2) in (False, None)
