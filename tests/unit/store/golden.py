"""Two real runs of the six-site lake, between which something broke and something was repaired.

`recorded/<run>/` has each run's results.jsonl (packed) and run.json, as `lakeproof run` wrote them
on 2026-11-24 with the suites reachability, webdav, integrity, ranges, tokens, tpc and info. The two
XRootD sites are real, the other four emulated, with these faults (catalogue/faults):

| site | first run | second run |
|---|---|---|
| LAKE-DCACHE-EMULATED | scope-create-overwrites, tpc-pull-lies | none: repaired |
| LAKE-EOS-EMULATED | digest-missing-file-500 | digest-missing-file-500 |
| LAKE-DPM-EMULATED | none | tls-expired: nothing else can be judged |
| LAKE-STORM-EMULATED | none | put-overwrite-keeps-tail, tpc-push-unsupported |
"""

from __future__ import annotations

import json
import lzma
import shutil
from pathlib import Path

from lakeproof.store import Store, open_store
from lakeproof.store.ingest import folders_in, import_runs

GOLDEN = Path(__file__).parent / "recorded"
FIRST, SECOND = sorted(path.name for path in GOLDEN.iterdir())


def golden_runs(out: Path, *only: str) -> Path:
    """Unpack both runs, of all endpoints or of these, below `out`; gives `out`."""
    for packed in GOLDEN.iterdir():
        folder = out / "runs" / packed.name
        folder.mkdir(parents=True)
        shutil.copy(packed / "run.json", folder / "run.json")
        with lzma.open(packed / "results.jsonl.xz") as source:
            lines = source.read().decode().splitlines(keepends=True)
        mine = [line for line in lines if not only or json.loads(line)["endpoint"] in only]
        (folder / "results.jsonl").write_text("".join(mine), encoding="utf-8")
    return out


def golden_store(out: Path) -> Store:
    """Both runs in a store of their own in `out`; whoever asks for it closes it."""
    store = open_store(out / "store.sqlite")
    done = list(import_runs(store, folders_in(golden_runs(out))))
    problems = [each.problem for each in done if each.problem]
    if problems:
        raise RuntimeError(problems[0])
    return store
