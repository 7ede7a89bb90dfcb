"""The steps from nothing to an installed server; each goes on where an earlier try ended."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from lakeproof.lake.built import trial
from lakeproof.lake.built.recipe import (
    HEADERS,
    NAME,
    OPTIONS,
    PACKAGES,
    SHA256,
    TAPE_PLUGIN,
    TITLE,
    VERSION,
    Place,
    place,
)
from lakeproof.lake.errors import LakeError
from lakeproof.lake.xrootd import Account

Progress = Callable[[str], None]
STEP = re.compile(r"^\[(\d+)/(\d+)\]")
# How often progress is told: once for so many hundredths of the steps.
TELL_EVERY = 10
LOG_LINES = 15
MIB = 1024 * 1024


@dataclass(frozen=True)
class _Build:
    """One try: where, what it tells, and the open lock, which its children keep after our end."""

    place: Place
    progress: Progress
    log: IO[str]
    lock: IO[str]

    @property
    def source(self) -> Path:
        return self.place.work / "source"

    @property
    def objects(self) -> Path:
        return self.place.work / "objects"

    def run(self, what: str, *command: str | Path) -> None:
        """Run a step of a few seconds."""
        self.progress(what)
        for _ in self.lines(command):
            pass

    def lines(self, command: Sequence[str | Path]) -> Iterator[str]:
        """What a step prints, which goes into the log too.

        Raises LakeError with the last lines of it when the step fails.
        """
        self.log.write(f"$ {' '.join(map(str, command))}\n")
        self.log.flush()
        # Out of the way of whatever else this machine does.
        polite = ["nice", "-n", "19", *map(str, command)]
        with subprocess.Popen(  # noqa: S603  the commands of this module
            polite,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            umask=0o022,
            pass_fds=(self.lock.fileno(),),
        ) as process:
            for line in process.stdout or ():
                self.log.write(line)
                self.log.flush()
                yield line
        if process.returncode != 0:
            last = self.place.log.read_text(errors="replace").splitlines()[-LOG_LINES:]
            raise LakeError(
                f"{Path(command[0]).name} failed; what was built is kept, and the next try goes on "
                f"from there; the last lines of {self.place.log}:\n"
                + "\n".join(f"  {line}" for line in last)
            )


def build(progress: Progress) -> Place:
    """Build, install and try the newer XRootD; harmless when that is done.

    Raises LakeError when packages are missing (with the line to type), a step fails, or another
    build is at work.
    """
    here = place()
    if here.proof.exists():
        progress(f"{TITLE} is built already: {here.prefix}")
        return here
    require_packages()
    _make_folder(here)
    with _locked(here) as lock, here.log.open("a") as log:
        began = time.monotonic()
        progress(f"building {TITLE} in {here.folder}; what each step prints: {here.log}")
        _steps(_Build(here, progress, log, lock))
        seconds = round(time.monotonic() - began)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        size = sum(path.lstat().st_size for path in here.prefix.rglob("*"))
        proof = {
            "version": VERSION,
            "seconds": seconds,
            "processor_seconds": round(used.ru_utime + used.ru_stime),
            "bytes": size,
        }
        here.proof.write_text(json.dumps(proof) + "\n")
        shutil.rmtree(here.work)
    progress(
        f"{TITLE} is built: {seconds} s, {size / MIB:.0f} MiB; the next `lakeproof lake up` has "
        "two sites of it"
    )
    return here


def _make_folder(here: Place) -> None:
    """A folder that the servers' user can enter; raises LakeError now rather than in the end."""
    here.folder.mkdir(parents=True, exist_ok=True)
    for own in (here.folder.parent, here.folder):
        own.chmod(0o755)
    way_out = "set XDG_CACHE_HOME to a directory that he can enter, for `lake up` as well"
    Account.for_servers().require_access(here.proof, way_out)


def require_packages() -> None:
    """Raise LakeError with the line to type when packages of Debian are missing.

    Where there is no dpkg, cmake will say what it misses.
    """
    if shutil.which("dpkg-query") is None:
        return
    answer = subprocess.run(  # noqa: S603  fixed names
        ["dpkg-query", "-W", "-f", "${db:Status-Status} ${Package}\n", *PACKAGES],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    there = {line.split()[1] for line in answer.stdout.splitlines() if line.startswith("installed")}
    absent = [package for package in PACKAGES if package not in there]
    if absent:
        raise LakeError(
            f"{TITLE} needs Debian packages to be built that are not installed; as root, type: "
            f"apt-get install --no-install-recommends {' '.join(absent)}"
        )


def _steps(this: _Build) -> None:
    archive = _fetched(this)
    _unpacked(this, archive)
    # A copy: with another checkout's path in the commands everything would be compiled once more.
    headers = this.place.work / "include"
    shutil.copytree(HEADERS, headers, dirs_exist_ok=True)
    options = [f"-D{name}={value}" for name, value in OPTIONS.items()]
    options.append(f"-DCMAKE_CXX_FLAGS=-isystem {headers}")
    options.append(f"-DCMAKE_INSTALL_PREFIX={this.place.prefix}")
    where = ("-S", this.source, "-B", this.objects)
    this.run("configuring", "cmake", "-G", "Ninja", *options, *where)
    _compiled(this)
    this.run("installing", "cmake", "--install", this.objects)
    shutil.copy2(this.objects / "lib" / TAPE_PLUGIN, this.place.prefix / "lib")
    this.progress("trying it: an upload, a download, the tape API")
    trial.verify(this.place, VERSION)


def _fetched(this: _Build) -> Path:
    """The source distribution, of the right content; asks PyPI, or the mirror pip knows, once."""
    archive = this.place.work / f"{NAME}.tar.gz"
    if not _is_right(archive):
        this.place.work.mkdir(exist_ok=True)
        pinned = this.place.work / "requirements.txt"
        pinned.write_text(f"xrootd=={VERSION} --hash=sha256:{SHA256}\n")
        pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--no-deps")
        what = ("--no-binary=xrootd", "--dest", this.place.work, "--requirement", pinned)
        this.run(f"fetching xrootd=={VERSION} with pip", *pip, *what)
    if not _is_right(archive):
        raise LakeError(f"{archive} is not the file that was expected; delete it, and try again")
    return archive


def _is_right(archive: Path) -> bool:
    if not archive.exists():
        return False
    return hashlib.sha256(archive.read_bytes()).hexdigest() == SHA256


def _unpacked(this: _Build, archive: Path) -> None:
    if this.source.exists():
        return
    # Half a tree of an earlier try has another name.
    half = this.place.work / "unpacking"
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir()
    strip = ("--no-same-owner", "--strip-components=1")
    this.run("unpacking", "tar", "-xzf", archive, "-C", half, *strip)
    half.rename(this.source)


def _compiled(this: _Build) -> None:
    """Compile with every processor; of what was compiled before, only the rest."""
    jobs = len(os.sched_getaffinity(0))
    this.progress(f"compiling, {jobs} at a time; some 4 minutes on two idle processors")
    began, told = time.monotonic(), 0
    for line in this.lines(["ninja", "-C", this.objects, f"-j{jobs}"]):
        step = STEP.match(line)
        if step is None:
            continue
        done, all_steps = map(int, step.groups())
        tenths = done * 100 // all_steps // TELL_EVERY
        if tenths > told:
            told = tenths
            this.progress(f"  {done} of {all_steps} steps, {time.monotonic() - began:.0f} s")


@contextmanager
def _locked(here: Place) -> Iterator[IO[str]]:
    with here.lock.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LakeError(
                f"{TITLE} is being built already, in {here.folder}; its log: {here.log}"
            ) from None
        yield lock
