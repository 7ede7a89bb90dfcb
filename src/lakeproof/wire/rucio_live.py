"""What a running Rucio knows of its RSEs, asked by the rucio-clients that the user has."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from lakeproof.wire.document import DocumentError

SCRIPT = Path(__file__).parent / "inside" / "rucio_census.py"
SILENCE_S = 180.0
ENV = "/usr/bin/env"
# Ours would be in the way of the other environment's.
OURS = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP")
INSTALL = "pip install rucio-clients, or script/bootstrap --with-rucio"
LOG_IN = "Rucio refused the log-in; `rucio whoami` has to work first"
SENTENCES = {
    "ModuleNotFoundError": f"rucio-clients is not installed: {INSTALL}",
    "ConfigNotFound": "rucio-clients finds no rucio.cfg; RUCIO_CONFIG may name the file",
    "CannotAuthenticate": LOG_IN,
    "AccessDenied": LOG_IN,
    "AccountNotFound": LOG_IN,
    "MissingClientParameter": "rucio.cfg, section [client], lacks a setting",
    "ConnectionError": "Rucio's server does not answer",
    "InvalidRSEExpression": "the RSE expression selects nothing",
}


class RucioUnknown(DocumentError):  # noqa: N818  reads as a fact
    """Rucio gave no answer: one sentence for a person."""


def user_python() -> Path | None:
    """The Python of the `rucio` command on the PATH, by the first line of that script."""
    command = shutil.which("rucio")
    if command is None:
        return None
    with Path(command).open("rb") as script:
        first = script.readline(4096).decode("utf-8", "replace").strip()
    words = first.removeprefix("#!").split()
    if not first.startswith("#!") or not words:
        return None
    if words[0] == ENV:
        named = shutil.which(words[-1])
        return Path(named) if named else None
    beside = Path(command).parent / "python"  # a path too long for the line stands elsewhere
    return beside if "python" not in Path(words[0]).name else Path(words[0])


def take_census(
    python: Path, expression: str | None, progress: Callable[[str], None]
) -> dict[str, Any]:
    """The RSEs that fit `expression` (None: all), as `rucio export` writes them, and who said so.

    `progress` gets a line now and then. Raises RucioUnknown.
    """
    try:
        process = subprocess.Popen(  # noqa: S603  our own script
            [str(python), str(SCRIPT), *([expression] if expression else [])],
            stdin=None,  # the terminal's, as is standard error: Rucio may ask for a log-in
            stdout=subprocess.PIPE,
            env={**_kept(), "RUCIO_CLIENT_MODE": "1"},
        )
    except OSError as error:
        raise RucioUnknown(f"{python} cannot be started: {error.strerror}; {INSTALL}") from None
    try:
        return _document(_lines(_pipe(process.stdout)), progress)
    finally:
        _end(process)


def _document(lines: Iterator[dict[str, Any]], progress: Callable[[str], None]) -> dict[str, Any]:
    rses: dict[str, Any] = {}
    server: dict[str, Any] = {}
    count: int | None = None
    for line in lines:
        if "failed" in line:
            raise RucioUnknown(_sentence(line["failed"], line["said"]))
        if "server" in line:
            server, count = line["server"], line["count"]
            who = f"{server['url']} as {server['account']} (Rucio {server['version']})"
            progress(f"asking {who} about {count} RSEs")
            continue
        rses[line["rse"]] = line["is"]
        if len(rses) % 10 == 0:
            progress(f"asked about {len(rses)} of {count}")
    if count is None or len(rses) < count:
        raise RucioUnknown("rucio-clients ended without an answer")
    return {"rses": rses, "server": server}


def _sentence(kind: str, said: str) -> str:
    words = " ".join(said.replace("Details:", " ").split())
    return f"{SENTENCES.get(kind, 'rucio-clients gave up')} ({kind}: {words})"


def _lines(pipe: IO[bytes]) -> Iterator[dict[str, Any]]:
    """Each line of the answer; raises RucioUnknown when none comes for three minutes."""
    rest = b""
    while select.select([pipe], [], [], SILENCE_S)[0]:
        part = os.read(pipe.fileno(), 1 << 16)
        if not part:
            return
        *whole, rest = (rest + part).split(b"\n")
        yield from map(json.loads, whole)
    raise RucioUnknown(f"Rucio gave no answer within {SILENCE_S:.0f} s")


def _end(process: subprocess.Popen[bytes]) -> None:
    """It only reads, so it may be stopped anywhere."""
    _pipe(process.stdout).close()
    process.kill()
    process.wait()


def _kept() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in OURS}


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise RucioUnknown("the process has no pipe")
    return stream
