"""What one emulated storage element is told when it starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

AREA = PurePosixPath("/data")


@dataclass(frozen=True)
class TrustedIssuer:
    """A token issuer the element trusts, and the area its scopes are relative to.

    Keys come from the issuer's metadata over TLS (`ca`: PEM file, None for the system's), or
    from `jwks`, a static key set, which replaces the fetching.
    """

    url: str
    base_path: PurePosixPath = AREA
    ca: Path | None = None
    jwks: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class EmulatorConfig:
    """One storage element: where its files lie, whom it trusts, what it speaks.

    `root` is a directory on disk; URL paths map to `root/tree/<path>`. `name` is the host name
    used in Locations and as audience; `also_at` are further addresses with the same ports.
    `ca_certificate` and `ca_key` sign the certificates of the TLS faults, which are self-signed
    without them. `trust` is what verifies the partners of third-party copies, `kept_from` are
    addresses that none is made with. `tape_staging` is whether files can be staged, None for as
    the technology comes; `on_tape` are files that are on tape only when the element starts, and
    made where they are missing. With `origin`, the URL of another element, it is a cache of that
    one (`emulator/cache/`). Times are seconds. Sizes are bytes.
    """

    root: Path
    certificate: Path
    key: Path
    ca_certificate: Path | None = None
    ca_key: Path | None = field(default=None, repr=False)
    dialect: str = "conformant"
    faults: frozenset[str] = frozenset()
    host: str = "127.0.0.1"
    also_at: tuple[str, ...] = ()
    name: str = ""
    port: int = 0
    data_port: int = 0
    issuers: tuple[TrustedIssuer, ...] = ()
    audiences: tuple[str, ...] = ()
    base_path: PurePosixPath = AREA
    public_path: PurePosixPath | None = None
    tape_path: PurePosixPath | None = None
    reader_groups: tuple[str, ...] = ()
    writer_groups: tuple[str, ...] = ()
    client_ca: Path | None = None
    members: tuple[str, ...] = ()
    trust: Path | None = None
    macaroon_secret: str = field(default="", repr=False)
    marker_interval_s: float = 5.0
    transfer_timeout_s: float = 60.0
    transfer_rate: int | None = None
    max_transfers: int = 50
    tape_latency_s: float = 2.0
    tape_staging: bool | None = None
    on_tape: tuple[PurePosixPath, ...] = ()
    quota: int = 1 << 40
    throttle_block_s: float | None = None
    redirects: bool | None = None
    kept_from: tuple[str, ...] = ()
    origin: str = ""

    @property
    def public_name(self) -> str:
        """The host name clients use: `name`, or the bind address."""
        return self.name or self.host
