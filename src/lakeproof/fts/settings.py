"""What one stand-in needs to know."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

# The name space of deterministic job ids: FTS's own constant, which clients ask /whoami for.
BASE_ID = "01874efb-4735-4595-bc9c-591aef8240c9"
ANY_AUDIENCE = "https://wlcg.cern.ch/jwt/v1/any"


@dataclass(frozen=True)
class Settings:
    """Where it listens, whom it believes, where it keeps its jobs.

    `people` maps the subject (slash form) of whoever may submit with a certificate to the PEM
    file that the copies are then made with. `per_link` and `at_once` bound the copies between
    two storages and all of them. For tests of the checks: `faults` break it on purpose, and with
    `root_by_http` copies over root:// go by HTTP at the same port, as no XRootD is there.
    """

    url: str
    credential: Path
    ca: Path
    database: Path
    issuers: tuple[str, ...]
    people: Mapping[str, Path] = field(default_factory=dict)
    vo: str = "lake"
    per_link: int = 4
    at_once: int = 12
    poll_s: float = 0.5
    copy_timeout_s: float = 3600
    faults: Set[str] = frozenset()
    root_by_http: bool = False

    @property
    def host(self) -> str:
        """The host name that clients use, and the name of this server in what it tells."""
        return str(urlsplit(self.url).hostname)

    @property
    def port(self) -> int:
        """The port of the REST interface."""
        return urlsplit(self.url).port or 443

    @property
    def audiences(self) -> frozenset[str]:
        """Whom an access token must be for, any of them."""
        return frozenset({self.url, self.host, "fts", ANY_AUDIENCE})
