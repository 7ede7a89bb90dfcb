"""Which sites a lake has: real XRootD ones, and the emulated ones beside or instead of them.

Two of Debian's XRootD, and two of a newer one where that was built; and what may stand before
storages, a cache and a redirector.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from lakeproof.lake import built, hosts
from lakeproof.lake.layout import CACHE, REDIRECTOR, LakeSite

# Which groups may read, and do all, in the emulated sites' areas.
GROUPS = {"reader": "/lake", "writer": "/lake/production"}

# What each technology offers; the declarations that end in the generated inventory. For the
# emulated ones they agree with catalogue/dialects.yaml (a test compares them).
FEATURES: Mapping[str, Mapping[str, bool]] = {
    "xrootd": {"macaroons": True, "md5": True, "quota": False, "tape": False},
    "dcache": {"macaroons": True, "md5": True, "tape": True},
    "eos": {"macaroons": True, "md5": True, "tape": True},
    "dpm": {"macaroons": True, "md5": True, "tape": False},
    "storm": {"macaroons": True, "md5": False, "tape": True},
}
# Below the base path of each site that has tape.
ON_TAPE = "tape/archived-0"
# What is known to fail of those that stand before an XRootD, and what they do not offer.
KNOWN_BESIDE: Mapping[str, Sequence[str]] = {
    CACHE: ("xcache",),
    REDIRECTOR: ("xrootd-redirector",),
}
WITHOUT: Mapping[str, Mapping[str, bool]] = {
    CACHE: {"macaroons": False, "md5": False, "tpc-pull": False, "tpc-push": False, "write": False}
}
TITLES: Mapping[str, str] = {
    "xrootd": "XRootD",
    "dcache": "dCache",
    "eos": "EOS",
    "dpm": "DPM",
    "storm": "StoRM WebDAV",
}


@dataclass(frozen=True)
class Kind:
    """A site before it has a host and ports; the first of its two ports is `offset` of the base."""

    name: str
    short: str
    host: str
    technology: str
    offset: int
    emulated: bool = False
    built: bool = False
    tape: bool = False
    role: str = ""
    origin: str = ""

    def at(self, host: str, chosen: Sequence[int]) -> LakeSite:
        """The site on this host with its two of the chosen ports."""
        door, second = chosen[self.offset : self.offset + 2]
        if self.role == REDIRECTOR:
            # Where it sends HTTP clients is the port that its cmsd knows of the data server, that
            # of root://; so both protocols are at one port.
            second = door
        return LakeSite(
            self.name,
            self.short,
            host,
            door,
            None if self.emulated else second,
            technology=self.technology,
            data_port=second if self.emulated else None,
            built=self.built,
            tape=self.tape,
            role=self.role,
            origin=self.origin,
        )


REAL = (
    Kind("LAKE-XRD-A", "a", "xrd-a", "xrootd", 1),
    Kind("LAKE-XRD-B", "b", "xrd-b", "xrootd", 3),
)
# Where a newer XRootD was built (lake/built): two of them, one with a tape system behind it.
BUILT = (
    Kind("LAKE-XRD6-A", "a6", "xrd-a6", "xrootd", 19, built=True),
    Kind("LAKE-XRD6-B", "b6", "xrd-b6", "xrootd", 21, built=True, tape=True),
)
FRONTS = (
    Kind("LAKE-XCACHE", "cache", "xrd-cache", "xrootd", 23, role=CACHE, origin="LAKE-XRD-A"),
    Kind("LAKE-REDIRECTOR", "redirector", "xrd-redirector", "xrootd", 25, role=REDIRECTOR),
)
EMULATED = (
    Kind("LAKE-DCACHE-EMULATED", "dcache", "dcache", "dcache", 5, emulated=True),
    Kind("LAKE-EOS-EMULATED", "eos", "eos", "eos", 7, emulated=True),
    Kind("LAKE-DPM-EMULATED", "dpm", "dpm", "dpm", 9, emulated=True),
    Kind("LAKE-STORM-EMULATED", "storm", "storm", "storm", 11, emulated=True),
)
# Takes the place of the real ones where XRootD is not installed.
STAND_IN = Kind("LAKE-XRD-EMULATED", "xrd", "xrd", "xrootd", 13, emulated=True)


def sites_at(
    chosen: Sequence[int],
    *,
    named: bool,
    emulated_only: bool,
    newer: bool = False,
    fronts: Collection[str] = (),
) -> tuple[LakeSite, ...]:
    """The sites of a lake on these ports, with names of their own or all on localhost.

    `fronts` are the roles of what is to stand before storages.
    """
    real = (*REAL, *(BUILT if newer else ()))
    before = [kind for kind in FRONTS if kind.role in fronts]
    kinds = (*EMULATED, STAND_IN) if emulated_only else (*real, *EMULATED, *before)
    return tuple(kind.at(hosts.name_of(kind.host, named=named), chosen) for kind in kinds)


def is_golden(site: LakeSite) -> bool:
    """Whether the lake vouches for `site` as the partner of the others' copies."""
    return site.name in (REAL[0].name, STAND_IN.name)


def described(site: LakeSite) -> str:
    """What answers at `site`, for a person: a real storage, or something that talks like it."""
    title = built.TITLE if site.built else TITLES[site.technology]
    if site.role:
        return f"{title}, {site.role}" + (f" of {site.origin}" if site.origin else "")
    return f"emulated {title}" if site.emulated else title


def has_tape(site: LakeSite) -> bool:
    """Whether there is a tape system behind `site`."""
    return site.tape or FEATURES[site.technology]["tape"]


def on_tape_of(site: LakeSite) -> PurePosixPath | None:
    """A file that is on tape only when the lake is new, and may be recalled; None without tape."""
    return PurePosixPath(site.base_path) / ON_TAPE if has_tape(site) else None
