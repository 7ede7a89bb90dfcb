"""Faults: each is known, implemented, and shows on the wire."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
import urllib3

import lakeproof.emulator
import lakeproof.fts
import lakeproof.lake
from lakeproof.emulator import Faults, UnknownFaultError, catalogue, dialect_names

from .conftest import Client, Element

CONTENT = bytes(range(256)) * 40
SOURCES = "".join(
    path.read_text()
    for folder in (lakeproof.emulator, lakeproof.fts, lakeproof.lake)
    for path in Path(str(folder.__file__)).parent.rglob("*.py")
)
# Those of the issuer's TLS are the bench's, which serves it, those of Rucio its rehearsal's.
SOURCES += (Path(__file__).parents[2] / "bite" / "bench.py").read_text()
SOURCES += (Path(__file__).parents[2] / "bite" / "rehearsal.py").read_text()
# Names the code puts together: {method}-missing-{what}, token-{algorithm}-refused.
COMPOSED = re.compile(r"(get|head)-missing-(200|500)|token-(rs|es)256-refused")


def test_there_are_enough_faults_and_each_is_described() -> None:
    assert len(catalogue()) >= 120
    for fault in catalogue().values():
        assert fault.does.endswith(".")
        assert "\n" not in fault.does


def test_every_fault_is_implemented_and_every_implemented_name_is_known() -> None:
    quoted = set(re.findall(r'"([a-z0-9]+(?:[-.][a-z0-9.]+)*)"', SOURCES))
    missing = {n for n in catalogue() if n not in quoted and not COMPOSED.fullmatch(n)}
    assert not missing
    asked = set(re.findall(r'has\(\s*"([^"]+)"', SOURCES))
    assert asked <= catalogue().keys()


def test_an_unknown_fault_is_refused() -> None:
    with pytest.raises(UnknownFaultError, match="no-such-fault"):
        Faults({"no-such-fault"})


# The elements speak no root://.
@pytest.mark.parametrize("name", sorted(n for n in catalogue() if not n.startswith("root-")))
def test_no_fault_hides_a_defect_of_the_emulator(
    element: Element, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Under any fault the ordinary requests end, one way or another, without an exception."""
    if name in {"name-does-not-resolve", "tls-handshake-stalls", "put-expect-ignored"}:
        pytest.skip("there is no connection to look at")
    client = element(faults={name}, marker_interval_s=5.0)
    for method, path, body, headers in (
        ("MKCOL", "/d", None, {}),
        ("PUT", "/d/f", b"1234", {}),
        ("PUT", "/d/f", b"12345", {}),
        ("HEAD", "/d/f", None, {"Want-Digest": "adler32"}),
        ("GET", "/d/f", None, {"Range": "bytes=1-2"}),
        ("PROPFIND", "/d", None, {"Depth": "1"}),
        ("MOVE", "/d/f", None, {"Destination": "/data/d/g"}),
        ("COPY", "/d/g", None, {"Source": f"{client.server.url}/data/d/h"}),
        ("DELETE", "/d/g", None, {}),
        ("GET", "/d/g", None, {}),
    ):
        with contextlib.suppress(OSError, urllib3.exceptions.HTTPError):
            reply = client(
                method,
                path,
                data=body,
                headers=headers,
                timeout=(1, 0.7),
                allow_redirects=False,
                stream=True,
            )
            reply.raw.read(100_000)
            reply.close()
    assert not [r for r in caplog.records if r.levelname == "ERROR"]


READS: dict[str, Callable[[Client], bool]] = {
    "get-wrong-bytes": lambda c: c("GET", "/f").content != CONTENT,
    "get-short": lambda c: c("GET", "/f").content == CONTENT[:-1],
    "get-extra-bytes": lambda c: c("GET", "/f").content.startswith(CONTENT + b"t"),
    "get-empty": lambda c: c("GET", "/f").content == b"",
    "get-missing-500": lambda c: c("GET", "/none").status_code == 500,
    "get-missing-200": lambda c: c("GET", "/none").status_code == 200,
    "head-missing-200": lambda c: c("HEAD", "/none").status_code == 200,
    "head-no-length": lambda c: "Content-Length" not in c("HEAD", "/f").headers,
    "range-off-by-one": lambda c: ranged(c, "bytes=0-3") == CONTENT[1:5],
    "range-ignored": lambda c: ranged(c, "bytes=0-3") == CONTENT,
    "range-suffix-as-prefix": lambda c: ranged(c, "bytes=-3") == CONTENT[:3],
    "digest-zeros": lambda c: digest(c) == "adler32=00000000",
    "digest-missing": lambda c: digest(c) == "",
    "propfind-bomb": lambda c: b"<!ENTITY" in c("PROPFIND", "/").content,
    "propfind-incomplete": lambda c: b"/data/f" not in c("PROPFIND", "/").content,
    "options-no-allow": lambda c: "Allow" not in c("OPTIONS", "/").headers,
    "delete-lies": lambda c: c("DELETE", "/f").ok and c("GET", "/f").ok,
    "put-lies": lambda c: c("PUT", "/g", data=b"x").ok and not c("GET", "/g").ok,
    "put-overwrite-ignored": lambda c: (
        c("PUT", "/f", data=b"x").ok and c("GET", "/f").content == CONTENT
    ),
    "anonymous-read": lambda c: c("GET", "/f", token=None).ok,
    "throttles-all": lambda c: c("GET", "/f").status_code == 429,
    "html-login-page": lambda c: "Login" in c("GET", "/f").text,
    "error-leaks-trace": lambda c: "NullPointer" in c("GET", "/none").text,
    "path-traversal": lambda c: c("GET", "/d/%2e%2e/f").content == CONTENT,
    "path-traversal-slash": lambda c: c("GET", "/d/..%2Ff").content == CONTENT,
    "path-traversal-double": lambda c: c("GET", "/d/%252e%252e/f").content == CONTENT,
    "path-traversal-null": lambda c: c("GET", "/d/..%00/f").content == CONTENT,
}


def ranged(client: Client, wanted: str) -> bytes:
    return client("GET", "/f", headers={"Range": wanted}).content


def digest(client: Client) -> str:
    return client("HEAD", "/f", headers={"Want-Digest": "adler32"}).headers.get("Digest", "")


@pytest.mark.parametrize("fault", READS)
def test_a_fault_shows_only_while_it_is_on(element: Element, fault: str) -> None:
    client = element()
    client("PUT", "/f", data=CONTENT)
    assert not READS[fault](client)
    client("PUT", "/f", data=CONTENT)
    client("DELETE", "/g")
    client.server.faults = frozenset({fault})
    assert READS[fault](client)


@pytest.mark.parametrize("fault", ["get-truncated", "get-reset", "empty-reply", "not-http"])
def test_a_broken_connection_shows_as_such(element: Element, fault: str) -> None:
    client = element()
    client("PUT", "/f", data=CONTENT)
    client.server.faults = frozenset({fault})
    with pytest.raises(requests.exceptions.RequestException):
        client("GET", "/f")


def test_stale_content_and_digest(element: Element) -> None:
    client = element(faults={"get-stale", "digest-stale"})
    client("PUT", "/f", data=b"old")
    before = digest(client)
    client("PUT", "/f", data=b"new")
    assert (client("GET", "/f").content, digest(client)) == (b"old", before)


def test_an_aborted_upload_is_invisible_unless_broken(element: Element) -> None:
    client = element()
    for fault, visible in (("", False), ("put-aborted-kept", True)):
        client.server.faults = frozenset({fault} - {""})
        with connect(client) as raw:
            raw.sendall(
                f"PUT /data/f HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {client.token}"
                "\r\nContent-Length: 1000\r\n\r\nonly this".encode()
            )
            raw.settimeout(0.3)
            with pytest.raises(TimeoutError):
                raw.recv(1)
        for _ in range(50):
            found = client("GET", "/f").status_code == 200
            if found:
                break
        assert found is visible


def connect(client: Client, version: ssl.TLSVersion | None = None) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=str(client.session.verify))
    if version is not None:
        context.set_ciphers("DEFAULT@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
    raw = socket.create_connection(("127.0.0.1", client.server.port), timeout=10)
    return context.wrap_socket(raw, server_hostname="127.0.0.1")


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("tls-expired", "expired"),
        ("tls-not-yet-valid", "not yet valid"),
        ("tls-wrong-host", "doesn't match|not valid for"),
        ("tls-self-signed", "self.signed"),
    ],
)
def test_bad_certificates(element: Element, fault: str, says: str) -> None:
    client = element(faults={fault})
    with pytest.raises(ssl.SSLCertVerificationError, match=says):
        connect(client)
    client.server.faults = frozenset()
    connect(client).close()


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("fault", ["tls-1.0", "tls-1.1"])
def test_old_versions_of_tls(element: Element, fault: str) -> None:
    old = {"tls-1.0": ssl.TLSVersion.TLSv1, "tls-1.1": ssl.TLSVersion.TLSv1_1}[fault]
    client = element()
    with pytest.raises((ssl.SSLError, ConnectionError)):
        connect(client, old)
    client.server.faults = frozenset({fault})
    connect(client, old).close()
    connect(client).close()


def test_a_closed_door_opens_again_on_its_port(element: Element) -> None:
    client = element(faults={"door-closed"})
    with pytest.raises(requests.exceptions.ConnectionError):
        client("OPTIONS", "/")
    client.server.faults = frozenset()
    assert client("OPTIONS", "/").ok


def test_redirects_carry_no_token_unless_broken(element: Element) -> None:
    for dialect in (d for d in dialect_names() if d in {"dcache", "eos", "dpm"}):
        client = element(dialect=dialect)
        client("PUT", "/f", data=CONTENT)
        reply = client("GET", "/f", allow_redirects=False)
        assert reply.status_code in {302, 307}
        assert client.token not in reply.headers["Location"]
        assert client("GET", reply.headers["Location"], token=None).content == CONTENT
        stale = re.sub("=[0-9a-f]{32}", "=0", reply.headers["Location"])
        assert client("GET", stale).status_code == 400
        client.server.faults = frozenset({"redirect-leaks-token"})
        leaking = client("GET", "/f", allow_redirects=False)
        assert client.token in leaking.headers["Location"]
