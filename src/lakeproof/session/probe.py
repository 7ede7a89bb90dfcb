"""Reachability of one door, measured once: addresses, connections, TLS."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from lakeproof.inventory.door import Door
from lakeproof.verdict import Blocked
from lakeproof.wire.probe import (
    TlsFacts,
    TlsVersion,
    connect,
    demands_certificate,
    has_route,
    resolve,
    tls_facts,
    tls_version_offered,
    weak_cipher_accepted,
)
from lakeproof.wire.reply import NotReached

__all__ = ["Probe", "TlsFacts"]


class Probe:
    """Facts about one door, or (with `address`) about one address of it.

    Each is found out once, when first asked for.
    """

    def __init__(
        self, door: Door, ca: Path | None, timeout_s: float, address: str | None = None
    ) -> None:
        self.door = door
        self.host = door.host
        self.address = address
        self.dns_error: str | None = None
        self._ca = ca
        self._timeout_s = timeout_s
        self._offered: dict[TlsVersion, bool | None] = {}

    @cached_property
    def addresses(self) -> tuple[str, ...]:
        """Every A and AAAA address of the host; empty, with `dns_error` set, when none."""
        if self.address is not None:
            return (self.address,)
        try:
            found = resolve(self.host, self._timeout_s)
        except NotReached as error:
            self.dns_error = error.sentence
            return ()
        return tuple(dict.fromkeys(str(address) for address in found))

    @cached_property
    def without_route(self) -> tuple[str, ...]:
        """Addresses that this machine cannot send to at all, as it has no IPv6 for example."""
        return tuple(address for address in self.addresses if not has_route(address))

    @cached_property
    def unreachable(self) -> dict[str, str]:
        """Addresses that accept no TCP connection from here, each with the reason."""
        reasons: dict[str, str] = {}
        for address in self.addresses:
            try:
                connect(address, self.door.port, self._timeout_s)
            except NotReached as error:
                reasons[address] = error.sentence
        return reasons

    @property
    def reachable(self) -> tuple[str, ...]:
        """The addresses that accept a TCP connection."""
        return tuple(address for address in self.addresses if address not in self.unreachable)

    @cached_property
    def each(self) -> tuple[Probe, ...]:
        """One probe for each address that accepts connections."""
        return tuple(Probe(self.door, self._ca, self._timeout_s, at) for at in self.reachable)

    @cached_property
    def _handshake(self) -> TlsFacts | NotReached:
        try:
            return tls_facts(self.host, self.door.port, self._ca, self._timeout_s, self.address)
        except NotReached as error:
            return error

    @property
    def handshake_error(self) -> str | None:
        """Why no TLS handshake comes about at all, whoever the certificate is from; or None."""
        if not isinstance(self._handshake, NotReached):
            return None
        if self._handshake.kind == "timeout":
            return f"the connection is accepted, but no TLS handshake within {self._timeout_s:g} s"
        return self._handshake.sentence

    @property
    def tls(self) -> TlsFacts:
        """What a TLS handshake shows; raises Blocked when there is none to be had."""
        if isinstance(self._handshake, NotReached):
            raise Blocked(f"no TLS handshake: {self.handshake_error}")
        return self._handshake

    def offers(self, version: TlsVersion) -> bool:
        """Whether this TLS version is accepted; raises Blocked when we cannot try it here."""
        self._require_no_stall()
        if version not in self._offered:
            self._offered[version] = tls_version_offered(
                self.host, self.door.port, version, self._timeout_s, self.address
            )
        offered = self._offered[version]
        if offered is None:
            raise Blocked(f"this machine's OpenSSL cannot try {version}")
        return offered

    @cached_property
    def weak_cipher(self) -> str:
        """The cipher suite without encryption or authentication that is accepted, or "".

        Raises Blocked when we cannot try it here.
        """
        self._require_no_stall()
        found = weak_cipher_accepted(self.host, self.door.port, self._timeout_s, self.address)
        if found is None:
            raise Blocked("this machine's OpenSSL has no weak cipher suite to offer")
        return found

    @cached_property
    def certificate_demand(self) -> str | None:
        """What a client without a certificate is told, or None when it is let in."""
        self._require_no_stall()
        return demands_certificate(self.host, self.door.port, self._timeout_s, self.address)

    def _require_no_stall(self) -> None:
        if isinstance(self._handshake, NotReached) and self._handshake.kind == "timeout":
            raise Blocked(f"no TLS handshake: {self.handshake_error}")

    @property
    def no_connection(self) -> str | None:
        """Why nothing can be said over this door at all, or None."""
        if not self.addresses:
            return self.dns_error or "the host name has no address"
        if len(self.unreachable) == len(self.addresses):
            return "; ".join(f"{ip}: {reason}" for ip, reason in self.unreachable.items())
        return None
