"""gfal2, through its Python bindings: what Rucio and FTS copy with."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path, PurePosixPath

from lakeproof.wire.auth import Bearer, ClientCert, Credential
from lakeproof.wire.clients.client import (
    LOOK_PATIENCE_S,
    Client,
    Dressing,
    Installed,
    Place,
    certificate_names,
)
from lakeproof.wire.clients.running import Ran
from lakeproof.wire.payload import Payload
from lakeproof.wire.root.door import RootDoor
from lakeproof.wire.storage import StorageElement

SCRIPT = Path(__file__).parents[1] / "inside" / "gfal_do.py"
# Our own Python where gfal2 is in reach of it, else that of the user's environment (conda), else
# the system's, which Debian's gfal2 is for.
PYTHONS = (sys.executable, shutil.which("python3"), "/usr/bin/python3")
LOOK = (
    "import gfal2, json; "
    "print(json.dumps([gfal2.get_version(), gfal2.creat_context().get_plugin_names()]))"
)
ABSENT = (
    "gfal2's Python bindings are not installed: apt-get install python3-gfal2 gfal2-plugin-http "
    "gfal2-plugin-xrootd gfal2-plugin-file, or dnf install python3-gfal2 gfal2-plugin-http "
    "gfal2-plugin-xrootd gfal2-plugin-file (docs/clients.md)"
)


@cache
def find_gfal() -> Installed | None:
    """gfal2 with its HTTP plugin, in the first Python that has it; None where none has."""
    return next((found for each in PYTHONS if each and (found := _in(each))), None)


def _in(python: str) -> Installed | None:
    version, plugins = look_for_gfal(python) or ("", frozenset())
    able = any(name.startswith("http-") for name in plugins)
    return Installed("gfal2", version, python) if able else None


def look_for_gfal(python: str | Path) -> tuple[str, frozenset[str]] | None:
    """gfal2's version and the names of its plugins in this Python; None without bindings."""
    try:
        done = subprocess.run(  # noqa: S603  a fixed program
            [python, "-I", "-c", LOOK],
            env={"PATH": "/usr/bin:/bin"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LOOK_PATIENCE_S,
            check=False,
        )
        version, plugins = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    return str(version), frozenset(map(str, plugins))


class Gfal(Client):
    """gfal2's acts on files behind davs:// URLs, or root:// ones with `over`."""

    def upload(
        self,
        data: Payload,
        to: Place,
        auth: Credential | None = None,
        over: RootDoor | None = None,
    ) -> Ran:
        """gfal-copy FILE URL."""
        storage, path = to
        storage.budget.spend(data.size, storage.name)
        local = f"file://{self.file_of(data)}"
        return self._act(
            f"copies a file to {path.name}",
            ["copy", local, _url(to, over)],
            to,
            auth=auth or storage.credential("PUT", path),
            writes="PUT",
        )

    def download(
        self, place: Place, auth: Credential | None = None, over: RootDoor | None = None
    ) -> Ran:
        """gfal-copy URL FILE."""
        storage, path = place
        local = self._new_file("download")
        return self._act(
            f"copies {path.name} to a file",
            ["copy", _url(place, over), f"file://{local}"],
            place,
            auth=auth or storage.credential("GET", path),
            file=local,
        )

    def copy(self, source: Place, to: Place, mode: str, *auth: Credential) -> Ran:
        """gfal-copy URL URL by "3rd pull", "3rd push" or "streamed"."""
        shown = auth or (source[0].credential("GET", source[1]), to[0].credential("PUT", to[1]))
        return self._act(
            f"copies {source[1].name} to {to[1].name}",
            ["copy", _url(source), _url(to), "--mode", mode],
            source,
            to,
            auth=shown[0],
            second=shown[-1],
            writes="COPY",
        )

    def checksum(self, place: Place, algorithm: str) -> Ran:
        """gfal-sum URL ALGORITHM."""
        return self._read("asks for the checksum of", ["sum", _url(place), algorithm], place)

    def listing(self, place: Place) -> Ran:
        """gfal-ls URL: one name a line."""
        return self._read("lists", ["ls", _url(place)], place)

    def size(self, place: Place) -> Ran:
        """gfal-stat URL: the size alone."""
        return self._read("asks for the size of", ["stat", _url(place)], place)

    def make_directory(self, place: Place) -> Ran:
        """gfal-mkdir URL."""
        return self._write("makes the directory", ["mkdir", _url(place)], "MKCOL", place)

    def rename(self, storage: StorageElement, path: PurePosixPath, to: PurePosixPath) -> Ran:
        """gfal-rename URL URL."""
        places = (storage, path), (storage, to)
        return self._write("renames", ["rename", *map(_url, places)], "MOVE", *places)

    def remove(self, place: Place) -> Ran:
        """gfal-rm URL."""
        return self._write("removes", ["rm", _url(place)], "DELETE", place)

    def _read(self, does: str, words: list[str], place: Place) -> Ran:
        auth = place[0].credential("GET", place[1])
        return self._act(f"{does} {place[1].name}", words, place, auth=auth)

    def _write(self, does: str, words: list[str], method: str, *places: Place) -> Ran:
        storage, path = places[0]
        auth = storage.credential(method, path)
        return self._act(f"{does} {path.name}", words, *places, auth=auth, writes=method)

    def _act(
        self,
        act: str,
        words: list[str],
        *places: Place,
        auth: Credential,
        second: Credential | None = None,
        writes: str = "",
        file: Path | None = None,
    ) -> Ran:
        storage = places[-1][0]
        environment, names = self._trusting(storage)
        dressing = Dressing(auth.label)
        if isinstance(auth, Bearer):
            file_of_token = str(self._token_file(auth))
            dressing.words += ["--token", file_of_token]
            # XRootD's client below gfal2 looks there for it.
            if any(word.startswith("root") for word in words):
                dressing.environment["BEARER_TOKEN_FILE"] = file_of_token
        if isinstance(second, Bearer) and second is not auth:
            dressing.words += ["--second-token", str(self._token_file(second))]
        if isinstance(auth, ClientCert):
            dressing.words += ["--cert", str(auth.certificate)]
            names |= certificate_names(auth)
        timeout = ["--timeout", str(max(1, int(storage.client.timeouts.total_s)))]
        program = [self.installed.program, "-I", str(SCRIPT)]
        return self._run(
            act,
            [*program, *words, *dressing.words, *timeout],
            *places,
            writes=writes,
            dressing=dressing,
            environment=environment,
            names=names,
            file=file,
        )


def _url(place: Place, over: RootDoor | None = None) -> str:
    storage, path = place
    if over is not None:
        return over.url_of(path)
    return storage.client.url_of(path).replace("https://", "davs://", 1)
