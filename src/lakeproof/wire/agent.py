"""A process that does what it is told by a line of JSON, and answers with one."""

from __future__ import annotations

import json
import os
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

from lakeproof.wire.redact import redactor


class Agent:
    """One such process with a folder of its own, in which it starts; both are gone when closed.

    What it writes to its standard error is kept in the folder. It has `stop_s` seconds to end.
    """

    def __init__(self, name: str, *, stop_s: float) -> None:
        self._name, self._stop_s = name, stop_s
        self._home: TemporaryDirectory[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None

    @property
    def alive(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def make_home(self) -> Path:
        """An empty folder for the next process; ends the one before."""
        self.close()
        self._home = TemporaryDirectory(prefix=f"lakeproof-{self._name}-")
        return Path(self._home.name)

    def start(self, command: Sequence[str], home: Path, environment: Mapping[str, str]) -> None:
        """Start it in the folder that `make_home` gave; raises OSError."""
        self._log = (home / "log").open("w+b")
        self._process = subprocess.Popen(  # noqa: S603  our own scripts
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            cwd=home,
            env=environment,
        )

    def tell(self, told: Mapping[str, Any]) -> None:
        """Send one line; raises OSError when nobody takes it."""
        pipe = self._pipe("stdin")
        pipe.write(json.dumps(told).encode() + b"\n")
        pipe.flush()

    def line(self, most_s: float) -> bytes:
        """One line of the answer; raises ValueError when it ends, TimeoutError."""
        pipe, got = self._pipe("stdout").fileno(), bytearray()
        deadline = time.monotonic() + most_s
        while not got.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([pipe], [], [], left)[0]:
                if self._process is not None:
                    self._process.kill()
                raise TimeoutError(f"no answer within {most_s:.0f} s")
            part = os.read(pipe, 1 << 20)
            if not part:
                raise ValueError("no answer")
            got += part
        return bytes(got)

    def last_words(self) -> str:
        """The last line of its log, without secrets; empty when there is none."""
        if self._log is None:
            return ""
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        return redactor.text(lines[-1]) if lines else ""

    def close(self) -> None:
        """End the process and forget its files; nobody waits for what it still does."""
        if self._process is not None:
            with suppress(OSError):
                self._pipe("stdin").close()
            try:
                self._process.wait(self._stop_s)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._pipe("stdout").close()
            self._process = None
        if self._log is not None:
            self._log.close()
            self._log = None
        if self._home is not None:
            self._home.cleanup()
            self._home = None

    def _pipe(self, which: str) -> IO[bytes]:
        stream: IO[bytes] | None = getattr(self._process, which, None)
        if stream is None:
            raise OSError("the process has no pipe")
        return stream
