"""A token issuer on loopback, as small as it can be, and keys and certificates to go with it."""

from __future__ import annotations

import base64
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID
from joserfc import jwt
from joserfc.jwk import RSAKey

KEY = RSAKey.generate_key(2048, parameters={"kid": "one"})
CLIENT, SECRET = "probe", "correct-horse-battery"

Mint = Callable[..., str]


def mint(lifetime_s: float = 3600, **claims: object) -> str:
    """A JWT of the issuer's key; a claim of None is left out."""
    now = int(time.time())
    body: dict[str, object] = {
        "iss": "https://issuer.example.org/",
        "sub": "somebody",
        "aud": "https://se.example.org",
        "scope": "storage.read:/",
        "iat": now,
        "exp": now + int(lifetime_s),
        **claims,
    }
    kept = {name: value for name, value in body.items() if value is not None}
    return jwt.encode({"alg": "RS256", "kid": "one"}, kept, KEY)


def make_certificate(
    folder: Path, days: float = 1, key: ec.EllipticCurvePrivateKey | None = None
) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that is its own authority, and its key: two PEM files."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lakeproof test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=2))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "cert.pem", folder / "key.pem"
    certificate_file.write_bytes(certificate.public_bytes(Encoding.PEM))
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key_file.write_bytes(pem)
    key_file.chmod(0o600)
    return certificate_file, key_file


@dataclass
class TinyIssuer:
    """What the issuer was asked, and how it is to misbehave."""

    url: str
    ca: Path
    secret_file: Path
    forms: list[dict[str, str]] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)
    refusal: tuple[int, dict[str, str]] | None = None
    raw: bytes | None = None
    claims: dict[str, Any] = field(default_factory=dict)
    lifetime_s: int = 3600
    odd: bool = True
    metadata_asked: int = 0

    def answer(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        self.forms.append(form)
        wanted = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if authorization != wanted:
            return 401, {"error": "invalid_client", "error_description": f"bad {SECRET}"}
        if self.refusal is not None:
            return self.refusal
        claims = {"iss": self.url, "scope": form.get("scope"), "aud": form.get("audience")}
        claims |= self.claims
        life = self.lifetime_s
        if self.odd:
            claims |= json.loads(form.get("lake_claims", "{}"))
            life = int(form.get("lifetime", life))
        return 200, {"access_token": mint(life, **claims), "expires_in": life}


@contextmanager
def running(folder: Path) -> Iterator[TinyIssuer]:
    """The issuer on a free port of loopback, over TLS, until the block ends."""
    certificate, key = make_certificate(folder)
    secret_file = folder / "secret"
    secret_file.write_text(SECRET + "\n")
    secret_file.chmod(0o600)
    server = _Server(("127.0.0.1", 0), _Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.tiny = TinyIssuer(
        f"https://127.0.0.1:{server.server_address[1]}", certificate, secret_file
    )
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.tiny
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    tiny: TinyIssuer


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        tiny = self.server.tiny
        if self.path == "/jwks":
            self._send(200, {"keys": [KEY.as_dict(private=False)]})
            return
        tiny.metadata_asked += 1
        known = {
            "issuer": tiny.url,
            "token_endpoint": f"{tiny.url}/token",
            "jwks_uri": f"{tiny.url}/jwks",
            **tiny.metadata,
        }
        right = self.path == "/.well-known/openid-configuration"
        self._send(200 if right else 404, known if right else {})

    def do_POST(self) -> None:
        tiny = self.server.tiny
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        self._send(*tiny.answer(form, self.headers.get("Authorization", "")), tiny.raw)

    def _send(self, status: int, answer: dict[str, Any], raw: bytes | None = None) -> None:
        body = json.dumps(answer).encode() if raw is None else raw
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if raw is None else "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the test's output is the test's."""
