"""Where the run's own server listens and how endpoints reach it, from inventory or options."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509

from lakeproof.credentials.names import PathName
from lakeproof.inventory.model import Peer
from lakeproof.session.observer import PeerAddress
from lakeproof.wire.probe import resolve
from lakeproof.wire.reply import NotReached

LOOPBACK = "127.0.0.1"
HTTPS_PORT = 443
IPV4 = 4


@dataclass(frozen=True)
class Socket:
    """An address to listen on, and the name of what is served there."""

    name: str
    host: str
    port: int


@dataclass(frozen=True)
class Peering:
    """The peer of a run before it is started; files are named, not read."""

    url: str
    other_url: str
    inside_url: str
    sockets: tuple[Socket, ...]
    certificate: PathName
    key: PathName | None

    @classmethod
    def of(cls, peer: Peer) -> Peering:
        """What an inventory says."""
        given = (
            ("first", peer.url, peer.listen),
            ("other", peer.other_url, peer.other_listen),
            ("inside", peer.inside_url, peer.inside_listen),
        )
        sockets = tuple(_socket(name, url, listen) for name, url, listen in given if url)
        return cls(
            url=peer.url,
            other_url=peer.other_url or "",
            inside_url=peer.inside_url or "",
            sockets=sockets,
            certificate=peer.certificate_name,
            key=peer.key_name,
        )

    def address(self) -> PeerAddress:
        """How endpoints reach it; raises CredentialError when the certificate is not there."""
        return PeerAddress(
            self.url, self.other_url, self.inside_url, _misnamed(self.url, self.certificate.path())
        )


def _socket(name: str, url: str, listen: str | None) -> Socket:
    host, _, port = (listen or "").rpartition(":")
    return Socket(name, host.strip("[]") or LOOPBACK, int(port or urlsplit(url).port or HTTPS_PORT))


def _misnamed(url: str, certificate: Path) -> str:
    """`url` by its host's address; empty when there is no other, or the certificate has it."""
    parts = urlsplit(url)
    try:
        found = [each.text for each in resolve(parts.hostname or "") if each.version == IPV4]
        names = _addresses(x509.load_pem_x509_certificate(certificate.read_bytes()))
    except (NotReached, OSError, ValueError):
        return ""
    if not found or found[0] in (parts.hostname, *names):
        return ""
    return f"https://{found[0]}:{parts.port or HTTPS_PORT}"


def _addresses(certificate: x509.Certificate) -> set[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    return {str(each) for each in names.get_values_for_type(x509.IPAddress)}
