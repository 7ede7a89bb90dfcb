"""What a request shows to prove who it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from lakeproof.wire.redact import redactor


@dataclass(frozen=True)
class Bearer:
    """A bearer token; `label` says in transcripts what it allows, never the token itself."""

    token: str = field(repr=False)
    label: str = "bearer token"

    def __post_init__(self) -> None:
        redactor.register(self.token, "token")


@dataclass(frozen=True)
class ClientCert:
    """A client certificate or X.509 proxy: PEM files, which may be one and the same."""

    certificate: Path
    key: Path
    label: str = "client certificate"


@dataclass(frozen=True)
class Anonymous:
    """No credential at all."""

    label: str = "anonymous"


ANONYMOUS = Anonymous()

Credential = Bearer | ClientCert | Anonymous
