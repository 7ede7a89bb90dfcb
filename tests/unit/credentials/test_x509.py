"""Proxies and certificates, looked at before use."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from lakeproof.credentials.errors import CredentialError
from lakeproof.credentials.x509 import load_certificate

KEY = ec.generate_private_key(ec.SECP256R1())
PROXY_INFO = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.14")


def certificate(days: float = 1, *, proxy: bool = False) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Somebody")])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(KEY.public_key())
        .serial_number(7)
        .not_valid_before(now - timedelta(days=2))
        .not_valid_after(now + timedelta(days=days))
    )
    if proxy:
        policy = x509.UnrecognizedExtension(PROXY_INFO, b"\x30\x00")
        builder = builder.add_extension(policy, critical=True)
    return builder.sign(KEY, hashes.SHA256()).public_bytes(Encoding.PEM)


def key_pem(key: ec.EllipticCurvePrivateKey = KEY, password: bytes = b"") -> bytes:
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def write(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_proxy_in_one_file(tmp_path: Path) -> None:
    file = write(tmp_path / "proxy", certificate(proxy=True) + key_pem() + certificate(0.5))
    shown, facts = load_certificate(file)
    assert (shown.certificate, shown.key) == (file, file)
    assert facts.is_proxy
    assert facts.subject == "CN=Somebody"
    assert facts.not_after < datetime.now(UTC) + timedelta(days=0.6)
    assert shown.label == "X.509 proxy CN=Somebody"


def test_certificate_may_be_public_where_the_key_is_apart(tmp_path: Path) -> None:
    public = write(tmp_path / "cert.pem", certificate(), 0o644)
    shown, facts = load_certificate(public, write(tmp_path / "key.pem", key_pem()))
    assert shown.key == tmp_path / "key.pem"
    assert not facts.is_proxy


@pytest.mark.parametrize(
    ("content", "mode", "says"),
    [
        (certificate() + key_pem(), 0o644, "run: chmod 600"),
        (certificate(-1) + key_pem(), 0o600, "expired at 2"),
        (certificate() + key_pem() + certificate(-1), 0o600, "expired at 2"),
        (certificate(), 0o600, "no usable PEM private key"),
        (key_pem(), 0o600, "no PEM certificate"),
        (b"nonsense", 0o600, "no PEM certificate"),
        (certificate() + key_pem(password=b"x"), 0o600, "is encrypted"),
        (
            certificate() + key_pem(ec.generate_private_key(ec.SECP256R1())),
            0o600,
            "does not belong",
        ),
    ],
    # The content is made anew in each process, so it cannot name the case.
    ids=[
        "open",
        "expired",
        "expired-chain",
        "no-key",
        "no-certificate",
        "nonsense",
        "locked",
        "alien",
    ],
)
def test_what_cannot_be_used_says_why(tmp_path: Path, content: bytes, mode: int, says: str) -> None:
    file = write(tmp_path / "proxy", content, mode)
    with pytest.raises(CredentialError, match=says):
        load_certificate(file)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(CredentialError, match="cannot be read: No such file"):
        load_certificate(tmp_path / "absent")
