"""A certificate authority, a token issuer and elements to talk to."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from lakeproof.emulator import EmulatorConfig, StorageServer, TrustedIssuer

ISSUER = "https://issuer.example/"
AREA = "/data"
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Authority:
    """A CA on disk: its certificate, its key, and what it signed for the servers."""

    directory: Path
    key: ec.EllipticCurvePrivateKey
    name: x509.Name

    @property
    def ca(self) -> Path:
        return self.directory / "ca.pem"

    def sign(self, common_name: str, *, days: int = 1) -> tuple[Path, Path]:
        """Certificate and key files for `common_name`, good for 127.0.0.1 and localhost."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        names = [
            x509.DNSName("localhost"),
            x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        ]
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 2 * DAY)
            .not_valid_after(now + days * DAY)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        return self.write(common_name, key, certificate)

    def write(
        self, name: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate
    ) -> tuple[Path, Path]:
        pem, key_file = self.directory / f"{name}.pem", self.directory / f"{name}.key"
        pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return pem, key_file


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test CA")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    made = Authority(tmp_path_factory.mktemp("ca"), key, name)
    made.write("ca", key, certificate)
    return made


class Issuer:
    """Mints tokens whose keys the elements have."""

    def __init__(self) -> None:
        self.rsa = RSAKey.generate_key(2048, {"kid": "one"})
        self.ec = ECKey.generate_key("P-256", {"kid": "two"})
        self.jwks = {"keys": [k.as_dict(private=False) for k in (self.rsa, self.ec)]}

    def claims(self, *scopes: str, **changes: Any) -> dict[str, object]:  # noqa: ANN401  claims of any kind
        now = int(time.time())
        claims: dict[str, object] = {
            "sub": "tester",
            "iss": ISSUER,
            "aud": "https://wlcg.cern.ch/jwt/v1/any",
            "exp": now + 600,
            "nbf": now - 5,
            "iat": now,
            "jti": str(time.time_ns()),
            "wlcg.ver": "1.0",
            "scope": " ".join(scopes),
        }
        for name, value in changes.items():
            ahead = isinstance(value, timedelta)
            claims[name] = now + value.total_seconds() if ahead else value
        return {name: value for name, value in claims.items() if value is not None}

    def token(
        self,
        *scopes: str,
        header: Any = None,  # noqa: ANN401  a JOSE header
        **changes: Any,  # noqa: ANN401
    ) -> str:
        """A token; a claim given as None is left out."""
        protected = {"alg": "RS256", "kid": "one", **(header or {})}
        protected = {name: value for name, value in protected.items() if value is not None}
        key = self.ec if protected["alg"] == "ES256" else self.rsa
        return jwt.encode(protected, self.claims(*scopes, **changes), key)


@pytest.fixture(scope="session")
def issuer() -> Issuer:
    return Issuer()


class Client:
    """requests against one element, with a token for everything unless told otherwise."""

    def __init__(self, server: StorageServer, authority: Authority, token: str) -> None:
        self.server = server
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = str(authority.ca)
        self.token = token

    def __call__(self, method: str, path: str, **options: Any) -> requests.Response:  # noqa: ANN401  as requests has it
        token = options.pop("token", self.token)
        headers = dict(options.pop("headers", {}))
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        options.setdefault("timeout", 20)
        url = path if path.startswith("https://") else f"{self.server.url}{AREA}{path}"
        return self.session.request(method, url, headers=headers, **options)

    def close(self) -> None:
        self.session.close()


Element = Callable[..., Client]


@pytest.fixture
def element(tmp_path: Path, authority: Authority, issuer: Issuer) -> Iterator[Element]:
    """Starts elements: element(dialect=…, faults={…}, **config) gives a Client."""
    started: list[tuple[StorageServer, Client]] = []
    pem, key = authority.sign("localhost")
    everything = issuer.token("storage.read:/", "storage.modify:/", "storage.stage:/")

    def start(dialect: str = "conformant", faults: set[str] | None = None, **more: Any) -> Client:  # noqa: ANN401  fields of EmulatorConfig
        config = EmulatorConfig(
            root=tmp_path / f"element{len(started)}",
            certificate=pem,
            key=key,
            ca_certificate=authority.ca,
            ca_key=authority.directory / "ca.key",
            dialect=dialect,
            faults=frozenset(faults or ()),
            name="127.0.0.1",
            issuers=(TrustedIssuer(ISSUER, jwks=issuer.jwks),),
            trust=authority.ca,
            marker_interval_s=0.05,
            throttle_block_s=0.0,
            tape_latency_s=0.2,
        )
        server = StorageServer(replace(config, **more)).start()
        client = Client(server, authority, everything)
        started.append((server, client))
        return client

    yield start
    for server, client in started:
        client.close()
        server.stop()
