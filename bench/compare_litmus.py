"""Runs litmus and our checks on one area and writes the table of docs/litmus.md."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import yaml

from bench.anonymous import anonymous_area

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "litmus.md"
MAPPING = Path(__file__).parent / "litmus.yaml"
PATIENCE_S = 300
UNUSABLE = 3
BAD = frozenset({"fail", "nonstrict", "known"})
JUDGED = BAD | {"pass"}
RESULT = re.compile(r"\s*(?:\d+\. (\w+?))?\.{2,} (pass|FAIL|SKIPPED|XFAIL)\b(?: \((.*))?")
WARNING = re.compile(r"\s*(?:\d+\. (\w+?))?\.{2,} WARNING: (.*)")
RUNNING = re.compile(r"-> running `(\w+)'")
BEGIN, END = "<!-- table: bench/litmus writes it -->", "<!-- end of the table -->"


@dataclass(frozen=True)
class Verdict:
    """What litmus said of one test: pass, WARNING, FAIL or SKIPPED, and its words."""

    program: str
    test: str
    word: str
    said: str = ""


@dataclass(frozen=True)
class Row:
    """One test of litmus beside our checks; `theirs` is None where litmus never got there."""

    program: str
    test: str
    asks: str
    ours: tuple[str, ...]
    why: str
    theirs: Verdict | None
    outcomes: Mapping[str, str]

    @property
    def judged(self) -> bool:
        """Whether both came to a verdict."""
        ours = JUDGED & {self.outcomes.get(name) for name in self.ours}
        return bool(ours) and self.theirs is not None and self.theirs.word != "SKIPPED"

    @property
    def differs(self) -> bool:
        """Whether both judged and one of them found something that the other did not."""
        found = BAD & {self.outcomes.get(name) for name in self.ours}
        return self.judged and (self.theirs is None or self.theirs.word != "pass") != bool(found)

    @property
    def agreement(self) -> str:
        """One word for the table."""
        if not self.ours:
            return "not checked"
        if not self.judged:
            return "not judged"
        return "differs" if self.differs else "agrees"


def mapping() -> dict[str, list[dict[str, Any]]]:
    """The tests of litmus by program, in order; `like` takes another test's words."""
    programs: dict[str, list[dict[str, Any]]] = yaml.safe_load(MAPPING.read_text("utf-8"))
    for tests in programs.values():
        named = {test["test"]: test for test in tests if "like" not in test}
        for test in tests:
            if "like" in test:
                test |= {k: v for k, v in named[test["like"]].items() if k not in test}
                test["why"] = f"as for `{test['like']}`"
    return programs


def parse(text: str, programs: Mapping[str, list[dict[str, Any]]]) -> list[Verdict]:
    """The verdicts in litmus' output; a test that warns is printed without its name.

    Raises ValueError when the order is not that of the mapping: another version of litmus.
    """
    found: list[Verdict] = []
    program, place = "", 0
    warnings: list[str] = []
    for line in (line.rpartition("\r")[2] for line in text.split("\n")):
        if running := RUNNING.match(line):
            program, place, warnings = running[1], 0, []
        elif warning := WARNING.match(line):
            warnings.append(warning[2])
        elif result := RESULT.match(line):
            test = programs[program][place]["test"]
            if result[1] not in (None, test):
                raise ValueError(f"litmus ran {program}.{result[1]}, expected {program}.{test}")
            word = "WARNING" if result[2] == "pass" and warnings else result[2]
            said = "; ".join(warnings) if word == "WARNING" else (result[3] or "").rstrip(")")
            found.append(Verdict(program, test, word, said))
            place, warnings = place + 1, []
    return found


def rows(
    programs: Mapping[str, list[dict[str, Any]]],
    verdicts: Iterable[Verdict],
    outcomes: Mapping[str, str],
) -> Iterator[Row]:
    """Every test that is no mere step; what litmus repeats is one row with its worst verdict."""
    worst = ("SKIPPED", "pass", "WARNING", "XFAIL", "FAIL")
    theirs: dict[tuple[str, str], Verdict] = {}
    for verdict in verdicts:
        key = (verdict.program, verdict.test)
        if key not in theirs or worst.index(verdict.word) > worst.index(theirs[key].word):
            theirs[key] = verdict
    for program, tests in programs.items():
        for name, test in {test["test"]: test for test in reversed(tests)}.items().__reversed__():
            if not test.get("step"):
                yield Row(
                    program,
                    name,
                    test["asks"],
                    tuple(test["ours"]),
                    test.get("why", ""),
                    theirs.get((program, name)),
                    outcomes,
                )


def table(found: Iterable[Row]) -> str:
    """The table in Markdown."""
    lines = [
        "| litmus test | what it asks | litmus | our checks | ours | | why |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in found:
        theirs = "(not reached)" if row.theirs is None else row.theirs.word
        if row.theirs and row.theirs.said:
            theirs += f": {' '.join(row.theirs.said.split())}"
        ours = "<br>".join(f"`{name}`" for name in row.ours) or "none"
        said = "<br>".join(row.outcomes.get(name, "(not run)") for name in row.ours) or "-"
        cells = (
            f"`{row.program}.{row.test}`",
            row.asks,
            theirs,
            ours,
            said,
            row.agreement,
            row.why,
        )
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def run_litmus(url: str, programs: Iterable[str]) -> str:
    """What litmus prints about `url`."""
    litmus = shutil.which("litmus")
    if litmus is None:
        raise click.ClickException("litmus is not installed; as root: apt-get install litmus")
    with tempfile.TemporaryDirectory(prefix="lp-litmus-") as folder:  # it leaves debug.log
        done = subprocess.run(  # noqa: S603  a fixed program and the URL asked for
            [litmus, "--keep-going", f"{url}/"],
            cwd=folder,
            env={**os.environ, "TESTS": " ".join(programs)},
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
    return done.stdout


def run_ours(url: str, wanted: Iterable[str]) -> dict[str, str]:
    """The outcome of each of our checks that the mapping names."""
    with tempfile.TemporaryDirectory(prefix="lp-litmus-") as folder:
        command = [str(Path(sys.executable).with_name("lakeproof")), "check", url]
        command += [f"--check={name}" for name in wanted] + ["--out", folder]
        done = subprocess.run(  # noqa: S603  our own command
            command, cwd=folder, capture_output=True, text=True, check=False
        )
        results = Path(folder) / "latest" / "results.jsonl"
        if done.returncode >= UNUSABLE or not results.exists():
            raise click.ClickException(f"lakeproof ended with {done.returncode}: {done.stderr}")
        lines = [json.loads(line) for line in results.read_text("utf-8").splitlines()]
    return {line["check"]: line["outcome"] for line in lines}


def compare(url: str) -> list[Row]:
    """Both suites on `url`, one after the other."""
    programs = mapping()
    wanted = {name for tests in programs.values() for t in tests for name in t.get("ours", ())}
    verdicts = parse(run_litmus(url, programs), programs)
    return list(rows(programs, verdicts, run_ours(url, sorted(wanted))))


@click.command()
@click.argument("url", required=False)
@click.option("--write", is_flag=True, help="Write the table into docs/litmus.md.")
def main(url: str | None, *, write: bool) -> None:
    """Run litmus and our checks on one area, and print where they differ.

    Without URL it starts an XRootD of its own with an area that anybody may write to, on
    loopback. litmus writes (and leaves nothing) below URL/litmus/. Exit code 1 when the two
    judge the same differently and bench/litmus.yaml does not say why.
    """
    with nullcontext(url.rstrip("/")) if url else anonymous_area() as place:
        found = compare(place)
    text = table(found)
    click.echo(text)
    if write:
        head, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
        tail = rest.partition(END)[2]
        PAGE.write_text(f"{head}{BEGIN}\n{text}\n{END}{tail}", "utf-8")
    unexplained = [f"{row.program}.{row.test}" for row in found if row.differs and not row.why]
    if unexplained:
        click.echo(f"they differ, and nobody says why: {', '.join(unexplained)}", err=True)
    raise SystemExit(1 if unexplained else 0)
