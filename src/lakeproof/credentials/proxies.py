"""Proxies and impostors made from one certificate, for what a storage must and must not let in.

A proxy is a certificate that its owner signs for a job (RFC 3820): its own key, a short life, the
owner's name with one more part. Whatever needs a key gets one made for the occasion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from lakeproof.credentials.errors import CredentialError
from lakeproof.wire.auth import ClientCert

PROXY_INFO = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.14")  # RFC 3820 §3.8
# Policy languages, DER: RFC 3820 §3.8.2, and Globus' own for proxies that start no jobs.
INHERIT_ALL = bytes.fromhex("06082b06010505071501")
INDEPENDENT = bytes.fromhex("06082b06010505071502")
LIMITED = bytes.fromhex("060b2b060104019b5001010109")
RSA_BITS = 2048
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
LONG_CHAIN = 4
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class TooDeepError(CredentialError):
    """The given proxy allows fewer proxies below it than are needed."""


@dataclass(frozen=True)
class Holder:
    """A certificate with its key, and the certificates that it is shown with, itself first."""

    chain: tuple[x509.Certificate, ...]
    key: Key

    @classmethod
    def read(cls, credential: ClientCert) -> Holder:
        """What is in the files of a credential; raises CredentialError for another kind of key."""
        key = load_pem_private_key(credential.key.read_bytes(), password=None)
        if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise CredentialError(f"{credential.key}: neither an RSA nor an elliptic curve key")
        return cls(tuple(x509.load_pem_x509_certificates(credential.certificate.read_bytes())), key)

    @property
    def subject(self) -> x509.Name:
        """Whom the certificate names."""
        return self.chain[0].subject

    @property
    def is_proxy(self) -> bool:
        """Whether the certificate is a proxy already (RFC 3820)."""
        return any(extension.oid == PROXY_INFO for extension in self.chain[0].extensions)

    @property
    def depth(self) -> int | None:
        """How many proxies, one of the other, may be made of it; None when nothing limits that."""
        limits = [_path_length(one) for one in self.chain]
        left = [limit - above for above, limit in enumerate(limits) if limit is not None]
        return min(left, default=None)

    def write(self, path: Path, label: str) -> ClientCert:
        """One PEM file, mode 0600: certificate, key, the rest of the chain."""
        pems = [one.public_bytes(Encoding.PEM) for one in self.chain]
        key = self.key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        path.touch(mode=0o600)
        path.write_bytes(pems[0] + key + b"".join(pems[1:]))
        return ClientCert(path, path, label=label)


@contextmanager
def key_folder() -> Iterator[Path]:
    """A folder, mode 0700, that is gone with all keys in it at the end."""
    with TemporaryDirectory(prefix="lakeproof-") as folder:
        yield Path(folder)


def derive(credential: ClientCert, kind: str, folder: Path) -> ClientCert:
    """The proxy or impostor of this kind (a key of `KINDS`), in a file in `folder`.

    Raises TooDeepError when a good one cannot be made of the given one.
    """
    owner = Holder.read(credential)
    if owner.depth is not None and owner.depth < LEVELS.get(kind, 0):
        raise TooDeepError(
            f"{credential.label} allows no chain of {LEVELS[kind]} below it (its limit is "
            f"{owner.depth}): give the certificate itself, or a proxy without that limit"
        )
    made = KINDS[kind](owner)
    return made.write(folder / f"{kind}.pem", f"X.509, {kind}")


def impersonate(stranger: ClientCert, victim: ClientCert, kind: str, folder: Path) -> ClientCert:
    """`victim`'s name in a certificate that `stranger` signed: as a `proxy` or a `person`."""
    signer, subject = Holder.read(stranger), Holder.read(victim).subject
    key = _rsa()
    if kind == "proxy":
        made = _proxy(signer, key, subject=_longer(subject))
    else:
        certificate = _builder(subject, signer.subject, key).sign(signer.key, hashes.SHA256())
        made = Holder((certificate, *signer.chain), key)
    return made.write(folder / f"impersonating-{kind}.pem", f"X.509, impersonating {kind}")


def _proxy(  # noqa: PLR0913  what a proxy is made of, each by name
    owner: Holder,
    key: Key,
    *,
    policy: bytes = INHERIT_ALL,
    ends: timedelta = HOUR,
    subject: x509.Name | None = None,
    path_length: int | None = None,
    signer: Key | None = None,
) -> Holder:
    """A proxy of `owner`; `ends` counts from now, `signer` signs in its owner's place."""
    builder = _builder(subject or _longer(owner.subject), owner.subject, key, ends)
    information = x509.UnrecognizedExtension(PROXY_INFO, _proxy_info(policy, path_length))
    builder = builder.add_extension(information, critical=True)
    certificate = builder.sign(signer or owner.key, hashes.SHA256())
    return Holder((certificate, *owner.chain), key)


def _path_length(certificate: x509.Certificate) -> int | None:
    """The pCPathLenConstraint of a proxy: the INTEGER that may begin its ProxyCertInfo."""
    for extension in certificate.extensions:
        value = extension.value
        if extension.oid == PROXY_INFO and isinstance(value, x509.UnrecognizedExtension):
            inside = value.value[2:]
            return inside[2] if inside[:2] == b"\x02\x01" else None
    return None


def _proxy_info(policy: bytes, path_length: int | None) -> bytes:
    """ProxyCertInfo, DER: all its parts are shorter than 128 bytes."""
    length = b"" if path_length is None else bytes([0x02, 0x01, path_length])
    inner = length + bytes([0x30, len(policy)]) + policy
    return bytes([0x30, len(inner)]) + inner


def _builder(
    subject: x509.Name, issuer: x509.Name, key: Key, ends: timedelta = HOUR
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=isinstance(key, rsa.RSAPrivateKey),
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(now - 5 * MINUTE, now + ends - HOUR))
        .not_valid_after(now + ends)
        .add_extension(usage, critical=True)
    )


def _longer(name: x509.Name) -> x509.Name:
    number = x509.NameAttribute(NameOID.COMMON_NAME, str(x509.random_serial_number() % 10**9))
    return x509.Name([*name.rdns, x509.RelativeDistinguishedName([number])])


@cache
def _rsa() -> rsa.RSAPrivateKey:
    """The key of all that is made in this process: each takes a tenth of a second."""
    return rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)


@cache
def _another() -> rsa.RSAPrivateKey:
    """A second one, for whoever must not be the first."""
    return rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)


# How many proxies below the given one those need that must be let in.
LEVELS = dict.fromkeys(("proxy", "limited", "independent", "elliptic"), 1) | {
    "long-chain": LONG_CHAIN
}


def _self_signed(owner: Holder) -> Holder:
    key = _rsa()
    made = _builder(owner.subject, owner.subject, key).sign(key, hashes.SHA256())
    return Holder((made,), key)


def _unknown_authority(owner: Holder) -> Holder:
    """The person's name from an authority that bears the name of the true one."""
    false, key = _another(), _rsa()
    name = owner.chain[-1].issuer
    authority = (
        _builder(name, name, false)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(false, hashes.SHA256())
    )
    made = _builder(owner.subject, name, key).sign(false, hashes.SHA256())
    return Holder((made, authority), key)


def _chain(owner: Holder, keys: Sequence[Key]) -> Holder:
    for key in keys:
        owner = _proxy(owner, key)
    return owner


KINDS: dict[str, Callable[[Holder], Holder]] = {
    "proxy": lambda owner: _proxy(owner, _rsa()),
    "limited": lambda owner: _proxy(owner, _rsa(), policy=LIMITED),
    "independent": lambda owner: _proxy(owner, _rsa(), policy=INDEPENDENT),
    "elliptic": lambda owner: _proxy(owner, ec.generate_private_key(ec.SECP256R1())),
    "long-chain": lambda owner: _chain(owner, [_rsa(), _another()] * (LONG_CHAIN // 2)),
    "expired": lambda owner: _proxy(owner, _rsa(), ends=-MINUTE),
    "foreign-signature": lambda owner: _proxy(owner, _rsa(), signer=_another()),
    "too-deep": lambda owner: _proxy(_proxy(owner, _another(), path_length=0), _rsa()),
    "self-signed": _self_signed,
    "unknown-authority": _unknown_authority,
}
