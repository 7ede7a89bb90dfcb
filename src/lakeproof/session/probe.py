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
    resolve,
    tls_facts,
    tls_version_offered,
)
from lakeproof.wire.reply import NotReached

__all__ = ["Probe", "TlsFacts"]


class Probe:
    """Facts about one door; each is found out once, when first asked for."""

    def __init__(self, door: Door, ca: Path | None, timeout_s: float) -> None:
        self.door = door
        self.host = door.host
        self.dns_error: str | None = None
        self._ca = ca
        self._timeout_s = timeout_s
        self._offered: dict[TlsVersion, bool | None] = {}

    @cached_property
    def addresses(self) -> tuple[str, ...]:
        """Every A and AAAA address of the host; empty, with `dns_error` set, when none."""
        try:
            found = resolve(self.host)
        except NotReached as error:
            self.dns_error = error.sentence
            return ()
        return tuple(dict.fromkeys(str(address) for address in found))

    @cached_property
    def unreachable(self) -> dict[str, str]:
        """Addresses that accept no TCP connection, each with the reason."""
        reasons: dict[str, str] = {}
        for address in self.addresses:
            try:
                connect(address, self.door.port, self._timeout_s)
            except NotReached as error:
                reasons[address] = error.sentence
        return reasons

    @cached_property
    def _handshake(self) -> TlsFacts | NotReached:
        try:
            return tls_facts(self.host, self.door.port, self._ca, self._timeout_s)
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
        if isinstance(self._handshake, NotReached) and self._handshake.kind == "timeout":
            raise Blocked(f"no TLS handshake: {self.handshake_error}")
        if version not in self._offered:
            self._offered[version] = tls_version_offered(
                self.host, self.door.port, version, self._timeout_s
            )
        offered = self._offered[version]
        if offered is None:
            raise Blocked(f"this machine's OpenSSL cannot try {version}")
        return offered

    @property
    def no_connection(self) -> str | None:
        """Why nothing can be said over this door at all, or None."""
        if not self.addresses:
            return self.dns_error or "the host name has no address"
        if len(self.unreachable) == len(self.addresses):
            return "; ".join(f"{ip}: {reason}" for ip, reason in self.unreachable.items())
        return None
