"""What an inventory, Rucio and an endpoint say, side by side."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from click.testing import CliRunner, Result

from lakeproof.commands.inventory import group
from lakeproof.inventory import Endpoint
from lakeproof.inventory.door import Door
from lakeproof.inventory.sources import rucio
from lakeproof.session.drift import Case, Row, compare
from lakeproof.session.drift.served import Answer, Space
from tests.unit.inventory import documents
from tests.unit.inventory.documents import SITES

GIB = 1024**3
ANSWERS = Answer(True, "answers")


@dataclass
class Site:
    """An endpoint that serves what it is told to."""

    silent: tuple[str, ...] = ()
    technology: tuple[str, str] | None = ("dcache", "certain")
    copies: bool | None = True
    seen: tuple[str, ...] | None = ("adler32",)
    space: Space | None = None
    tape: Answer = field(default_factory=lambda: ANSWERS)
    reported: tuple[str, ...] = ()
    asked: list[str] = field(default_factory=list)

    def door(self, door: Door) -> Answer:
        self.asked.append(door.origin)
        return Answer(False, "nothing answers") if door.origin in self.silent else ANSWERS

    def path(self, path: PurePosixPath) -> Answer:
        return Answer(True, f"{path} is there")

    def checksums(
        self, below: PurePosixPath, names: tuple[str, ...]
    ) -> tuple[tuple[str, ...] | None, str]:
        assert names[:2] == ("adler32", "md5")
        return self.seen, f"a file below {below}"


def _endpoint(**changes: Any) -> Endpoint:  # noqa: ANN401  any key
    doors = {"webdav": "davs://se.example.org:2880/vo", "root": "root://se.example.org//vo"}
    said = {"name": "SE", "rse": "R", "technology": "dcache", "doors": doors}
    auth = {"tokens": "env:TOKEN"}
    return Endpoint.model_validate({**said, "scope_root": "/vo", "auth": auth, **changes})


def _protocol(scheme: str = "davs", port: int = 2880, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    able = dict.fromkeys(("read", "write", "third_party_copy_read", "third_party_copy_write"), 1)
    protocol = {"scheme": scheme, "hostname": "se.example.org", "port": port, "prefix": "/vo/r"}
    return {**protocol, "domains": {"wan": able}, **changes}


def _rse(*protocols: dict[str, Any], drop: str = "", **facts: Any) -> dict[str, Any]:  # noqa: ANN401
    attributes = {"fts": "https://fts", "oidc_support": True, "oidc_base_path": "/vo/"}
    attributes |= facts.pop("attributes", {})
    attributes.pop(drop, None)
    offered = list(protocols) or [_protocol(), _protocol("root", 1094)]
    linked = {"distance_from": ["A", "R"], "distance_to": ["R", "A"]}
    return {"rse": "R", "protocols": offered, "attributes": attributes, **linked, **facts}


def _rows(
    rse: dict[str, Any] | None = None,
    site: Site | None = None,
    **changes: Any,  # noqa: ANN401  any key
) -> list[Row]:
    harvest = rucio.harvest([rse or _rse()])
    found = next(iter(harvest.endpoints), None)
    case = Case(_endpoint(**changes), "Rucio", found, harvest.left_out.get("R"), site or Site())
    return list(compare(case))


def _differences(*arguments: Any, **changes: Any) -> list[Row]:  # noqa: ANN401
    return [row for row in _rows(*arguments, **changes) if not row.agree]


def test_those_that_agree_have_no_drift() -> None:
    rows = _rows()

    assert [row for row in rows if not row.agree or row.do] == []
    assert {"webdav door", "root door", "path", "FTS", "checksums"} <= {row.what for row in rows}


def _without(operation: str, value: object) -> dict[str, Any]:
    protocol = _protocol()
    protocol["domains"] = {"wan": {**protocol["domains"]["wan"], operation: value}}
    return _rse(protocol, _protocol("root", 1094, domains={"wan": {"read": 2}}))


@pytest.mark.parametrize(
    ("rse", "what", "says", "do"),
    [
        (_rse(_protocol(port=443), _protocol("root", 1094)), "webdav door", "https://se", "doors."),
        (_rse(_protocol()), "root door", "none", "rucio rse protocol add R"),
        (_rse(_protocol(prefix="/old")), "path", "/old", "names another area"),
        (_without("third_party_copy_write", None), "copies to it", "no: no", "roles or features"),
        (_without("third_party_copy_read", None), "copies from it", "no: no", "roles or features"),
        (_rse(availability_write=False), "writing", "no: availability_write is off", "roles"),
        (_rse(availability_read=False), "reading", "no: availability_read is off", "roles"),
        (_rse(drop="fts"), "FTS", "no attribute fts", "rucio rse attribute set R --key fts"),
        (_rse(drop="oidc_support"), "credential", "certificate (oidc", "--key oidc_support"),
        (_rse(attributes={"oidc_base_path": "/x"}), 'scope "/" means', "/x", "--value /vo"),
        (_rse(distance_from=[]), "distance to it", "none with any", "distance set OTHER-RSE R"),
        (_rse(distance_to=[]), "distance from it", "none with any", "distance set R OTHER-RSE"),
        (_rse(attributes={"supported_checksums": "md5"}), "checksums", "md5", "--value adler32"),
        (_rse(_protocol("srm")), "RSE", "neither a WebDAV nor a root door", "correct or drop"),
    ],
)
def test_rucio_says_otherwise(rse: dict[str, Any], what: str, says: str, do: str) -> None:
    (row, *_) = [row for row in _differences(rse) if row.what == what]

    assert says in row.source
    assert do in row.do


def test_priority_0_of_an_old_rucio_is_not_offered() -> None:
    rse = _without("third_party_copy_write", 0)
    old = rucio.harvest([rse], zero_is_off=True).endpoints[0]

    assert _differences(rse) == []
    rows = compare(Case(_endpoint(), "Rucio", old, None, Site()))
    assert [row.what for row in rows if not row.agree] == ["copies to it"]


@pytest.mark.parametrize(
    ("site", "what", "served"),
    [
        (Site(silent=("https://se.example.org:2880",)), "webdav door", "nothing answers"),
        (Site(silent=("root://se.example.org",)), "root door", "nothing answers"),
        (Site(technology=("eos", "certain")), "technology", "eos (certain)"),
        (Site(seen=()), "checksums", "none (a file below /vo/r)"),
        (Site(reported=("davs://other.example.org/vo",)), "report names", "davs://other"),
    ],
)
def test_endpoint_serves_otherwise(site: Site, what: str, served: str) -> None:
    (row,) = _differences(None, site)

    assert (row.what, row.served[: len(served)]) == (what, served)
    assert row.do


def test_every_door_that_anybody_names_is_tried() -> None:
    site = Site(silent=("https://se.example.org",))

    (row,) = _differences(_rse(_protocol(), _protocol(port=443), _protocol("root", 1094)), site)

    assert (row.what, row.served) == ("another webdav door", "nothing answers")
    assert row.do.startswith("rucio rse protocol remove R")
    assert sorted(set(site.asked)) == [
        "https://se.example.org",
        "https://se.example.org:2880",
        "root://se.example.org",
    ]


@pytest.mark.parametrize(
    ("silent", "inventory_is_wrong", "rucio_is_wrong"),
    [
        ((":2880",), True, False),
        ((":443",), False, True),
        ((":2880", ":443"), True, True),
        ((), True, True),
    ],
)
def test_who_names_a_silent_door_is_wrong(
    silent: tuple[str, ...], inventory_is_wrong: bool, rucio_is_wrong: bool
) -> None:
    host = "https://se.example.org"
    site = Site(silent=tuple(f"{host}{port}".removesuffix(":443") for port in silent))

    (row,) = _differences(_rse(_protocol(port=443), _protocol("root", 1094)), site)

    assert ("inventory" in row.do, "rucio rse" in row.do) == (inventory_is_wrong, rucio_is_wrong)


@pytest.mark.parametrize(
    ("free", "drifts"), [(500 * GIB, False), (480 * GIB, False), (100 * GIB, True)]
)
def test_space_may_have_changed_a_little_since(free: int, drifts: bool) -> None:
    usage = [{"source": "storage", "used": 500 * GIB, "free": 500 * GIB, "total": 1000 * GIB}]
    site = Site(space=Space(1000 * GIB, free, "its report"))

    rows = [row for row in _rows(_rse(usage=usage), site) if row.what == "space"]

    assert [row.agree for row in rows] == [not drifts]
    assert rows[0].source == "1000 GiB, 500 GiB free"


def test_checksums_that_are_not_verified_may_be_missing() -> None:
    assert _differences(_rse(verify_checksum=False), Site(seen=())) == []


def test_nothing_is_said_of_what_nobody_could_see() -> None:
    site = Site(technology=None, copies=None, seen=None, tape=Answer(None, "cannot be asked"))

    assert _differences(None, site) == []


def _drift(*arguments: object) -> Result:
    return CliRunner().invoke(group, ["drift", *map(str, arguments)])


def _import(kind: str, document: object, into: Path) -> Result:
    source = into.parent / f"{kind}.json"
    source.write_text(json.dumps(document))
    return CliRunner().invoke(group, ["import", kind, str(source), f"--into={into}"])


def _edit(change: Callable[[dict[str, Any]], object]) -> Callable[[dict[str, Any]], object]:
    """A change of an RSE's davs protocol, which is the last one."""
    return lambda rse: change(rse["protocols"][-1])


# What operators forget: the site, what happens to it in Rucio, and which row tells.
DRIFTS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "SITE-01": (_edit(lambda davs: davs.update(port=443)), "webdav door"),
    "SITE-03": (_edit(lambda davs: davs.update(prefix="/pnfs/elsewhere")), "path"),
    "SITE-05": (
        _edit(lambda davs: davs["domains"]["wan"].update(third_party_copy_write=None)),
        "copies to it",
    ),
    "SITE-07": (lambda rse: rse["attributes"].pop("fts"), "FTS"),
    "SITE-08": (lambda rse: rse["protocols"].pop(1), "root door"),
    "SITE-09": (lambda rse: rse.update(availability_write=False), "writing"),
    "SITE-11": (lambda rse: rse["attributes"].update(oidc_base_path="/"), 'scope "/" means'),
}


def test_sixty_sites_of_cric_and_rucio_and_what_drifted(tmp_path: Path) -> None:
    into = tmp_path / "endpoints.yaml"
    cric, export = documents.cric_preset(), documents.rucio_export()

    imported = _import("cric", cric, into)
    assert f"has {SITES} endpoints added" in imported.output
    again = _import("rucio", export, into)
    assert f"has 0 endpoints added, 0 changed, {SITES} as before; 0 remarks" in again.output
    both = (f"--rucio={tmp_path / 'rucio.json'}", f"--cric={tmp_path / 'cric.json'}")
    sound = _drift(into, "--offline", *both)
    assert (sound.exit_code, sound.output) == (0, f"{into}: no drift\n")

    by_hand = "rse: SITE-05\n        features: {tpc-pull: yes}"
    into.write_text(into.read_text().replace("rse: SITE-05", by_hand))
    for name, (change, _) in DRIFTS.items():
        change(export["rses"][name])
    export["rses"]["NEW"] = export["rses"]["SITE-13"]
    del export["rses"]["SITE-20"]
    for targets in export["distances"].values():
        targets.pop("SITE-22", None)
    (tmp_path / "rucio.json").write_text(json.dumps(export))
    drifted = _drift(into, "--offline", "--json", *both)

    assert drifted.exit_code == 1
    rows = [(row["with"], row["endpoint"], row["what"]) for row in json.loads(drifted.stdout)]
    expected = {("Rucio", name, what) for name, (_, what) in DRIFTS.items()}
    others = {("Rucio", "NEW", "endpoint"), ("Rucio", "SITE-20", "RSE")}
    others.add(("Rucio", "SITE-22", "distance to it"))
    assert set(rows) == expected | others


@pytest.mark.parametrize("form", ["plain", "atlas"])
def test_what_was_imported_has_not_drifted(tmp_path: Path, form: str) -> None:
    document = getattr(documents, f"cric_{form}")()
    document["SITE-08"]["availability_write"] = False
    into = tmp_path / "endpoints.yaml"
    _import("cric", document, into)

    done = _drift(into, "--offline", f"--cric={tmp_path / 'cric.json'}")

    assert (done.exit_code, done.output) == (0, f"{into}: no drift\n")


def test_table_names_who_says_what(tmp_path: Path) -> None:
    into = tmp_path / "endpoints.yaml"
    export = documents.rucio_export()
    _import("rucio", export, into)
    export["rses"]["SITE-03"]["protocols"][-1]["port"] = 443
    (tmp_path / "rucio.json").write_text(json.dumps(export))

    done = _drift(into, "--offline", f"--rucio={tmp_path / 'rucio.json'}")

    assert done.exit_code == 1
    name, head, _, row, do, _, total = done.stdout.splitlines()
    assert (name, head.split("|")[1].strip()) == ("SITE-03", "inventory")
    cells = [cell.strip() for cell in row.split("|")]
    door = "https://se03.example.org"
    assert cells == ["webdav door", f"{door}:2880", door, "not asked"]
    assert do.startswith("  webdav door: doors.webdav of the inventory, or the protocol of")
    assert total == f"{into}: 1 difference"
