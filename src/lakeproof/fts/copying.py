"""One copy in the order in which FTS makes it: look, clear, copy, verify, clean."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from lakeproof import __version__
from lakeproof.fts import errors
from lakeproof.fts.ends import (
    DESTINATION,
    HTTP_SCHEMES,
    SOURCE,
    TRANSFER,
    End,
    HttpEnd,
    copy_over_http,
)
from lakeproof.fts.errors import CopyFailed
from lakeproof.fts.gfal import Gfal, GfalOrder
from lakeproof.fts.rootends import ROOT_SCHEMES, RootEnd, copy_over_root
from lakeproof.wire.auth import Bearer, ClientCert, Credential
from lakeproof.wire.connection import TlsConfig
from lakeproof.wire.redact import redactor

DEFAULT_ALGORITHM = "ADLER32"
# The pause between two tries to remove what a storage may still be writing.
CLEAN_TRIES, FIRST_PAUSE_S, LONGEST_PAUSE_S = 8, 0.05, 0.6
ADLER32_DIGITS = 8
GFAL_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}


@dataclass(frozen=True)
class Order:
    """One copy to make; `mode` is b, s, t or n, `ours` that what is at the destination is ours.

    `overwrite` is "yes", "no", or "disk" (not what is on tape). `touching` is called before the
    first byte can be at the destination.
    """

    source: str
    destination: str
    source_auth: Credential
    destination_auth: Credential
    size: int | None
    checksum: str
    mode: str
    overwrite: str
    ours: bool
    client_info: Mapping[str, str]
    touching: Callable[[], None]
    stop: Callable[[], bool]


@dataclass(frozen=True)
class Done:
    """A copy that was made and verified."""

    size: int
    duration_s: float
    by: str


@dataclass(frozen=True)
class Trust:
    """How the storages are known: a CA file, a hashed directory, and how long a copy may take.

    Copies are made with `gfal` where there is one, and else by ourselves.
    """

    ca: Path
    certificates: Path
    patience_s: float
    faults: Set[str] = frozenset()
    gfal: Gfal | None = None


class Copier:
    """Makes one copy; `on_tape` says whether a URL's file is on tape."""

    def __init__(self, order: Order, trust: Trust, on_tape: Callable[[End], bool]) -> None:
        """Raises CopyFailed for protocols that do not go together."""
        self._order = order
        self._trust = trust
        self._on_tape = on_tape
        self._root = _both(order, ROOT_SCHEMES)
        if not self._root and not _both(order, HTTP_SCHEMES):
            raise CopyFailed(
                TRANSFER, errors.EPROTONOSUPPORT, "Protocol not supported or path/url invalid"
            )
        self.source = self._end(SOURCE, order.source, order.source_auth)
        self.destination = self._end(DESTINATION, order.destination, order.destination_auth)
        able = trust.gfal is not None and trust.gfal.copies(order.source, order.destination)
        self._gfal = trust.gfal if able else None
        # Who makes the copy, for the record.
        self.engine = f"gfal2 {self._gfal.version}" if self._gfal else f"lakeproof {__version__}"

    def close(self) -> None:
        """Close the connections to both ends."""
        self.source.close()
        self.destination.close()

    def make(self) -> Done:
        """Copy and verify; whatever fails after the first byte removes the destination.

        Raises CopyFailed.
        """
        order = self._order
        size = self._source_size()
        given, algorithm = _checksum(order.checksum)
        said = self._source_checksum(given, algorithm)
        self._clear_destination()
        self.destination.make_parent()
        self._go_on()
        order.touching()
        started = time.monotonic()
        try:
            mode = self._copy()
            took = time.monotonic() - started
            self._verify(size, given or said, algorithm, by_user=bool(given))
        except CopyFailed:
            if "fts-bad-destination-stays" not in self._trust.faults:
                self.clean()
            raise
        return Done(size, took, f"{self.engine}, {mode}")

    def clean(self) -> None:
        """Remove our destination, also when the storage still writes to it for a moment.

        Raises CopyFailed when it does not go.
        """
        pause_s = FIRST_PAUSE_S
        for number in range(CLEAN_TRIES):
            self.destination.unlink()
            if number and self.destination.size() is None:
                return
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        raise CopyFailed(DESTINATION, errors.EIO, "The destination could not be removed")

    def _end(self, scope: str, url: str, auth: Credential) -> HttpEnd | RootEnd:
        if self._root:
            return RootEnd(scope, url, auth, self._trust.certificates)
        return HttpEnd(scope, url, auth, TlsConfig(self._trust.ca), self._trust.patience_s)

    def _source_size(self) -> int:
        size = self.source.size()
        if size is None:
            raise CopyFailed(SOURCE, errors.ENOENT, "HTTP 404 : File not found")
        wanted = self._order.size
        if wanted is not None and size != wanted:
            raise CopyFailed(
                SOURCE,
                errors.EINVAL,
                f"User-defined and source file size mismatch ({wanted} != {size})",
            )
        return size

    def _source_checksum(self, given: str, algorithm: str) -> str:
        """What the source says; empty where nobody asked."""
        if self._order.mode not in ("b", "s"):
            return ""
        said = self.source.checksum(algorithm)
        if (
            given
            and not _same(said, given)
            and "fts-source-checksum-unchecked" not in self._trust.faults
        ):
            raise CopyFailed(
                SOURCE,
                errors.EIO,
                f"Source and user-defined {algorithm} checksum do not match ({said} != {given})",
            )
        return said

    def _clear_destination(self) -> None:
        order, faults = self._order, self._trust.faults
        if order.ours:
            self.clean()
            return
        if self.destination.size() is None:
            return
        if order.overwrite == "no" and "fts-overwrites-always" not in faults:
            raise CopyFailed(
                DESTINATION, errors.EEXIST, "Destination file exists and overwrite is not enabled"
            )
        if order.overwrite == "disk" and self._on_tape(self.destination):
            raise CopyFailed(
                DESTINATION,
                errors.EEXIST,
                "Destination file exists and is on tape (overwrite-when-only-on-disk requested)",
            )
        if "fts-overwrite-ignored" in faults:
            raise CopyFailed(
                DESTINATION, errors.EEXIST, "Destination file exists and overwrite is not enabled"
            )
        self.destination.unlink()

    def _copy(self) -> str:
        """Make the copy; returns which way it went."""
        order = self._order
        mode = self._by_gfal(self._gfal) if self._gfal else self._by_ourselves()
        if order.stop():
            raise CopyFailed(TRANSFER, errors.ECANCELED, "Transfer canceled")
        return mode

    def _by_ourselves(self) -> str:
        order = self._order
        headers = {
            "X-Number-Of-Streams": "1",
            "Secure-Redirection": "1",
            "ClientInfo": ";".join(f"{name}={value}" for name, value in order.client_info.items()),
            "RequireChecksumVerification": "false",
            "Overwrite": "F" if order.overwrite == "no" else "T",
        }
        if isinstance(self.source, RootEnd) and isinstance(self.destination, RootEnd):
            return copy_over_root(self.source, self.destination, headers, order.stop)
        if isinstance(self.source, HttpEnd) and isinstance(self.destination, HttpEnd):
            return copy_over_http(self.source, self.destination, headers, order.stop)
        raise CopyFailed(TRANSFER, errors.EPROTONOSUPPORT, "Protocol not supported")

    def _by_gfal(self, gfal: Gfal) -> str:
        order = self._order
        wanted = GfalOrder(
            order.source,
            order.destination,
            {**GFAL_ENVIRONMENT, "X509_CERT_DIR": str(self._trust.certificates)},
            client_info=order.client_info,
            timeout_s=int(self._trust.patience_s),
        )
        if isinstance(self.source, RootEnd) and isinstance(self.destination, RootEnd):
            # The ends have said there where XRootD's client finds the token or the proxy.
            environment = {**self.source.environment, **self.destination.environment}
            return gfal.copy(replace(wanted, environment=environment), order.stop)
        return gfal.copy(
            replace(
                wanted,
                source_token=_token(order.source_auth),
                destination_token=_token(order.destination_auth),
                certificate=_certificate(order.destination_auth, order.source_auth),
            ),
            order.stop,
        )

    def _verify(self, size: int, checksum: str, algorithm: str, *, by_user: bool) -> None:
        found = self.destination.size()
        if found != size:
            raise CopyFailed(
                DESTINATION,
                errors.EINVAL,
                f"Source and destination file size mismatch ({size} != {found})",
            )
        if self._order.mode not in ("b", "t") or not checksum:
            return
        if "fts-target-checksum-unchecked" in self._trust.faults:
            return
        said = self.destination.checksum(algorithm)
        if not _same(said, checksum):
            whose = "User-defined" if by_user else "Source"
            raise CopyFailed(
                DESTINATION,
                errors.EIO,
                f"{whose} and destination {algorithm} checksum do not match "
                f"({checksum} != {redactor.text(said)})",
            )

    def _go_on(self) -> None:
        if self._order.stop():
            raise CopyFailed(TRANSFER, errors.ECANCELED, "Transfer canceled")


def _same(one: str, other: str) -> bool:
    """Whether two checksums are the same; storages differ in how many zeros they begin with."""
    return one.lower().lstrip("0") == other.lower().lstrip("0")


def _token(auth: Credential) -> str:
    return auth.token if isinstance(auth, Bearer) else ""


def _certificate(*auths: Credential) -> Path | None:
    return next((auth.certificate for auth in auths if isinstance(auth, ClientCert)), None)


def _both(order: Order, schemes: frozenset[str]) -> bool:
    return {urlsplit(order.source).scheme, urlsplit(order.destination).scheme} <= schemes


def _checksum(given: str) -> tuple[str, str]:
    """Value and algorithm of "ADLER32:1a2b3c4d"; an algorithm alone asks for a comparison."""
    algorithm, _, value = given.partition(":")
    algorithm = algorithm.upper() or DEFAULT_ALGORITHM
    value = value.strip().lower()
    if algorithm == DEFAULT_ALGORITHM and value:
        value = value.zfill(ADLER32_DIGITS)
    return value, algorithm
