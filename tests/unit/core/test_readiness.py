"""Rucio-readiness: the data fits the checks there are, and results are read off as it says."""

from __future__ import annotations

import fnmatch
import json
import re
import shlex
from collections.abc import Iterable
from pathlib import Path

import pytest
from click.testing import CliRunner

from lakeproof import tree
from lakeproof.commands.rucio import group
from lakeproof.readiness import view
from lakeproof.readiness.judge import Ready, Standing, judge, pairs
from lakeproof.readiness.needs import Item, needs
from lakeproof.readiness.paste import commands
from lakeproof.readiness.place import Place, places
from lakeproof.verdict import Outcome
from tests.unit.core.samples import readiness_rows, result

IDS = {check.id for check in tree.load_checks()}
RSE_NAME = re.compile(r"^([A-Z0-9]+([_-][A-Z0-9]+)*)$")  # of Rucio's schema `generic`
GFAL, WEBDAV = "rucio.rse.protocols.gfal.Default", "rucio.rse.protocols.webdav.Default"
PLACE = Place("SE", "DESY", "https://se.example.org:2880/vo/area", scope_root="/vo")
PULL = "tpc.pull.pull-copies-truth"


def _ready(outcomes: dict[str, Outcome] | None = None, without: Iterable[str] = ()) -> Ready:
    (ready,) = judge([PLACE], readiness_rows(outcomes, without=without))
    return ready


def test_every_glob_matches_a_check() -> None:
    assert [glob for glob in needs().globs() if not fnmatch.filter(IDS, glob)] == []


def test_items_are_r1_to_r20_in_order() -> None:
    assert [item.id for item in needs().items] == [f"R{n}" for n in range(1, 21)]


@pytest.mark.parametrize("item", needs().items, ids=lambda item: item.id)
def test_each_item_has_checks_or_a_reason(item: Item) -> None:
    assert item.globs or item.open
    assert item.says.endswith(".")
    assert item.costs.endswith(".")


def test_parts_of_the_data_name_each_other_rightly() -> None:
    said = needs()
    names = {each.name for each in said.implementations}
    facts = {"site", "scope_root", "base_path", "checksums"}

    assert {each.like for each in said.implementations} <= {"", *names}
    assert {each.unmet for each in said.attributes} <= {"", *(item.id for item in said.items)}
    assert {fact for attribute in said.attributes for fact in attribute.facts} <= facts
    assert {fact for item in said.items for fact in item.facts} <= facts
    assert {check for each in said.implementations for check in each.needs} <= IDS


def test_nothing_wrong_is_all_met_and_all_used() -> None:
    ready = _ready()

    assert ready.chosen is not None
    assert ready.chosen.implementation.name == GFAL
    assert set(ready.domains.values()) == {Standing.MET}
    open_items = {f.item.id for f in ready.findings if f.standing is not Standing.MET}
    assert open_items == {item.id for item in needs().items if not item.globs}
    assert {s.attribute.key: s.value for s in ready.settings} == {
        "site": "DESY",
        "supported_checksums": "adler32,md5",
        "oidc_support": "True",
        "oidc_base_path": "/vo",
    }


def test_violated_need_comes_first_and_nothing_can_be_pasted() -> None:
    ready = _ready({"webdav.files.delete-removes-file": Outcome.FAIL})

    assert ready.chosen is None
    assert ready.finding("R6").standing is Standing.UNMET
    pasted = commands(ready)
    assert pasted[0] == "# Change first:"
    assert "webdav.files.delete-removes-file was seen" in pasted[1]
    assert "Do: change this" in pasted[2]
    assert [line for line in pasted if not line.startswith("#")] == []


def test_storage_that_cannot_rename_is_used_without_renaming() -> None:
    ready = _ready({"webdav.move.move-takes-content-along": Outcome.FAIL})

    assert ready.chosen is not None
    assert ready.chosen.implementation.name == "rucio.rse.protocols.gfal.NoRename"
    assert ready.finding("R5").standing is Standing.UNMET


def test_strict_implementation_is_ruled_out_alone() -> None:
    ready = _ready({"webdav.strict.delete-of-file-answers-204": Outcome.NONSTRICT})
    standing = {each.implementation.name: each.standing for each in ready.fitness}

    assert standing[GFAL] is Standing.MET
    assert standing[WEBDAV] is Standing.UNMET
    assert ready.finding("R6").standing is Standing.MET


def test_copies_that_fail_are_left_out_and_named_first() -> None:
    failing = {PULL: Outcome.FAIL, "tpc.mesh.pair-pull-copies-truth": Outcome.FAIL}
    ready = _ready(failing)
    pasted = commands(ready)

    assert pasted[0] == "# Change first:"
    assert any(line.startswith(f"# - {PULL}") for line in pasted)
    (protocol,) = [line for line in pasted if line.startswith("rucio rse protocol add")]
    domains = json.loads(shlex.split(protocol)[-1])
    assert "third_party_copy_write" not in domains["wan"]
    assert domains["wan"]["third_party_copy_read"] == 1
    assert domains["lan"] == {"read": 1, "write": 1, "delete": 1}


def test_copies_that_nobody_tried_are_left_out_with_the_reason() -> None:
    ready = _ready(without=["tpc.*"])

    assert ready.finding("R8").standing is Standing.OPEN
    assert any("copies need a second URL" in line for line in commands(ready))


def test_partner_shows_that_the_endpoint_can_be_copied_from() -> None:
    own = readiness_rows(without=["tpc.*"])
    other = result(check=PULL, endpoint="OTHER", partner="SE", direction="pull")
    both = judge([PLACE, Place("OTHER", "B", "https://b.example.org/vo")], [*own, other])

    assert both[0].domains["third_party_copy_read"] is Standing.MET
    assert both[0].domains["third_party_copy_write"] is Standing.OPEN
    assert [(a.place.name, b.place.name) for a, b in pairs(both)] == [("SE", "OTHER")]


@pytest.mark.parametrize(
    ("outcome", "checksums", "attribute"),
    [
        (Outcome.PASS, "adler32,md5", None),
        (Outcome.FAIL, "none", "False"),
        (Outcome.UNSUPPORTED, "none", "False"),
        (Outcome.BLOCKED, None, None),
    ],
)
def test_checksums_are_those_that_are_right(
    outcome: Outcome, checksums: str | None, attribute: str | None
) -> None:
    ready = _ready(dict.fromkeys(needs().checksums.values(), outcome))
    said = {each.attribute.key: each.value for each in ready.settings}

    assert ready.checksums == checksums
    assert said.get("verify_checksum") == attribute
    assert said.get("supported_checksums") == checksums


def test_space_is_told_one_way_or_the_other() -> None:
    quota = dict.fromkeys(fnmatch.filter(IDS, "webdav.quota.*"), Outcome.UNSUPPORTED)
    report = dict.fromkeys(fnmatch.filter(IDS, "info.srr.*"), Outcome.UNSUPPORTED)

    assert _ready(quota).finding("R15").standing is Standing.MET
    assert _ready(report).finding("R15").standing is Standing.MET
    neither = _ready(quota | report)
    assert neither.finding("R15").standing is Standing.UNMET
    assert ("greedyDeletion", "True") in {(s.attribute.key, s.value) for s in neither.settings}


def test_what_is_not_offered_at_all_is_not_met_where_rucio_needs_it() -> None:
    absent = dict.fromkeys(fnmatch.filter(IDS, "tpc.*"), Outcome.UNSUPPORTED)
    of_tape = (*fnmatch.filter(IDS, "tape.*"), *fnmatch.filter(IDS, "tokens.tape.*"))
    tape = dict.fromkeys(of_tape, Outcome.UNSUPPORTED)

    assert _ready(absent).finding("R8").standing is Standing.UNMET
    assert _ready(tape).finding("R16").standing is Standing.OPEN


def test_tokens_that_nobody_tried_are_said_to_be_left_out() -> None:
    ready = _ready(without=["tokens.*"])

    assert ready.finding("R10").standing is Standing.OPEN
    (line,) = [each for each in commands(ready) if "oidc_support" in each]
    assert line.startswith("# oidc_support: left out")


def test_nothing_seen_is_nothing_to_paste() -> None:
    (ready,) = judge([PLACE], [result(check="reachability.http.clock-agrees")])

    assert "It is not known whether Rucio can use it" in "\n".join(view.lines([ready]))
    assert [line for line in commands(ready) if not line.startswith("#")] == []


def test_tape_is_a_comment_where_there_is_a_tape_api() -> None:
    line = "# rucio rse update SE --key rse_type --value TAPE"

    assert line in commands(_ready())
    assert line not in commands(_ready(without=["tape.*", "tokens.tape.*"]))


def test_root_of_all_is_no_base_path() -> None:
    (ready,) = judge([Place("SE", "DESY", PLACE.url, scope_root="/")], readiness_rows())
    said = {each.attribute.key for each in ready.settings}

    assert "oidc_support" in said
    assert "oidc_base_path" not in said  # Rucio would take "/" off every prefix


@pytest.mark.parametrize(
    "name", ["se.example.org", "https://a.b:443/x", "DESY_DCACHE", "-x-", "ä1"]
)
def test_names_are_such_as_rucio_takes(name: str) -> None:
    assert RSE_NAME.match(Place(name, "S", PLACE.url).rse_name)


def test_texts_of_an_endpoint_make_no_command() -> None:
    rows = readiness_rows({"webdav.files.delete-removes-file": Outcome.FAIL})
    evil = [
        result(check=row.check, outcome=row.outcome, actual="gone\nrm -rf ~\r\x1b[2J", do="a\nb")
        for row in rows
    ]
    (ready,) = judge([PLACE], evil)

    assert all(line.isprintable() for line in view.lines([ready]))
    assert [line for line in commands(ready) if not line.startswith("#")] == []


def test_odd_paths_stay_one_word() -> None:
    place = Place("SE", "S", "https://se.example.org/it%27s%20$(reboot)", rse="SE-X")
    (ready,) = judge([place], readiness_rows())

    (line,) = [each for each in commands(ready) if each.startswith("rucio rse protocol add")]
    words = shlex.split(line)
    assert words[words.index("--prefix") + 1] == "/it's $(reboot)/"
    assert words[words.index("--port") + 1] == "443"


def test_places_of_older_runs_come_from_their_results() -> None:
    rows = [result(), result(endpoint="ISSUER", site="issuers")]

    assert list(places({}, rows)) == ["SE"]


def test_command_and_json_say_the_same(tmp_path: Path) -> None:
    rows = readiness_rows()
    text = "".join(json.dumps(row.as_dict()) + "\n" for row in rows)
    (tmp_path / "results.jsonl").write_text(text)
    said = {"site": "DESY", "url": PLACE.url, "scope_root": "/vo", "newer": "key"}
    (tmp_path / "run.json").write_text(json.dumps({"endpoints": {"SE": said}}))

    plain = CliRunner().invoke(group, ["ready", str(tmp_path)])
    machine = CliRunner().invoke(group, ["ready", str(tmp_path), "--json"])

    assert plain.output.splitlines() == view.lines([_ready()])
    (endpoint,) = json.loads(machine.output)["endpoints"]
    assert endpoint["implementation"] == GFAL
    assert endpoint["commands"] == commands(_ready())


@pytest.mark.parametrize("arguments", [["nowhere"], ["{run}", "--endpoint", "OTHER"]])
def test_what_is_not_there_is_wrong_usage(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "results.jsonl").write_text(json.dumps(result().as_dict()) + "\n")

    said = CliRunner().invoke(group, ["ready", *(each.format(run=tmp_path) for each in arguments)])

    assert said.exit_code == 3
