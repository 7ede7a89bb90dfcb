"""The storage resource report (WLCG SRR 4.2): its schema, and what a document says by it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lakeproof.wire.reply import Reply

Number = Annotated[float, Field(allow_inf_nan=False)]
MOST_PROBLEMS = 5


class Record(BaseModel):
    """A part of the report. Keys beyond the schema are ignored, as every reader does."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


class Share(Record):
    """One share of the space; sizes in bytes, `timestamp` in seconds since 1970."""

    timestamp: Number
    totalsize: Number
    usedsize: Number
    vos: list[str]
    name: str = ""
    path: list[str] = []


class ReportedEndpoint(Record):
    """One door, as the report names it."""

    name: str
    endpointurl: str
    interfacetype: str
    assignedshares: list[str]


class Service(Record):
    """The storage service; some say `lastupdated` where the rest say `latestupdate`."""

    implementation: str
    implementationversion: str
    storageendpoints: list[ReportedEndpoint]
    storageshares: list[Share]
    latestupdate: Number | None = None
    lastupdated: Number | None = None

    @property
    def updated(self) -> float | None:
        """When the report was made, in seconds since 1970; None when it does not say."""
        return self.latestupdate if self.latestupdate is not None else self.lastupdated


class Report(Record):
    """The whole document."""

    storageservice: Service


@dataclass(frozen=True)
class FoundReport:
    """What was found where a report was looked for; `reply` is None when it was nowhere.

    `tried` names the places and what each answered.
    """

    reply: Reply | None
    tried: tuple[str, ...]

    @property
    def published(self) -> bool:
        """Whether a JSON object that calls itself a storage service came."""
        return self.reply is not None

    @property
    def problems(self) -> list[str]:
        """How the document departs from the schema: "storageshares.0.usedsize: …"."""
        try:
            self._parsed()
        except ValidationError as error:
            found = error.errors()[:MOST_PROBLEMS]
            return [f"{'.'.join(map(str, p['loc']))}: {p['msg']}" for p in found]
        return []

    @property
    def service(self) -> Service | None:
        """What the report says; None when there is none, or one that departs from the schema."""
        if self.reply is None or self.problems:
            return None
        return self._parsed().storageservice

    def share_of(self, path: PurePosixPath) -> Share | None:
        """The share that holds `path`: by the longest path of a share, else the only share."""
        shares = self.service.storageshares if self.service else []
        fitting = [
            (len(PurePosixPath(root).parts), share)
            for share in shares
            for root in share.path
            if PurePosixPath(root) in (path, *path.parents)
        ]
        if fitting:
            return max(fitting, key=lambda found: found[0])[1]
        return shares[0] if len(shares) == 1 and not shares[0].path else None

    def _parsed(self) -> Report:
        return Report.model_validate_json(self.reply.body if self.reply else b"{}")
