"""What all clients have in common: how they are found, and how they are shown credentials."""

from __future__ import annotations

import ipaddress
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from lakeproof.wire.auth import Bearer, ClientCert
from lakeproof.wire.authorities import hashed_directory
from lakeproof.wire.clients.running import Command, Ran, run
from lakeproof.wire.http import quoted
from lakeproof.wire.payload import Payload
from lakeproof.wire.storage import StorageElement

LOOK_PATIENCE_S = 20
# Some clients ask the name servers what a server's address is called; for servers on this machine
# nothing of that may leave it.
OFF_THE_NET = {"RES_OPTIONS": "attempts:0"}
# What stands for our files in the line that a person can repeat.
SHOWN = {"token": "TOKEN_FILE", "upload": "/tmp/FILE", "download": "/tmp/FILE"}  # noqa: S108
_VERSION = re.compile(r"\d+(?:\.\d+)+")

Place = tuple[StorageElement, PurePosixPath]


@dataclass(frozen=True)
class Installed:
    """A client on this machine: what it is called, its version, and its program."""

    name: str
    version: str
    program: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


@dataclass
class Dressing:
    """What a command line gets to show a credential, and how that is shown to a person.

    Who repeats it needs `environment`, but not `quiet`, which keeps other credentials away.
    """

    label: str
    words: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    quiet: dict[str, str] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)


class Client:
    """A client as it is installed; `folder` keeps what it reads and writes during a check."""

    def __init__(self, installed: Installed, folder: Path) -> None:
        self.installed = installed
        self.folder = folder
        self._called: dict[str, str] = {}

    def __str__(self) -> str:
        return str(self.installed)

    def file_of(self, data: Payload) -> Path:
        """A local file of this content."""
        path = self._new_file("upload")
        with path.open("wb") as file:
            for block in data.blocks():
                file.write(block)
        return path

    def _new_file(self, stem: str) -> Path:
        path = self.folder / f"{stem}-{len(self._called) + 1}"
        self._called[str(path)] = SHOWN.get(stem, "FILE")
        return path

    def _token_file(self, bearer: Bearer) -> Path:
        path = self._new_file("token")
        path.touch(mode=0o600)
        path.write_text(bearer.token)
        return path

    def _run(  # noqa: PLR0913  the facts of a run, each by name
        self,
        act: str,
        words: Sequence[str],
        *places: Place,
        writes: str = "",
        dressing: Dressing,
        environment: Mapping[str, str] | None = None,
        names: Mapping[str, str] | None = None,
        file: Path | None = None,
    ) -> Ran:
        """Run the program; `writes` is the method that the guard has to let through at each place.

        The deadline is the endpoint's total time-out.
        """
        storage, path = places[-1]
        for each, where in places if writes else ():
            if writes != "COPY" or (each, where) == places[-1]:
                each.client.guard.check(
                    "PUT" if writes == "COPY" else writes, quoted(where), {}, each.client.origin
                )
        told = {**dressing.environment, **(environment or {})}
        given = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            **(OFF_THE_NET if all(is_here(each.url) for each, _ in places) else {}),
            **dressing.quiet,
            **told,
        }
        command = Command(
            tuple(words), given, tuple(told), {**self._called, **(names or {})}, dressing.shown
        )
        return run(
            command,
            client=str(self.installed),
            act=act,
            url=storage.client.url_of(path),
            auth_label=dressing.label,
            recorder=storage.client.recorder,
            timeout_s=storage.client.timeouts.total_s,
            file=file,
        )

    def _trusting(self, storage: StorageElement) -> tuple[dict[str, str], dict[str, str]]:
        """The environment that names the authorities, and how their directory is shown."""
        directory = hashed_directory(storage.client.tls.ca, self.folder)
        if directory is None:
            return {}, {}
        return {"X509_CERT_DIR": str(directory)}, {str(directory): "CA_DIR"}


def certificate_names(certificate: ClientCert) -> dict[str, str]:
    """How the files of a certificate are shown."""
    same = certificate.certificate == certificate.key
    return {
        str(certificate.key): "PROXY_FILE" if same else "KEY_FILE",
        str(certificate.certificate): "PROXY_FILE" if same else "CERT_FILE",
    }


def find(name: str, words: Sequence[str]) -> Installed | None:
    """The client whose version these words ask for; None where it is not installed."""
    program = shutil.which(words[0])
    if program is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603  a fixed program
            [program, *words[1:]],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LOOK_PATIENCE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = _VERSION.search(done.stdout + done.stderr)
    return Installed(name, found.group(), program) if found else None


def is_here(url: str) -> bool:
    """Whether the host of `url` is this machine."""
    try:
        answers = socket.getaddrinfo(urlsplit(url).hostname, None, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return all(ipaddress.ip_address(answer[4][0]).is_loopback for answer in answers)
