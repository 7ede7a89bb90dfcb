"""What things are called in the lake's Rucio."""

from __future__ import annotations

from lakeproof.lake.layout import LakeSite

# An ordinary account, one more to keep things from, and the one that may do everything.
ACCOUNT, OTHER, ROOT = "probe", "other", "root"
SCOPE = "lakeproof"
# Rucio's generic policy lets ordinary accounts write to RSEs of such names only.
RSE_ENDING = "_SCRATCHDISK"


def rse_of(site: LakeSite) -> str:
    """The RSE that Rucio knows `site` by."""
    return f"{site.name}{RSE_ENDING}"
