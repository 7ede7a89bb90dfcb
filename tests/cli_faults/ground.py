"""Emulated elements as processes, and the command line run on them from outside."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from lakeproof.lake.layout import CLIENTS, ODD_CLIENT, Layout
from tests.bite.bench import AREA, Files, IssuerThread, make_files
from tests.plugin.tree import CHECKOUT, Finished, environment, finish, lakeproof_command

START_S = 30
LONGEST_RUN_S = 90
POLL_S = 0.02
# Of every element, whatever port it is on or what stands before it.
AUDIENCE = "https://storage.example.org"


@dataclass(frozen=True)
class Measured:
    """A run with the most memory its process ever had, in bytes."""

    run: Finished
    peak: int


class Ground:
    """An authority and an issuer in this process; servers and runs in processes of their own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.files: Files = make_files(directory)
        self.layout = Layout(directory / "issuer")
        self.layout.secret.mkdir(parents=True)
        for client in CLIENTS:
            self.layout.client_secret(client).write_text(secrets.token_urlsafe())
            self.layout.client_secret(client).chmod(0o600)
        self.secret_file = self.layout.client_secret(ODD_CLIENT)
        self.issuer = IssuerThread(self.layout, self.files)

    @contextmanager
    def element(self, name: str, faults: Iterable[str] = (), *options: str) -> Iterator[str]:
        """One emulated element with these faults and further options; gives its URL."""
        ready = self._ready_file(name)
        server = subprocess.Popen(
            [sys.executable, "-m", "lakeproof.emulator", *self._options(name, faults), *options],
            env=environment(),
            stdout=subprocess.DEVNULL,
        )
        try:
            deadline = time.monotonic() + START_S
            while not ready.exists() or not ready.read_text().endswith("\n"):
                assert server.poll() is None, f"the element {name} did not start"
                assert time.monotonic() < deadline, f"the element {name} is not ready"
                time.sleep(POLL_S)
            yield ready.read_text().strip()
        finally:
            server.terminate()
            server.wait(START_S)

    def _ready_file(self, name: str) -> Path:
        return self.directory / f"{name}.url"

    def _options(self, name: str, faults: Iterable[str]) -> list[str]:
        files = self.files
        return [
            f"--ready-file={self._ready_file(name)}",
            f"--root={self.directory / name}",
            "--name=localhost",
            f"--certificate={files.certificate}",
            f"--key={files.key}",
            f"--ca={files.ca}",
            f"--ca-certificate={files.ca}",
            f"--ca-key={files.ca_key}",
            f"--issuer={self.issuer.url}",
            f"--base-path={AREA}",
            f"--audience={AUDIENCE}",
            "--marker-interval=0.1",
            *(f"--fault={fault}" for fault in faults),
        ]

    def check(self, url: str, partner: str, name: str, *arguments: str) -> Finished:
        """`lakeproof check URL` as an admin types it."""
        folder = self.directory / f"run-{name}"
        folder.mkdir()
        command = lakeproof_command(
            "check",
            url,
            f"--partner={partner}",
            f"--ca={self.files.ca}",
            f"--scope-root={AREA}",
            f"--token=client:{self.issuer.url}",
            f"--client-id={ODD_CLIENT}",
            f"--client-secret-file={self.secret_file}",
            "--odd-tokens",
            f"--out={folder / 'out'}",
            *arguments,
        )
        return finish(command, folder, folder / "out", None)

    def run(self, url: str, name: str, *arguments: str, **endpoint: object) -> Measured:
        """`lakeproof run` with short time-outs, and how much memory it took.

        `endpoint` are further keys of the endpoint in the inventory.
        """
        folder = self.directory / f"run-{name}"
        folder.mkdir()
        inventory = folder / "endpoints.yaml"
        inventory.write_text(yaml.safe_dump(self._inventory(url, endpoint)))
        command = lakeproof_command(
            "run", "-i", str(inventory), f"--out={folder / 'out'}", *arguments
        )
        code, peak, output = measured(command, folder)
        return Measured(Finished(code, output, folder / "out"), peak)

    def _inventory(self, url: str, more: Mapping[str, object]) -> Mapping[str, object]:
        issuer = {
            "url": self.issuer.url,
            "client_id": ODD_CLIENT,
            "client_secret": f"file:{self.secret_file}",
            "ca": str(self.files.ca),
            "trusted_odd_tokens": True,
        }
        endpoint = {
            "name": "MALICIOUS",
            "technology": "auto",
            "doors": {"webdav": url},
            "scope_root": AREA,
            "audience": AUDIENCE,
            "auth": {"tokens": "lake"},
            "ca": str(self.files.ca),
            **more,
        }
        return {
            "version": 1,
            "issuers": {"lake": issuer},
            "defaults": {"timeout_s": 1, "connect_timeout_s": 1, "total_timeout_s": 2},
            "sites": [{"name": "SITE", "endpoints": [endpoint]}],
        }

    def issued_tokens(self) -> set[str]:
        """Every token that was given out."""
        return set(self.layout.issued.read_text().split())

    def stop(self) -> None:
        """Stop the issuer."""
        self.issuer.stop()


def measured(command: list[str], folder: Path) -> tuple[int, int, str]:
    """Exit code, peak memory in bytes, and output of a command that has to end by itself."""
    output = folder / "output.txt"
    with output.open("wb") as stream:
        process = subprocess.Popen(
            command,
            cwd=CHECKOUT,
            env=environment(),
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        alarm = threading.Timer(LONGEST_RUN_S, os.killpg, (process.pid, signal.SIGKILL))
        alarm.start()
        # wait4 alone tells the peak of this very child.
        _, status, usage = os.wait4(process.pid, 0)
        alarm.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_maxrss * 1024, output.read_text("utf-8", "replace")
