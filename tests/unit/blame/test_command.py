from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from lakeproof.blame import Look, Observations, Reason, Seen, State, deduce
from lakeproof.cli import group
from lakeproof.commands import blame as blame_command
from lakeproof.session.case import Case
from lakeproof.session.stuck import Found

INVENTORY = """
version: 1
sites:
  - name: SITE
    endpoints:
      - {name: SITE, doors: {webdav: "davs://localhost:1/vo"}}
"""


def _found(**looks: State) -> Found:
    seen = {Look[name]: Seen(state, f"it was {name.lower()}") for name, state in looks.items()}
    case = Case("lake:f", "A", "B", asked="0123", state="the rule is STUCK")
    observed = Observations("A", "B", seen, Reason("SOURCE [2] HTTP 404", "SOURCE"))
    return Found(case, observed, deduce(observed))


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    path = tmp_path / "endpoints.yaml"
    path.write_text(INVENTORY)
    return path


def _blame(
    monkeypatch: pytest.MonkeyPatch, inventory: Path, found: Found, *options: str
) -> tuple[int, str]:
    monkeypatch.setattr(blame_command, "_looked", lambda *_: ([found], ["davs://left/behind"]))
    done = CliRunner().invoke(group, ["blame", "0123", "-i", str(inventory), *options])
    assert "could not be removed: davs://left/behind" in done.stderr
    return done.exit_code, done.stdout


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (_found(A_FILE=State.NO), 1),
        (_found(RULE_WAITS=State.NO, B_HAS=State.YES), 0),
        (_found(RULE_WAITS=State.YES, A_FILE=State.UNSEEN), 2),
    ],
)
def test_exit_code(
    monkeypatch: pytest.MonkeyPatch, inventory: Path, found: Found, code: int
) -> None:
    assert _blame(monkeypatch, inventory, found)[0] == code


def test_text_shows_everything_side_by_side(
    monkeypatch: pytest.MonkeyPatch, inventory: Path
) -> None:
    closed = Seen(State.UNSEEN, "nobody may ask it")
    found = _found(QUOTA=State.YES, A_FILE=State.NO)
    seen = {**found.observed.seen, Look.FTS_ANSWERS: closed, Look.FTS_ADMITS: closed}
    observed = Observations("A", "B", seen, found.observed.reason)

    _, text = _blame(monkeypatch, inventory, Found(found.case, observed, found.deduced))

    assert "lake:f: A to B\n  the rule is STUCK\n  reason: SOURCE [2] HTTP 404\n" in text
    assert "  Rucio\n    ok  the account may keep so much there: it was quota\n" in text
    assert "  endpoint A, the source\n    NO  the file is at the source: it was a_file\n" in text
    assert "  FTS\n    ?   not looked at: nobody may ask it\n" in text
    assert "\nEndpoint A (the source, A): the file that is to be copied is not there" in text
    assert "\n  do: " in text


def test_json_is_for_programs(monkeypatch: pytest.MonkeyPatch, inventory: Path) -> None:
    _, text = _blame(monkeypatch, inventory, _found(A_FILE=State.NO), "--json")

    (told,) = json.loads(text)
    assert told["layers"] == ["source"]
    assert told["asked"] == "0123"
    assert told["looks"]["source.file"] == {"answer": "no", "said": "it was a_file"}


def test_inventory_has_to_name_whom_to_ask(inventory: Path) -> None:
    rule = CliRunner().invoke(group, ["blame", "0123", "-i", str(inventory)])
    job = CliRunner().invoke(group, ["blame", "--fts-job", "0123", "-i", str(inventory)])

    assert (rule.exit_code, job.exit_code) == (3, 3)
    assert "the inventory names no Rucio" in rule.stderr
    assert "the inventory names no FTS" in job.stderr
