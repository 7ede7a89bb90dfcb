"""Copies made by gfal2, the library that FTS makes them with, in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lakeproof.fts import errors
from lakeproof.fts.ends import TRANSFER
from lakeproof.fts.errors import CopyFailed
from lakeproof.wire.clients.client import OFF_THE_NET, is_here
from lakeproof.wire.clients.gfal import look_for_gfal
from lakeproof.wire.clients.running import tied
from lakeproof.wire.redact import redactor

# Debian's gfal2 is for Debian's Python.
PYTHON = Path("/usr/bin/python3")
SCRIPT = Path(__file__).parent / "inside" / "gfalcopy.py"
GRACE_S, POLL_S = 10, 0.05
PLUGINS = {"davs": "http-", "https": "http-", "root": "xrootd-", "roots": "xrootd-"}


@dataclass(frozen=True)
class GfalOrder:
    """One copy: URLs, what each is reached with, and the environment gfal2 is to see."""

    source: str
    destination: str
    environment: Mapping[str, str]
    source_token: str = field(repr=False, default="")
    destination_token: str = field(repr=False, default="")
    certificate: Path | None = None
    client_info: Mapping[str, str] = field(default_factory=dict)
    timeout_s: int = 3600


@dataclass(frozen=True)
class Gfal:
    """gfal2 as it is installed: its version and the names of its plugins."""

    version: str
    plugins: frozenset[str]
    python: Path = PYTHON

    def copies(self, *urls: str) -> bool:
        """Whether it speaks the protocols of all `urls` and would stay on this machine."""
        return all(
            any(name.startswith(PLUGINS[urlsplit(url).scheme]) for name in self.plugins)
            and is_here(url)
            for url in urls
        )

    def copy(self, order: GfalOrder, stop: Callable[[], bool]) -> str:
        """Make the copy; returns how ("3rd pull"). Raises CopyFailed with gfal2's words."""
        report = self._report(order, stop)
        if report["code"]:
            text = redactor.text(str(report["text"]))
            raise CopyFailed(TRANSFER, int(report["code"]), text)
        return str((report["modes"] or ["3rd pull"])[-1])

    def _report(self, order: GfalOrder, stop: Callable[[], bool]) -> dict[str, Any]:
        asked = {
            "source": order.source,
            "destination": order.destination,
            "source_token": order.source_token,
            "destination_token": order.destination_token,
            "certificate": str(order.certificate or ""),
            "client_info": dict(order.client_info),
            "timeout_s": order.timeout_s,
            "parent": os.getpid(),
        }
        deadline = time.monotonic() + order.timeout_s + GRACE_S
        with subprocess.Popen(  # noqa: S603  a fixed program; secrets go through the pipe
            tied([str(self.python), "-I", str(SCRIPT)]),
            env={**order.environment, **OFF_THE_NET},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as running:
            said: str | None = json.dumps(asked)
            while True:
                try:
                    told, _ = running.communicate(said, timeout=POLL_S)
                    break
                except subprocess.TimeoutExpired:
                    said = None
                    if stop() or time.monotonic() > deadline:
                        running.kill()
        if stop():
            raise CopyFailed(TRANSFER, errors.ECANCELED, "Transfer canceled")
        if running.returncode:
            how = f"gfal2 ended without a report ({running.returncode})"
            raise CopyFailed(TRANSFER, errors.EIO, how)
        report: dict[str, Any] = json.loads(told)
        return report


def found(python: Path = PYTHON) -> Gfal | None:
    """What is installed for this Python; None without its bindings or any of its plugins."""
    installed = look_for_gfal(python)
    return None if installed is None else Gfal(*installed, python)
