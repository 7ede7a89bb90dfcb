from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from lakeproof import tree
from lakeproof.check import Registry
from lakeproof.known import KnownFailure, KnownFailuresError, load
from tests.unit.core.samples import declared

ENTRY: dict[str, object] = {
    "check": "webdav.files.put",
    "issue": "https://example.org/issues/7",
    "reason": "a real defect",
    "review": "2030-01-01",
}


@pytest.fixture
def registry() -> Registry:
    made = Registry()
    for line, name in enumerate(("webdav.files.put", "webdav.files.get", "tpc.pull.copy")):
        was = ("webdav.files.store",) if name == "webdav.files.put" else ()
        made.add(declared(name, line=line, was=was))
    return made


def _file(tmp_path: Path, *entries: dict[str, object], **more: object) -> Path:
    path = tmp_path / "some.yaml"
    path.write_text(yaml.safe_dump({"implementation": "some", "entries": list(entries), **more}))
    return path


def _entry(**changes: object) -> KnownFailure:
    return KnownFailure.model_validate({**ENTRY, **changes})


def test_file_is_read(tmp_path: Path, registry: Registry) -> None:
    found = load(_file(tmp_path, ENTRY), registry)

    assert found.implementation == "some"
    entry = found.find("webdav.files.put", None)
    assert entry is not None
    assert entry.issue == ENTRY["issue"]
    assert found.find("webdav.files.get", None) is None


@pytest.mark.parametrize(
    ("versions", "version", "applies"),
    [
        ("", "5.5.3", True),
        ("", None, True),
        ("<5.7.3", "5.5.3", True),
        (">=5.5,<5.7.3", "5.7.3", False),
        (">=5.5,<5.7.3", "5.4", False),
        (">=5.5", None, False),
        (">=5.5", "unparsable-version", False),
        ("==5.5.*", "5.5.9", True),
    ],
)
def test_version_condition(versions: str, version: str | None, applies: bool) -> None:
    assert _entry(versions=versions).applies("webdav.files.put", version) is applies


@pytest.mark.parametrize(
    ("pattern", "covered"),
    [
        ("webdav.*", {"webdav.files.put", "webdav.files.get"}),
        ("webdav.files.g?t", {"webdav.files.get"}),
        ("tpc.pull.copy", {"tpc.pull.copy"}),
    ],
)
def test_wildcards(registry: Registry, pattern: str, covered: set[str]) -> None:
    entry = _entry(check=pattern)

    assert {known.id for known in registry if entry.applies(known.id, None)} == covered


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([{**ENTRY, "check": "webdav.files.pt"}], "no check is called webdav.files.pt"),
        ([{**ENTRY, "check": "webdav.gone.*"}], r"no check is called webdav.gone.\*"),
        ([{**ENTRY, "check": "*.put"}], "spans more than one suite"),
        ([{**ENTRY, "check": "*"}], "spans more than one suite"),
        ([{**ENTRY, "check": "webda?.files.put"}], "spans more than one suite"),
        ([{**ENTRY, "check": "[wt]*.files.put"}], "spans more than one suite"),
        ([ENTRY, ENTRY], "webdav.files.put is listed twice"),
        ([{k: v for k, v in ENTRY.items() if k != "issue"}], "entries.0.issue"),
        ([{k: v for k, v in ENTRY.items() if k != "reason"}], "entries.0.reason"),
        ([{k: v for k, v in ENTRY.items() if k != "review"}], "entries.0.review"),
        ([{**ENTRY, "issue": "none"}], "must be a link"),
        ([{**ENTRY, "review": "soon"}], "entries.0.review"),
        ([{**ENTRY, "versions": "younger than 5"}], "entries.0.versions"),
        ([{**ENTRY, "resaon": "typo"}], "entries.0.resaon"),
    ],
)
def test_wrong_entry_is_named(
    tmp_path: Path, registry: Registry, entries: list[dict[str, object]], said: str
) -> None:
    path = _file(tmp_path, *entries)

    with pytest.raises(KnownFailuresError, match=said) as caught:
        load(path, registry)
    assert str(caught.value).startswith(f"{path}: ")


def test_two_entries_for_different_versions_are_no_duplicate(
    tmp_path: Path, registry: Registry
) -> None:
    older, newer = {**ENTRY, "versions": "<5"}, {**ENTRY, "versions": ">=6", "reason": "again"}

    found = load(_file(tmp_path, older, newer), registry)

    entry = found.find("webdav.files.put", "6.1")
    assert entry is not None
    assert entry.reason == "again"
    assert found.find("webdav.files.put", "5.5") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [("entries: [", "not valid YAML"), ("", "Input should be"), ("[1, 2]", "Input should be")],
)
def test_file_that_is_none(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text)

    with pytest.raises(KnownFailuresError, match=said):
        load(path, Registry())


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(KnownFailuresError, match=r"gone\.yaml: cannot be read: No such file"):
        load(tmp_path / "gone.yaml", Registry())


def test_old_id_of_a_renamed_check_still_counts(tmp_path: Path, registry: Registry) -> None:
    found = load(_file(tmp_path, {**ENTRY, "check": "webdav.files.store"}), registry)

    assert found.entries


def test_an_entry_with_cells_covers_those_alone(tmp_path: Path) -> None:
    registry = tree.load_checks()
    name, cells = "tokens.matrix.reading-needs-storage-read", ["read.get.slash"]
    found = load(_file(tmp_path, {**ENTRY, "check": name, "cells": cells}), registry)

    assert found.find(name, None, cell="read.get.slash") is not None
    assert found.find(name, None, cell="read.get.beside") is None
    assert found.find(name, None) is None


@pytest.mark.parametrize(
    ("cells", "said"),
    [([], "needs `cells:`"), (["read.get.nowhere"], "has no cells read.get.nowhere")],
)
def test_an_entry_for_cells_names_them(tmp_path: Path, cells: list[str], said: str) -> None:
    entry = {**ENTRY, "check": "tokens.matrix.reading-needs-storage-read", "cells": cells}

    with pytest.raises(KnownFailuresError, match=said):
        load(_file(tmp_path, entry), tree.load_checks())
