"""The lake's certificate authority: hosts, people, a VOMS signer, and the directories to trust."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lakeproof.wire.authorities import subject_hash

ORGANISATION = "LakeproofGrid"
VO = "lake"
# Believed in, and of no rights in the lake.
OTHER_VO = "pond"
LIFETIME = timedelta(days=365)
RENEW_BEFORE = timedelta(days=30)
# Before an address that is to stand in a certificate as if it were a name.
AS_NAME = "name:"
# XRootD's gsi and the VOMS tools of Debian 12 expect RSA.
KEY_BITS = 2048


@dataclass(frozen=True)
class Identity:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey

    @property
    def certificate_pem(self) -> bytes:
        """The certificate, PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The key, PEM, not encrypted."""
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    @property
    def subject(self) -> str:
        """The subject in the slash form the grid uses: `/O=…/CN=…`."""
        return slash_form(self.certificate.subject)


def make_authority() -> Identity:
    """A new self-signed authority."""
    key = _key()
    name = _name("lakeproof laptop CA")
    builder = (
        _builder(name, name, key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
    )
    return Identity(builder.sign(key, hashes.SHA256()), key)


def issue(authority: Identity, common_name: str, hosts: Sequence[str] = ()) -> Identity:
    """A certificate of `authority`: for servers when `hosts` are given, else for a person."""
    key = _key()
    issuer = authority.certificate
    usages = [ExtendedKeyUsageOID.CLIENT_AUTH]
    if hosts:
        usages.append(ExtendedKeyUsageOID.SERVER_AUTH)
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    builder = (
        _builder(_name(common_name), issuer.subject, key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(identifier, critical=False)
    )
    if hosts:
        names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
        builder = builder.add_extension(names, critical=False)
    return Identity(builder.sign(authority.key, hashes.SHA256()), key)


def write_trust(authority: Identity, ca_file: Path, certificates: Path) -> None:
    """Write the authority as a PEM file and as a hashed directory with its signing policy."""
    certificates.mkdir(exist_ok=True)
    subject = authority.certificate.subject
    ca_file.write_bytes(authority.certificate_pem)
    (certificates / f"{subject_hash(subject)}.0").write_bytes(authority.certificate_pem)
    (certificates / f"{subject_hash(subject)}.signing_policy").write_text(
        f"access_id_CA X509 '{slash_form(subject)}'\n"
        "pos_rights globus CA:sign\n"
        f"cond_subjects globus '\"/O={ORGANISATION}/*\"'\n"
    )


def write_vomsdir(vomsdir: Path, signer: Identity, authority: Identity, host: str) -> None:
    """Declare `signer`, on `host`, to be whom the attributes of both VOs are believed from."""
    for vo in (VO, OTHER_VO):
        folder = vomsdir / vo
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{host}.lsc").write_text(f"{signer.subject}\n{authority.subject}\n")


def write_credential(identity: Identity, path: Path) -> None:
    """Write certificate and key to one PEM file with mode 0600."""
    path.touch(mode=0o600)
    path.write_bytes(identity.certificate_pem + identity.key_pem)


def read_credential(path: Path) -> Identity:
    """What `write_credential` wrote."""
    pem = path.read_bytes()
    key = serialization.load_pem_private_key(pem, None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError(f"{path} does not hold an RSA key")
    return Identity(x509.load_pem_x509_certificate(pem), key)


def still_good(path: Path, hosts: Sequence[str]) -> bool:
    """Whether the credential in `path` exists, lasts and names exactly these hosts."""
    if not path.exists():
        return False
    certificate = read_credential(path).certificate
    return certificate.not_valid_after_utc > datetime.now(UTC) + RENEW_BEFORE and _hosts(
        certificate
    ) == {_general_name(host) for host in hosts}


def slash_form(name: x509.Name) -> str:
    """`/O=…/CN=…`, the way Globus and VOMS write names."""
    return "".join(f"/{a.rfc4514_attribute_name}={a.value!s}" for a in name)


def issue_missing(
    authority: Identity, wanted: Mapping[str, Sequence[str]], folder: Path
) -> dict[str, Identity]:
    """Identities by name from `folder`, issuing those absent, expiring or for other hosts."""
    identities = {}
    for name, hosts in wanted.items():
        path = folder / f"{name}.pem"
        if not still_good(path, hosts):
            write_credential(issue(authority, hosts[0] if hosts else name, hosts), path)
        identities[name] = read_credential(path)
    return identities


def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: rsa.RSAPrivateKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=not signs_certificates,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(host: str) -> x509.GeneralName:
    if host.startswith(AS_NAME):
        return x509.DNSName(host.removeprefix(AS_NAME))
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _hosts(certificate: x509.Certificate) -> set[x509.GeneralName]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    return set(names)
