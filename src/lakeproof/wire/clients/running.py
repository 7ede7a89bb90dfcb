"""One run of a client program: in a process of its own, with a deadline, and recorded."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from lakeproof.wire.redact import redactor
from lakeproof.wire.transcript import Exchange, Recorder

KEPT = 64 * 1024
"""Bytes of each output that are read."""

LAST_WORDS = 300
MOST_WRITTEN = 1 << 30
"""No client writes a larger file: an answer without end must not fill the disk."""

_UNREADY = re.compile(r"\s+")


@dataclass(frozen=True)
class Command:
    """What is run, and how it is shown.

    `names` are words of this machine (files with secrets, folders) and what stands for them in
    the line that a person can repeat; `shown` replaces words that hold a secret themselves.
    `environment` is all that the program sees, `told` those of it that a person needs as well.
    """

    words: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    told: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    shown: Mapping[str, str] = field(default_factory=dict, repr=False)

    def line(self) -> str:
        """The command line, without secrets, to be pasted into a shell."""
        told = [f"{name}={self._word(self.environment[name])}" for name in self.told]
        return redactor.text(" ".join([*told, *(self._word(word) for word in self.words)]))

    def _word(self, word: str) -> str:
        if word in self.shown:
            return self.shown[word]
        for real, name in sorted(self.names.items(), key=lambda item: -len(item[0])):
            word = word.replace(real, name)
        return shlex.quote(word)


@dataclass
class ProgramRun(Exchange):
    """A run of a client in the record of a check, beside the exchanges of our own client."""

    line: str = ""
    said: str = ""

    def text(self) -> str:
        """What was run, what it said and how it ended, redacted."""
        head = f"$ {self.line}   [{self.started:%H:%M:%S}Z, {self.auth_label}]"
        return redactor.text(
            "\n".join([head, *self.said.splitlines(), f"= {self.elapsed_s:.3f} s"])
        )

    def curl(self) -> str:
        """The line that repeats it."""
        return redactor.text(self.line)


@dataclass(frozen=True)
class Ran:
    """How a client ended. `code` is None when it was stopped at the deadline.

    `client` is its name with its version, `file` what it downloaded.
    """

    client: str
    act: str
    code: int | None
    out: str
    err: str
    record: ProgramRun
    file: Path | None = None

    @property
    def ok(self) -> bool:
        """Whether the client said that it has done it."""
        return self.code == 0

    @property
    def lines(self) -> list[str]:
        """The lines of its standard output."""
        return self.out.splitlines()

    def describe(self) -> str:
        """One phrase: "davix 0.8.4 ended with 1: (…) 403 Forbidden"."""
        if self.ok:
            return f"{self.client} says that it has done it"
        if self.code is None:
            return f"{self.client} had not ended at the deadline and was stopped"
        said = _UNREADY.sub(" ", f"{self.err.strip() or self.out.strip()}")[-LAST_WORDS:].strip()
        how = f"ended with {self.code}" if self.code > 0 else f"was ended by signal {-self.code}"
        return redactor.text(f"{self.client} {how}: {said or 'it says nothing'}")


def run(  # noqa: PLR0913  what is run and what of it is remembered, each by name
    command: Command,
    *,
    client: str,
    act: str,
    url: str,
    auth_label: str,
    recorder: Recorder,
    timeout_s: float,
    file: Path | None = None,
) -> Ran:
    """Run it to its end, at the latest to the deadline, when it is killed."""
    record = ProgramRun(
        "RUN", url, {}, auth_label, line=command.line(), started=datetime.now(UTC), status=0
    )
    recorder.current.add(record)
    began = time.monotonic()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        with subprocess.Popen(  # noqa: S603  a fixed program, no shell
            tied(command.words, most_written=MOST_WRITTEN),
            env=dict(command.environment),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        ) as running:
            code: int | None
            try:
                code = running.wait(timeout_s)
            except subprocess.TimeoutExpired:
                running.kill()
                code = None
            except BaseException:
                running.kill()
                raise
        texts = []
        for stream in (out, err):
            stream.seek(0)
            texts.append(stream.read(KEPT).decode(errors="replace"))
    record.elapsed_s = time.monotonic() - began
    ended = "stopped at the deadline" if code is None else f"ended with {code}"
    record.said = redactor.text("\n".join([*(text.rstrip() for text in texts if text), ended]))
    return Ran(client, act, code, texts[0], texts[1], record, file)


def tied(command: Sequence[str], *, most_written: int | None = None) -> list[str]:
    """`command` so that it is killed when we are, however we end.

    With `most_written` it makes no file of more bytes, where prlimit is installed.
    """
    words = [*command]
    limiting, tying = shutil.which("prlimit"), shutil.which("setpriv")
    words = [limiting, f"--fsize={most_written}", *words] if limiting and most_written else words
    return [tying, "--pdeathsig", "KILL", *words] if tying else words
