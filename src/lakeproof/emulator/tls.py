"""TLS contexts of the door: the configured certificate, and those of the TLS faults."""

from __future__ import annotations

import ssl
import tempfile
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from lakeproof.emulator.config import EmulatorConfig
from lakeproof.emulator.faults import Faults
from lakeproof.emulator.tls_careless import accept_any_chain

# X509_V_FLAG_NO_CHECK_TIME, which the ssl module does not name.
NO_CHECK_TIME = 0x200000
DAY = timedelta(days=1)
VALIDITY: dict[str, tuple[timedelta, timedelta]] = {
    "tls-expired": (-30 * DAY, -DAY),
    "tls-not-yet-valid": (DAY, 30 * DAY),
    "tls-expires-soon": (-30 * DAY, DAY / 2),
    "tls-wrong-host": (-DAY, 30 * DAY),
    "tls-self-signed": (-DAY, 30 * DAY),
}
OLD_VERSIONS: dict[str, tuple[ssl.TLSVersion, ssl.TLSVersion, int]] = {
    "tls-1.0": (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_3, ssl.OP_NO_TLSv1_1),
    "tls-1.1": (ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_3, 0),
    "tls-1.1-only": (ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_1, 0),
}
CONNECTION_FAULTS = (
    *VALIDITY,
    *OLD_VERSIONS,
    "tls-client-certificate-required",
    "tls-null-cipher",
    "x509-expired-accepted",
    "x509-chain-ignored",
    "x509-proxy-refused",
    "tls-agrees-to-http2",
)
SigningKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class TlsContexts:
    """One context for each combination of the faults that concern the handshake."""

    def __init__(self, config: EmulatorConfig) -> None:
        self.config = config
        self._made: dict[frozenset[str], ssl.SSLContext] = {}

    def get(self, faults: Faults) -> ssl.SSLContext:
        """The context for the next connection."""
        concerned = faults.names & set(CONNECTION_FAULTS)
        if concerned not in self._made:
            self._made[concerned] = self._make(Faults(concerned))
        return self._made[concerned]

    def _make(self, faults: Faults) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        _allow_old_versions(context, faults)
        wrong = next((fault for fault in VALIDITY if faults.has(fault)), None)
        if wrong is None:
            context.load_cert_chain(self.config.certificate, self.config.key)
        else:
            self._load_wrong(context, wrong)
        if self.config.client_ca is not None:
            context.load_verify_locations(self.config.client_ca)
            context.verify_mode = ssl.CERT_OPTIONAL
            if not faults.has("x509-proxy-refused"):
                context.verify_flags |= ssl.VERIFY_ALLOW_PROXY_CERTS
        if faults.has("tls-null-cipher"):
            context.set_ciphers("ALL:eNULL:aNULL:@SECLEVEL=0")
        if faults.has("tls-client-certificate-required"):
            context.verify_mode = ssl.CERT_REQUIRED
        if faults.has("x509-expired-accepted"):
            context.verify_flags |= ssl.VerifyFlags(NO_CHECK_TIME)
        if faults.has("x509-chain-ignored"):
            accept_any_chain(context)
        if faults.has("tls-agrees-to-http2"):
            context.set_alpn_protocols(["h2"])
        return context

    def _load_wrong(self, context: ssl.SSLContext, fault: str) -> None:
        chain = wrong_certificate(self.config, fault)
        with tempfile.TemporaryDirectory() as directory:
            pem = Path(directory) / "chain.pem"
            pem.write_bytes(chain)
            context.load_cert_chain(pem, self.config.key)


def _allow_old_versions(context: ssl.SSLContext, faults: Faults) -> None:
    """Offer what RFC 8996 forbids; Python warns of it, which is the point here."""
    old = faults.names & OLD_VERSIONS.keys()
    if not old:
        return
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        for fault in old:
            minimum, maximum, without = OLD_VERSIONS[fault]
            context.minimum_version = minimum
            context.maximum_version = maximum
            context.options |= without


def wrong_certificate(config: EmulatorConfig, fault: str) -> bytes:
    """A PEM certificate for the element's key with the defect that `fault` names."""
    original = x509.load_pem_x509_certificate(config.certificate.read_bytes())
    key = _load_key(config.key)
    issuer, signer = original.subject, key
    if fault != "tls-self-signed" and config.ca_certificate and config.ca_key:
        authority = x509.load_pem_x509_certificate(config.ca_certificate.read_bytes())
        issuer, signer = authority.subject, _load_key(config.ca_key)
    names: x509.GeneralNames | x509.SubjectAlternativeName
    names = original.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    subject = original.subject
    if fault == "tls-wrong-host":
        names = x509.SubjectAlternativeName([x509.DNSName("another.example.org")])
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "another.example.org")])
    begin, end = VALIDITY[fault]
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if signer is key else issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begin)
        .not_valid_after(now + end)
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    )
    certificate = builder.sign(signer, hashes.SHA256())
    return certificate.public_bytes(serialization.Encoding.PEM)


def _load_key(path: Path) -> SigningKey:
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise TypeError(f"{path.name}: expected an RSA or an EC key")
    return key
