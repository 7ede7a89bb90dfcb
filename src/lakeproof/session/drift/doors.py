"""The doors and paths that inventory and source name, and what answers there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from lakeproof.inventory.door import Door
from lakeproof.inventory.sources.found import SourceError, Way, preference
from lakeproof.session.drift.rows import NOT_ASKED, SILENT, Case, Row

KINDS = ("webdav", "root")


def doors(case: Case) -> Iterator[Row]:
    """Host and port of each kind of door; a source that does not know it contradicts nothing."""
    for kind in KINDS:
        written: Door | None = getattr(case.endpoint.doors, kind)
        ways = _ways(case, kind)
        listed = _fitting(ways, written).door_or_none if ways else None
        if written is None and listed is None:
            continue
        same = _alike(written, listed)
        silent = case.found is None
        served, dead = _answers(case, [written] if same else [written, listed])
        yield case.row(
            f"{kind} door",
            written.origin if written else "none",
            SILENT if silent else listed.origin if listed else "none",
            served,
            agree=not dead and (same or silent),
            do=_correction(case, kind, listed, dead),
        )
        yield from _further(case, kind, ways, [written, listed])


def _correction(case: Case, kind: str, listed: Door | None, dead: list[Door]) -> str:
    """Whoever names a door that is silent is wrong; else it cannot be told who is."""
    if listed is None and not dead:
        return f"rucio rse protocol add {case.rse} …, if {case.who} should use it"
    wrong = []
    if not dead or dead != [listed]:
        wrong.append(f"doors.{kind} of the inventory")
    if listed is not None and (not dead or listed in dead):
        wrong.append(f"the protocol of {case.rse} (rucio rse protocol remove, then add)")
    return ", or ".join(wrong)


def _further(case: Case, kind: str, ways: list[Way], known: list[Door | None]) -> Iterator[Row]:
    """What the source lists besides, which answers or does not."""
    seen = [door.origin for door in known if door is not None]
    for way in ways:
        door = way.door_or_none
        if door is None or door.origin in seen or case.served is None:
            continue
        seen.append(door.origin)
        answer = case.served.door(door)
        do = f"rucio rse protocol remove {case.rse} …, or have the door answer"
        yield case.row(
            f"another {kind} door",
            SILENT,
            door.origin,
            answer.said,
            agree=answer.there is not False,
            do=do,
        )


def _answers(case: Case, doors: list[Door | None]) -> tuple[str, list[Door]]:
    """What each of these doors answers, and which of them do not."""
    if case.served is None:
        return NOT_ASKED, []
    named = [door for door in doors if door is not None]
    answers = [case.served.door(door) for door in named]
    if len(named) == 1:
        said = answers[0].said
    else:
        said = "; ".join(f"{d.origin}: {a.said}" for d, a in zip(named, answers, strict=True))
    return said, [d for d, a in zip(named, answers, strict=True) if a.there is False]


def path(case: Case) -> Iterator[Row]:
    """The area may be a part of Rucio's prefix, or the other way round; elsewhere is a drift."""
    written, ways = case.endpoint.doors.webdav, _ways(case, "webdav")
    listed = _fitting(ways, written).door_or_none if ways else None
    if written is None or listed is None:
        return
    ours, theirs = written.path, listed.path
    agree = theirs.is_relative_to(ours) or ours.is_relative_to(theirs)
    paths = dict.fromkeys((ours, theirs))
    served = NOT_ASKED
    if case.served is not None and _alike(written, listed):
        served = "; ".join(case.served.path(path).said for path in paths)
    do = "doors.webdav of the inventory, or the prefix of Rucio's protocol, names another area"
    yield case.row("path", str(ours), str(theirs), served, agree=agree, do=do)


def report(case: Case) -> Iterator[Row]:
    """The endpoint's own report should name the door and the area."""
    if case.served is None:
        return
    url = case.endpoint.url
    try:
        reported = case.served.reported
    except SourceError as error:
        yield case.row("report", url, SILENT, f"cannot be read: {error}", agree=False)
        return
    if not reported:
        return
    agree = any(_covers(door, url) for door in reported)
    served = ", ".join(sorted(reported)[:3])
    do = "the report of the storage, or doors of the inventory"
    yield case.row("report names", url, SILENT, served, agree=agree, do=do)


def _covers(door: str, url: str) -> bool:
    plain = door.replace("davs://", "https://", 1).replace("dav://", "http://", 1).rstrip("/")
    return url.rstrip("/") == plain or url.startswith(f"{plain}/")


def _ways(case: Case, kind: str) -> list[Way]:
    """The protocols of this kind that the source offers for anything, the preferred first."""
    ways = case.found.ways if case.found else ()
    return sorted((way for way in ways if way.kind == kind and way.priority), key=preference)


def _fitting(ways: list[Way], written: Door | None) -> Way:
    return next((way for way in ways if _alike(way.door_or_none, written)), ways[0])


def _alike(one: Door | None, other: Door | None) -> bool:
    """The same door: roots:// is root:// that insists on TLS."""
    if one is None or other is None:
        return False
    schemes = {one.scheme, other.scheme}
    return (one.host.lower(), one.port) == (other.host.lower(), other.port) and (
        len(schemes) == 1 or schemes == {"root", "roots"}
    )


def area(case: Case) -> PurePosixPath:
    """Where the source has its files: its prefix, else the inventory's path."""
    written, ways = case.endpoint.doors.webdav, _ways(case, "webdav")
    listed = _fitting(ways, written).door_or_none if ways else None
    return listed.path if listed else case.endpoint.door.path
