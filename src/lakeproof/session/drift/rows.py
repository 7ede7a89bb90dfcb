"""One fact of an endpoint, and what the inventory, the source and the endpoint say of it."""

from __future__ import annotations

from dataclasses import dataclass

from lakeproof.inventory import Endpoint
from lakeproof.inventory.sources.found import Found, Way
from lakeproof.session.drift.served import Served

NOT_ASKED = "not asked"
SILENT = "-"


@dataclass(frozen=True)
class Row:
    """One fact of an endpoint; `do` is what to change where they do not agree."""

    endpoint: str
    what: str
    inventory: str
    source: str
    served: str
    agree: bool
    do: str = ""


@dataclass(frozen=True)
class Case:
    """One endpoint of the inventory and who is asked about it.

    `who` is the source's name, None without one; `found` is None where the source does not have
    the endpoint, `left_out` what it has instead of doors. `served` is None where nothing is asked.
    """

    endpoint: Endpoint
    who: str | None = None
    found: Found | None = None
    left_out: str | None = None
    served: Served | None = None

    @property
    def rse(self) -> str:
        """The name by which the source knows it."""
        return self.endpoint.rse or self.endpoint.name

    def command(self, key: str, value: str) -> str:
        """The command that gives the RSE an attribute."""
        return f"rucio rse attribute set {self.rse} --key {key} --value {value}"

    @property
    def offered(self) -> set[str]:
        """The operations that the source offers by any protocol that lakeproof speaks."""
        ways: tuple[Way, ...] = self.found.ways if self.found else ()
        return {name for way in ways if way.door_or_none for name in way.priority}

    def row(
        self,
        what: str,
        inventory: str,
        source: str,
        served: str,
        *,
        agree: bool,
        do: str = "",
    ) -> Row:
        """A row of this endpoint."""
        said = source if self.who else NOT_ASKED
        return Row(self.endpoint.name, what, inventory, said, served, agree, "" if agree else do)
