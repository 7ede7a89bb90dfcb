"""Importing into a file leaves what people wrote as it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lakeproof.commands.inventory import group
from lakeproof.inventory import load
from lakeproof.inventory.merge import merge
from lakeproof.inventory.sources import rucio
from tests.unit.inventory import documents
from tests.unit.inventory.documents import SITES

BY_HAND = """\
# Our lake; ask storage@example.org before you change this.
version: 1
lake: ours
issuers:
  iam:
    url: https://iam.example.org/
    client_id: lakeproof
    client_secret: env:IAM_SECRET      # from the vault
sites:
  - name: site-07
    contact: admin@example.org
    endpoints:
      - name: Amsterdam      # not the RSE's name
        rse: SITE-07
        technology: dcache
        doors: {webdav: "davs://old.example.org:2880/pnfs/site07/escape", tape: auto}
        auth: {tokens: iam}
        features: {write: yes}
        roles: [source]
        note: moves in spring
  - name: elsewhere
    endpoints:
      - name: NOT-IN-RUCIO
        rse: GONE
        doors: {webdav: "davs://gone.example.org/x"}
"""


@pytest.fixture
def export(tmp_path: Path) -> Path:
    path = tmp_path / "export.json"
    path.write_text(json.dumps(documents.rucio_export()))
    return path


def _import(source: Path, into: Path, *options: str) -> Result:
    arguments = ["import", "rucio", str(source), f"--into={into}", *options]
    return CliRunner().invoke(group, arguments)


def test_new_file_is_a_valid_inventory(export: Path, tmp_path: Path) -> None:
    into = tmp_path / "endpoints.yaml"

    result = _import(export, into)

    assert result.exit_code == 0, result.output
    assert f"{into}: has {SITES} endpoints added, 0 changed, 0 as before" in result.output
    endpoints = {endpoint.name: site for site, endpoint in load(into).endpoints()}
    assert len(endpoints) == SITES
    assert endpoints["SITE-07"].country == "FR"


def test_second_import_changes_nothing(export: Path, tmp_path: Path) -> None:
    into = tmp_path / "endpoints.yaml"
    _import(export, into)
    before = into.read_text()

    result = _import(export, into)

    assert f"has 0 endpoints added, 0 changed, {SITES} as before" in result.output
    assert into.read_text() == before


def test_hand_written_keys_and_comments_stay(export: Path, tmp_path: Path) -> None:
    into = tmp_path / "endpoints.yaml"
    into.write_text(BY_HAND)

    result = _import(export, into, "--tokens=iam")

    assert result.exit_code == 0, result.output
    text = into.read_text()
    for line in BY_HAND.splitlines():
        if "old.example.org" not in line:
            assert line in text
    inventory = load(into)
    named = {endpoint.name: endpoint for _, endpoint in inventory.endpoints()}
    assert len(named) == SITES + 1
    assert named["Amsterdam"].url == "https://se07.example.org:2881/pnfs/site07/escape"
    assert named["Amsterdam"].roles == ("source",)
    assert named["SITE-08"].auth.tokens == "iam"


def test_every_difference_is_said(export: Path, tmp_path: Path) -> None:
    into = tmp_path / "endpoints.yaml"
    into.write_text(BY_HAND.replace("dcache", "dcache\n        scope_root: /other"))

    lines = _import(export, into, "--dry-run").output.splitlines()

    assert (
        "changed    SITE-07: doors.webdav: davs://se07.example.org:2881/pnfs/site07/escape "
        "(was davs://old.example.org:2880/pnfs/site07/escape)"
    ) in lines
    assert "kept       SITE-07: scope_root stays /other; the source says /pnfs" in lines
    assert "only here  NOT-IN-RUCIO" in lines
    assert lines[-1].startswith(f"{into}: would have {SITES - 1} endpoints added, 1 changed")
    assert "old.example.org" in into.read_text()


def test_same_door_in_another_spelling_stays() -> None:
    text = BY_HAND.replace("old.example.org:2880", "se07.example.org:2881").replace(
        "davs://se07", "https://se07"
    )
    merged = merge(text, rucio.harvest(documents.rucio_export()))
    assert "https://se07.example.org:2881" in merged.text


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("<html>Please log in</html>", "is no JSON"),
        ('{"rses": 5}', "rses should be a JSON object, and is a int"),
    ],
)
def test_bad_document_is_named_and_nothing_is_written(
    tmp_path: Path, content: str, sentence: str
) -> None:
    source, into = tmp_path / "source.json", tmp_path / "endpoints.yaml"
    source.write_text(content)

    result = _import(source, into)

    assert result.exit_code == 3
    assert sentence in result.output
    assert not into.exists()


def test_missing_file_is_named(tmp_path: Path) -> None:
    result = _import(tmp_path / "none.json", tmp_path / "endpoints.yaml")
    assert result.exit_code == 3
    assert "none.json: cannot be read: No such file or directory" in result.output


def test_broken_inventory_is_not_overwritten(export: Path, tmp_path: Path) -> None:
    into = tmp_path / "endpoints.yaml"
    into.write_text("sites: [")
    result = _import(export, into)
    assert result.exit_code == 3
    assert into.read_text() == "sites: ["


def test_door_that_covers_the_sources_prefix_stays() -> None:
    door = "davs://se07.example.org:2881/pnfs/site07"
    text = BY_HAND.replace("davs://old.example.org:2880/pnfs/site07/escape", door)

    merged = merge(text, rucio.harvest(documents.rucio_export()))

    assert f'"{door}"' in merged.text
    assert f"SITE-07: doors.webdav stays {door}; the source says {door}/escape" in merged.kept


@pytest.mark.parametrize("indent", ["", "  "])
def test_lists_stay_as_indented_as_they_were(indent: str) -> None:
    lines = BY_HAND.splitlines()
    start = lines.index("sites:") + 1
    text = "\n".join([*lines[:start], *(f"{indent}{line[2:]}" for line in lines[start:])])

    merged = merge(text, rucio.harvest(documents.rucio_export()))

    assert f"\n{indent}- name: site-07\n{indent}  contact: admin@example.org" in merged.text
