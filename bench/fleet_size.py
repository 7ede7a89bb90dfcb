"""How a run of many endpoints does: does each cost what it costs alone, and who waits for whom."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from bench.fleet import ROOT, Fleet, started
from bench.floor import Bare, replay
from bench.wiretap_names import BEGAN, INTO
from lakeproof.credentials.client import ClientCredentials
from lakeproof.lake import Lake, control
from lakeproof.session.plan import from_inventory

SAMPLE_S = 0.25
UNUSABLE = 3
ANY = "https://wlcg.cern.ch/jwt/v1/any"
MOST_BARE = 20_000
"""Bare requests of the floor at most: their rate is what counts."""

TICK = os.sysconf("SC_CLK_TCK")


@dataclass
class Processes:
    """The largest memory of a process and all that it started, and how many they were.

    Pages that several of them share count once (PSS of Linux).
    """

    root: int
    peak_kb: int = 0
    first_kb: int = 0
    most: int = 0
    _over: threading.Event = field(default_factory=threading.Event)

    def look(self) -> None:
        """Once."""
        family = family_of(self.root)
        sizes = [pss_kb(pid) for pid in family]
        self.most = max(self.most, len(family))
        self.first_kb = max(self.first_kb, sizes[0] if sizes else 0)
        self.peak_kb = max(self.peak_kb, sum(sizes))

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Look again and again during the block."""
        thread = threading.Thread(target=self._watch)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _watch(self) -> None:
        self.look()
        while not self._over.wait(SAMPLE_S * max(1, self.most / 8)):
            self.look()


def family_of(root: int) -> list[int]:
    """The process and its descendants."""
    found, ahead = [], [root]
    while ahead:
        pid = ahead.pop()
        found.append(pid)
        with suppress(OSError):
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                ahead += map(int, children.read_text().split())
    return found


def pss_kb(pid: int) -> int:
    """Memory of a process, with its share of what it shares; 0 when it is gone."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    found = [line.split()[1] for line in text.splitlines() if line.startswith("Pss:")]
    return int(found[0]) if found else 0


def used_s(pid: int) -> float:
    """Processor seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


@dataclass(frozen=True)
class Question:
    """What is run on how many endpoints."""

    words: tuple[str, ...]
    jobs: str = "auto"
    delay_s: float = 0.0


def measure(lake: Lake, question: Question, number: int, *, alone: bool = False) -> dict[str, Any]:
    """One run on a fresh fleet, and the floor of it; with `alone`, its slowest endpoint again."""
    with started(lake, number, question.delay_s) as fleet, tempfile.TemporaryDirectory() as out:
        found = run(fleet, question, Path(out)) | {"endpoints": number}
        if not question.delay_s:  # else one after another it is nothing but round trips
            found["floor"] = floor(fleet, found["requests"])
        if alone:
            slowest = max(found["serial_s"], key=lambda name: found["serial_s"][name])
            only = Question((*question.words, f"--endpoint={slowest}"), "1", question.delay_s)
            again = run(fleet, only, Path(out) / "alone")
            found["alone"] = {"endpoint": slowest, "wall_s": again["wall_s"]}
    shutil.rmtree(lake.directory / "fleet")
    return found


def run(fleet: Fleet, question: Question, out: Path) -> dict[str, Any]:
    """The lakeproof command as a fresh process."""
    into = out / "stopwatch.json"
    out.mkdir(parents=True, exist_ok=True)
    command = [str(Path(sys.executable).with_name("lakeproof")), "run", f"-i{fleet.inventory}"]
    command += [f"-j{question.jobs}", f"--out={out}", *question.words]
    extra = {"PYTEST_PLUGINS": "bench.stopwatch", "PYTHONPATH": str(ROOT), INTO: str(into)}
    extra |= {"LAKEPROOF_STORE": f"sqlite:///{out}/store.sqlite", BEGAN: repr(time.time())}
    before, served = os.times(), used_s(fleet.pid)
    began = time.perf_counter()
    with (
        (out / "said.txt").open("w") as said,
        subprocess.Popen(  # noqa: S603  our own command
            command, env={**os.environ, **extra}, cwd=ROOT, stdout=said, stderr=said
        ) as process,
    ):
        memory = Processes(process.pid)
        with memory.watched():
            process.wait()
    wall_s, after = time.perf_counter() - began, os.times()
    if process.returncode >= UNUSABLE:
        raise click.ClickException((out / "said.txt").read_text()[-2000:])
    _require_judged(out)
    cpu_s = sum(after[2:4]) - sum(before[2:4])
    told = json.loads((out / "latest" / "run.json").read_text())
    rows = (out / "latest" / "results.jsonl").read_text().splitlines()
    results = [json.loads(row) for row in rows]
    return {
        "wall_s": wall_s,
        "cpu_s": cpu_s,
        "server_cpu_s": used_s(fleet.pid) - served,
        "phases": json.loads(into.read_text()),
        "processes": memory.most,
        "peak_mb": memory.peak_kb / 1024,
        "first_mb": memory.first_kb / 1024,
        "requests": told["requests"],
        "results": len(results),
        "outcomes": _outcomes(results),
        "serial_s": serial(results),
    }


def _require_judged(out: Path) -> None:
    """Raise unless nearly all is judged: what a run is blocked by costs next to nothing."""
    rows = (out / "latest" / "results.jsonl").read_text().splitlines()
    vain = [row for row in map(json.loads, rows) if row["outcome"] in ("error", "blocked")]
    if len(vain) > len(rows) / 20:
        why = next((row["actual"] for row in vain if row["outcome"] == "error"), "")
        raise click.ClickException(f"{len(vain)} of {len(rows)} results are no verdict: {why}")


def _outcomes(results: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for row in results:
        found[row["outcome"]] += 1
    return dict(found)


def serial(results: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Seconds that each endpoint's checks took one after another, within this run."""
    found: dict[str, float] = defaultdict(float)
    for row in results:
        found[row["endpoint"]] += row["duration_s"]
    return dict(found)


def floor(fleet: Fleet, requests: int) -> dict[str, float]:
    """So many bare requests, one connection an endpoint: files go up, are looked at, and go."""
    targets = from_inventory(fleet.inventory, (), ()).targets
    spec = targets[0].tokens
    source = spec.open() if spec is not None else None
    if not isinstance(source, ClientCredentials):
        raise TypeError("the fleet's tokens come from its issuer")
    token = source.token(["storage.read:/", "storage.modify:/"], ANY)
    source.close()
    context = ssl.create_default_context(cafile=targets[0].tls().ca)
    head = {"Authorization": f"Bearer {token}"}
    plan = [("PUT", b"x" * 100), ("PROPFIND", b""), ("GET", b""), ("DELETE", b"")]
    per = -(-min(requests, MOST_BARE) // (len(plan) * len(targets)))
    bare = []
    for target, at in itertools.product(targets, range(per)):
        url = f"{target.endpoint.url.replace('davs', 'https', 1)}/floor-{at}"
        for method, body in plan:
            more = {"Depth": "0"} if method == "PROPFIND" else {}
            more |= {"Content-Length": str(len(body))} if body else {}
            bare.append(Bare("", method, url, head | more, context, body, len(body)))
    before, cpu, served = time.perf_counter(), time.process_time(), used_s(fleet.pid)
    done = replay(bare)
    return {
        "requests": len(bare),
        "unanswered": sum(each.status == 0 for each in done),
        "wall_s": time.perf_counter() - before,
        "cpu_s": time.process_time() - cpu,
        "server_cpu_s": used_s(fleet.pid) - served,
    }


def table(found: Sequence[Mapping[str, Any]]) -> str:
    """The figures for a person; `of` is each endpoint's cost relative to the smallest fleet."""
    first = found[0]
    heads = ("endpoints", "checks", "requests", "wall s", "run CPU s", "CPU/endpoint", "ratio")
    more = ("collect", "per item", "report", "peak MB", "processes", "CPU/floor", "wall/floor")
    lines = ["".join(f"{head:>14}" for head in (*heads, *more))]
    base = first["cpu_s"] / first["endpoints"]
    for row in found:
        number, cpu = row["endpoints"], row["phases"]["cpu_s"]
        cells = [
            f"{number}",
            f"{row['results']}",
            f"{row['requests']}",
            f"{row['wall_s']:.1f}",
            f"{row['cpu_s']:.1f}",
            f"{row['cpu_s'] / number:.2f} s",
            f"{row['cpu_s'] / number / base:.2f}",
            f"{cpu['collection']:.2f} s",
            f"{cpu['collection'] / row['results'] * 1e6:.0f} us",
            f"{cpu['report']:.2f} s",
            f"{row['peak_mb']:.0f}",
            f"{row['processes']}",
            *_over_floor(row),
        ]
        lines.append("".join(f"{cell:>14}" for cell in cells))
    for row in found:
        if "alone" in row:
            own, alone = max(row["serial_s"].values()), row["alone"]["wall_s"]
            lines += [
                "",
                f"{row['endpoints']} endpoints: the run took {row['wall_s']:.1f} s; the slowest, "
                f"{row['alone']['endpoint']}, {own:.1f} s of that, and alone {alone:.1f} s",
                f"run / slowest within it {row['wall_s'] / own:.2f}, "
                f"run / slowest alone {row['wall_s'] / alone:.2f}, "
                f"one after another / run {sum(row['serial_s'].values()) / row['wall_s']:.1f}",
            ]
    return "\n".join(lines)


def _over_floor(row: Mapping[str, Any]) -> list[str]:
    """How many times what as many bare requests take: of the processor, and of time."""
    if "floor" not in row:
        return ["-", "-"]
    share = row["floor"]["requests"] / row["requests"]
    return [f"{row[key] / row['floor'][key] * share:.1f}" for key in ("cpu_s", "wall_s")]


@click.command()
@click.option(
    "--endpoints",
    "numbers",
    multiple=True,
    type=click.IntRange(1),
    default=(50, 100, 250, 500),
    show_default=True,
    help="How many; repeatable.",
)
@click.option("--profile", default="core", show_default=True)
@click.option("--suite", "suites", multiple=True, help="Of the profile, only this suite.")
@click.option("-j", "jobs", default="auto", show_default=True, help="As for lakeproof run.")
@click.option(
    "--round-trip", default=0.0, show_default=True, help="Milliseconds; 0 is loopback itself."
)
@click.option("--alone", is_flag=True, help="Check the slowest endpoint once more, by itself.")
@click.option("--report", type=click.Path(path_type=Path), default=ROOT / "reports" / "bench")
def main(  # noqa: PLR0913  one parameter for each option
    *,
    numbers: Sequence[int],
    profile: str,
    suites: Sequence[str],
    jobs: str,
    round_trip: float,
    alone: bool,
    report: Path,
) -> None:
    """Run a profile on fleets of emulated endpoints of several sizes, on loopback.

    The floor is the same number of requests in a bare loop over one connection an endpoint.
    Processor times are of the run and everything that it starts; the endpoints' own are apart.
    """
    words = (f"--profile={profile}", *(f"--suite={suite}" for suite in suites))
    question = Question(words, jobs, round_trip / 2000)
    directory = Path(tempfile.mkdtemp(prefix="lp-bench-"))
    lake = control.up(directory, port_base=0, owner_pid=os.getpid(), emulated=True)
    found = []
    report.mkdir(parents=True, exist_ok=True)
    try:
        for number in numbers:
            found.append(measure(lake, question, number, alone=alone))
            (report / "scale.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
            wall_s = found[-1]["wall_s"]
            click.echo(f"{number} endpoints: {wall_s:.1f} s", err=True)
    finally:
        control.down(directory, purge=True)
    click.echo(table(found))


if __name__ == "__main__":
    main()
