"""Whatever a server does wrong ends in a Failure of the right kind, in bounded time and space."""

from __future__ import annotations

import hashlib
import itertools
import socket
import ssl
import struct
import time
from pathlib import Path

import pytest
from cryptography import x509

from lakeproof.wire.auth import ClientCert
from lakeproof.wire.reply import NotReached
from tests.unit.wire.conftest import Connect, Serve
from tests.unit.wire.servers import OK, Authority, Peer

HEAD = b"HTTP/1.1 200 OK\r\n"


def once(answer: bytes) -> object:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(answer)

    return script


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"", "closed"),
        (HEAD + b"Content-Length: 5\r\n\r\nabc", "truncated"),
        (HEAD + b"Content-Length: 5\r\n", "truncated"),
        (HEAD, "truncated"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "truncated"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nA\r\nabc", "truncated"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n", "malformed"),
        (HEAD + b"Content-Length: five\r\n\r\nabcde", "malformed"),
        (HEAD + b"Content-Length: -5\r\n\r\nabcde", "malformed"),
        (HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde", "malformed"),
        (HEAD + b"no colon here\r\nContent-Length: 0\r\n\r\n", "malformed"),
        (HEAD + b"X: " + b"a" * 70000 + b"\r\n\r\n", "malformed"),
        (HEAD + b"X: a\r\n" * 150 + b"\r\n", "malformed"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "malformed"),
        (b"HTTP/9.9 200 OK\r\n\r\n", "malformed"),
        (b"HTTP/1.1 abc OK\r\n\r\n", "malformed"),
        (b"\x15\x03\x01\x00\x02\x02\x46\r\n", "malformed"),
    ],
)
def test_a_broken_answer_is_a_failure(
    serve: Serve, connect: Connect, answer: bytes, kind: str
) -> None:
    reply = connect(serve(once(answer))).request("GET", "/x")

    assert reply.failure is not None
    assert reply.failure.kind == kind
    assert not reply.ok
    assert reply.failure.sentence in reply.describe()


def test_headers_of_10_megabytes_are_malformed(serve: Serve, connect: Connect) -> None:
    line = b"X-%d: " + b"a" * 60000 + b"\r\n"

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(HEAD + b"".join(line % n for n in range(170)) + b"\r\n")

    failure = connect(serve(script)).request("GET", "/x").failure

    assert failure is not None
    assert failure.kind == "malformed"


def test_a_silent_server_is_a_timeout(serve: Serve, connect: Connect) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.file.read(1)

    reply = connect(serve(script), read_s=0.2).request("PUT", "/run/x", body=b"1")

    assert reply.status == 0
    assert reply.describe() == "PUT: no answer within 0.2 s (timeout_s)"


@pytest.mark.parametrize("where", ["status", "headers", "body", "chunks", "continues"])
def test_the_total_time_holds_while_bytes_keep_coming(
    serve: Serve, connect: Connect, where: str
) -> None:
    begin, drip = {
        "status": (b"", b"H"),
        "headers": (HEAD + b"X: ", b"a"),
        "body": (HEAD + b"Content-Length: 100000\r\n\r\n", b"a"),
        "chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
        "continues": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    }[where]

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(begin)
        until = time.monotonic() + 5
        while time.monotonic() < until:
            peer.send(drip)
            time.sleep(0.02)

    started = time.monotonic()
    reply = connect(serve(script), read_s=2).request("GET", "/x", timeout_s=0.4)

    assert reply.failure is not None
    assert reply.failure.kind == "timeout"
    assert time.monotonic() - started < 3


def test_an_endless_body_is_oversized(serve: Serve, connect: Connect) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(HEAD + b"\r\n")
        for _ in itertools.repeat(None, 10000):
            peer.send(b"x" * 65536)

    reply = connect(serve(script)).request("GET", "/x", max_body=100000)

    assert reply.failure is not None
    assert reply.failure.kind == "oversized"
    assert len(reply.body) == 100000


def test_an_endless_body_into_a_sink_ends_with_the_time(serve: Serve, connect: Connect) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        while True:
            peer.send(b"10000\r\n" + b"x" * 65536 + b"\r\n")

    reply = connect(serve(script)).request("GET", "/x", sink=lambda _: None, timeout_s=0.3)

    assert reply.failure is not None
    assert reply.failure.kind == "timeout"


def test_a_server_that_stops_reading_is_a_timeout(serve: Serve, connect: Connect) -> None:
    def script(peer: Peer) -> None:
        peer.file.readline()
        time.sleep(1)

    reply = connect(serve(script), read_s=0.2).request(
        "PUT", "/run/x", body=bytes(30_000_000), timeout_s=0.6
    )

    assert reply.failure is not None
    assert reply.failure.kind in ("timeout", "closed")


def test_a_reset_in_the_body_is_truncated(serve: Serve, connect: Connect) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(HEAD + b"Content-Length: 5\r\n\r\nabc")
        time.sleep(0.1)
        peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.file.close()
        peer.sock.close()

    reply = connect(serve(script)).request("GET", "/x")

    assert reply.failure is not None
    assert reply.failure.kind == "truncated"
    assert reply.status == 200


def test_an_early_refusal_of_an_upload_is_an_answer(serve: Serve, connect: Connect) -> None:
    def script(peer: Peer) -> None:
        peer.file.readline()
        peer.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        peer.sock.shutdown(socket.SHUT_WR)
        time.sleep(0.2)

    reply = connect(serve(script)).request("PUT", "/run/x", body=bytes(30_000_000))

    assert (reply.status, reply.failure) == (403, None)


def test_an_answer_ended_by_closing_is_sound(serve: Serve, connect: Connect) -> None:
    reply = connect(serve(once(HEAD + b"\r\nall of it"))).request("GET", "/x")

    assert reply.ok
    assert (reply.body, reply.length) == (b"all of it", 9)


def test_nothing_listens(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    with pytest.raises(NotReached, match=f"127.0.0.1:{port} refuses connections") as caught:
        connect(f"http://127.0.0.1:{port}").request("GET", "/x")

    assert caught.value.kind == "refused"


def test_a_name_without_address(connect: Connect) -> None:
    with pytest.raises(NotReached, match="cannot be resolved") as caught:
        connect("https://no-such-host.invalid:8443").request("GET", "/x")

    assert caught.value.kind == "dns"


def test_an_unknown_authority_names_the_option(
    serve: Serve, connect: Connect, server_tls: ssl.SSLContext, tmp_path: Path
) -> None:
    server = serve(once(OK), server_tls)

    with pytest.raises(NotReached, match=r"not trusted.*--ca") as caught:
        connect(server, ca=Authority(tmp_path).ca).request("GET", "/x")

    assert caught.value.kind == "tls"


def test_a_certificate_for_another_host(
    serve: Serve, connect: Connect, authority: Authority
) -> None:
    server = serve(once(OK), authority.server_context("other", "se.example.org"))

    with pytest.raises(NotReached, match="for another host") as caught:
        connect(server).request("GET", "/x")

    assert caught.value.kind == "tls"


def test_a_plain_port_asked_for_tls(serve: Serve, connect: Connect) -> None:
    def script(peer: Peer) -> None:
        peer.file.read(5)
        peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        peer.file.read()

    server = serve(script)

    with pytest.raises(NotReached, match="does not speak TLS") as caught:
        connect(server.url.replace("http:", "https:")).request("GET", "/x")

    assert caught.value.kind == "tls"


def test_a_missing_ca_file(serve: Serve, connect: Connect, tmp_path: Path) -> None:
    with pytest.raises(NotReached, match=r"nothing\.pem") as caught:
        connect(serve(once(OK)), ca=tmp_path / "nothing.pem").request("GET", "/x")

    assert caught.value.kind == "tls"


def test_a_demanded_client_certificate(
    serve: Serve, connect: Connect, authority: Authority
) -> None:
    context = authority.server_context("strict")
    context.load_verify_locations(authority.ca)
    context.verify_mode = ssl.CERT_REQUIRED
    # With TLS 1.3 the refusal comes after the handshake, where a reset may overtake it.
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    server = serve(once(OK), context)
    client = connect(server)

    with pytest.raises(NotReached, match="client certificate"):
        client.request("GET", "/x")

    user = authority.issue("user")
    assert client.request("GET", "/x", auth=ClientCert(user, user)).ok


def test_a_hashed_directory_is_a_ca(
    serve: Serve, connect: Connect, server_tls: ssl.SSLContext, authority: Authority, tmp_path: Path
) -> None:
    # The file name is what `openssl x509 -hash` prints, which Python cannot compute.
    for number in hashes_of(authority.ca):
        (tmp_path / f"{number}.0").write_bytes(authority.ca.read_bytes())

    assert connect(serve(once(OK), server_tls), ca=tmp_path).request("GET", "/x").ok


def hashes_of(path: Path) -> list[str]:
    subject = x509.load_pem_x509_certificate(path.read_bytes()).subject
    # X509_NAME_hash: SHA-1 of the canonical encoding (lower case, UTF8String, no outer SEQUENCE).
    value = str(next(iter(subject)).value).lower().encode()
    attribute = b"\x06\x03\x55\x04\x03\x0c" + bytes([len(value)]) + value
    inner = b"\x30" + bytes([len(attribute)]) + attribute
    canonical = b"\x31" + bytes([len(inner)]) + inner
    digest = hashlib.sha1(canonical, usedforsecurity=False).digest()
    return [f"{int.from_bytes(digest[:4], 'little'):08x}"]
