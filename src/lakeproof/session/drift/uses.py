"""What Rucio may and will do with an endpoint, beside what the inventory and the endpoint say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from lakeproof.inventory.sources.found import COPY_FROM, COPY_TO, READ, WRITE, Found
from lakeproof.session.drift.doors import area
from lakeproof.session.drift.rows import NOT_ASKED, SILENT, Case, Row

NEARLY = 0.1
"""Of the total: sizes that differ by less were only measured at another time."""
UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")
NONE = "none"
RUCIOS_CHECKSUMS = ("adler32", "md5")
"""In the order in which Rucio prefers them."""


def uses(case: Case, found: Found) -> Iterator[Row]:
    """Reading and writing, of which copies are a part, and copying by itself."""
    endpoint, said = case.endpoint, found.said
    reads = "source" in endpoint.roles
    writes = "destination" in endpoint.roles and endpoint.is_writable
    for what, ours, operations, allowed, switch in (
        ("reading", reads, (READ, COPY_FROM), said.may_read, "availability_read"),
        ("writing", writes, (WRITE, COPY_TO), said.may_write, "availability_write"),
        ("copies from it", _copies(case, reads), (COPY_FROM,), said.may_read, "availability_read"),
        ("copies to it", _copies(case, writes), (COPY_TO,), said.may_write, "availability_write"),
    ):
        first, *_ = operations
        listed = not case.offered.isdisjoint(operations)
        source = "yes" if listed else f"no: no protocol offers {first} (null, or 0 for off)"
        if listed and not allowed:
            source = f"no: {switch} is off"
        served = _seen(case) if what.startswith("copies") else SILENT
        # Where the inventory is silent on copies, the endpoint's offer stands.
        expected = True if ours is None and served != SILENT else ours
        yield case.row(
            what,
            {True: "yes", False: "no", None: SILENT}[ours],
            source,
            served,
            agree=expected is None or expected == (listed and allowed),
            do=f"roles or features of the inventory, or {first} of a protocol of {case.rse}",
        )


def _copies(case: Case, may: bool) -> bool | None:
    """What the inventory says of copies; None where it is silent."""
    features = case.endpoint.features
    declared = {features.get("tpc-pull"), features.get("tpc-push")}
    if not may or declared == {False}:
        return False
    return True if True in declared else None


def _seen(case: Case) -> str:
    """That COPY is not named proves nothing: many a door names no method at all."""
    return "COPY is offered" if case.served and case.served.copies else SILENT


def tape(case: Case, found: Found) -> Iterator[Row]:
    """A storage that has tape may well be a disk RSE; the other way round it may not."""
    declared, listed = case.endpoint.features.get("tape"), found.said.tape
    if listed is None:
        return
    yield case.row(
        "tape",
        {None: SILENT, True: "yes", False: "no"}[declared],
        "rse_type TAPE" if listed else "rse_type DISK",
        case.served.tape.said if case.served else NOT_ASKED,
        agree=not (listed and declared is False),
        do=f"features.tape of the inventory, or the rse_type of {case.rse}",
    )


def tokens(case: Case, found: Found) -> Iterator[Row]:
    """Whether Rucio shows tokens as well, and means the same by their paths."""
    attributes = found.said.attributes
    if attributes is None:
        return
    base = str(attributes.get("oidc_base_path") or "").rstrip("/") or "/"
    root = case.endpoint.scope_root
    if "oidc_base_path" in attributes and root is not None:
        do = f"scope_root of the inventory, or: {case.command('oidc_base_path', str(root))}"
        yield case.row(
            'scope "/" means', str(root), base, SILENT, agree=PurePosixPath(base) == root, do=do
        )
    supported = _is_on(attributes.get("oidc_support"))
    auth = case.endpoint.auth
    wanted = auth.tokens is not None and auth.x509 is None
    ours = " and ".join(
        kind for kind, name in (("tokens", auth.tokens), ("certificate", auth.x509)) if name
    )
    yield case.row(
        "credential",
        ours or SILENT,
        "tokens" if supported else "certificate (oidc_support is off)",
        SILENT,
        agree=supported or not wanted,
        do=case.command("oidc_support", "True"),
    )


def checksums(case: Case, found: Found) -> Iterator[Row]:
    """Rucio asks for what `supported_checksums` names, else for whichever it gets."""
    attributes = found.said.attributes
    if attributes is None:
        return
    named = str(attributes.get("supported_checksums") or "").lower().split(",")
    wanted = [name.strip() for name in named if name.strip()]
    verifies = found.said.verify_checksum is not False and wanted != [NONE]
    asked = tuple(dict.fromkeys((*RUCIOS_CHECKSUMS, *wanted)))
    seen, where = case.served.checksums(area(case), asked) if case.served else (None, NOT_ASKED)
    sound = seen is None or (set(wanted) <= set(seen) and bool(seen))
    do = case.command("supported_checksums", ",".join(seen or ()))
    if not seen:
        do = f"have the storage serve adler32, or {case.command('verify_checksum', 'False')}"
    yield case.row(
        "checksums",
        SILENT,
        (", ".join(wanted) or "any") if verifies else "not verified",
        where if seen is None else f"{', '.join(seen) or NONE} ({where})",
        agree=sound or not verifies,
        do=do,
    )


def space(case: Case, found: Found) -> Iterator[Row]:
    """What Rucio was told of the storage's space, and what the storage says now."""
    total, free = found.said.total, found.said.free
    space = case.served.space if case.served else None
    if total is None and space is None:
        return
    source = f"{_size(total)}, {_size(free)} free" if total is not None else "was told nothing"
    agree = True
    if total is not None and space is not None:
        most = NEARLY * max(total, space.total)
        agree = abs(total - space.total) <= most
        agree = agree and (free is None or abs(free - space.free) <= most)
    served = NOT_ASKED if case.served is None else SILENT
    if space is not None:
        served = f"{_size(space.total)}, {_size(space.free)} free ({space.where})"
    do = f"whatever tells Rucio the usage of {case.rse} (source storage) is out of date"
    yield case.row("space", SILENT, source, served, agree=agree, do=do)


def copying(case: Case, found: Found) -> Iterator[Row]:
    """What Rucio needs before it submits any copy: an FTS at the destination, and distances."""
    said = found.said
    offered = case.offered
    served = _seen(case)
    if said.attributes is not None and COPY_TO in offered and said.may_write:
        fts = str(said.attributes.get("fts") or "")
        do = case.command("fts", "https://FTS-HOST:8446")
        source = fts or "no attribute fts: no copy to it is submitted"
        yield case.row("FTS", SILENT, source, served, agree=bool(fts), do=do)
    for reached, operation, what, pair in (
        (said.reached, COPY_TO, "distance to it", f"OTHER-RSE {case.rse}"),
        (said.reaches, COPY_FROM, "distance from it", f"{case.rse} OTHER-RSE"),
    ):
        if reached is None or operation not in offered:
            continue
        source = "set" if reached else "none with any other RSE: no copy is made"
        do = f"rucio rse distance set {pair} --distance 1"
        yield case.row(what, SILENT, source, served, agree=reached, do=do)


def _is_on(value: object) -> bool:
    return value is True or str(value).lower() in ("true", "1", "yes")


def _size(count: int | None) -> str:
    if count is None:
        return "unknown"
    size, unit = float(count), 0
    while size >= 1024 and unit < len(UNITS) - 1:  # noqa: PLR2004  by definition of the units
        size, unit = size / 1024, unit + 1
    return f"{size:.4g} {UNITS[unit]}"
