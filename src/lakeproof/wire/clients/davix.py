"""davix: the HTTP library below gfal2 and ROOT, through its own programs."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path, PurePosixPath

from lakeproof.wire.auth import Bearer, ClientCert, Credential
from lakeproof.wire.clients.client import (
    Client,
    Dressing,
    Installed,
    Place,
    certificate_names,
    find,
)
from lakeproof.wire.clients.running import Ran
from lakeproof.wire.payload import Payload
from lakeproof.wire.storage import StorageElement

ABSENT = "davix is not installed: apt-get install davix, or dnf install davix (docs/clients.md)"

FAILED = 255


@cache
def find_davix() -> Installed | None:
    """davix as it is installed; None where it is not."""
    return find("davix", ["davix-get", "--version"])


class Davix(Client):
    """davix-put, davix-get, davix-ls, davix-mkdir, davix-mv, davix-rm."""

    def upload(self, data: Payload, to: Place, auth: Credential | None = None) -> Ran:
        """davix-put FILE URL."""
        storage, path = to
        storage.budget.spend(data.size, storage.name)
        auth = auth or storage.credential("PUT", path)
        words = ["davix-put"], [str(self.file_of(data)), _url(to)]
        return self._act(f"uploads {path.name}", *words, to, auth=auth, writes="PUT")

    def download(self, place: Place, auth: Credential | None = None) -> Ran:
        """davix-get URL FILE."""
        storage, path = place
        local = self._new_file("download")
        auth = auth or storage.credential("GET", path)
        words = ["davix-get"], [_url(place), str(local)]
        return self._act(f"downloads {path.name}", *words, place, auth=auth, file=local)

    def listing(self, place: Place) -> Ran:
        """davix-ls URL: one name a line."""
        auth = place[0].credential("PROPFIND", place[1])
        return self._act(f"lists {place[1].name}", ["davix-ls"], [_url(place)], place, auth=auth)

    def make_directory(self, place: Place) -> Ran:
        """davix-mkdir URL."""
        return self._write("makes the directory", "davix-mkdir", "MKCOL", place)

    def rename(self, storage: StorageElement, path: PurePosixPath, to: PurePosixPath) -> Ran:
        """davix-mv URL URL."""
        ran = self._write("renames", "davix-mv", "MOVE", (storage, path), (storage, to))
        # davix-mv 0.8.4 ends with 255 when it has moved the file, too, but then says nothing.
        return replace(ran, code=0) if ran.code == FAILED and not ran.err.strip() else ran

    def remove(self, place: Place) -> Ran:
        """davix-rm URL."""
        return self._write("removes", "davix-rm", "DELETE", place)

    def _write(self, does: str, program: str, method: str, *places: Place) -> Ran:
        storage, path = places[0]
        words = [program], [_url(place) for place in places]
        auth = storage.credential(method, path)
        return self._act(f"{does} {path.name}", *words, *places, auth=auth, writes=method)

    def _act(
        self,
        act: str,
        program: list[str],
        words: list[str],
        *places: Place,
        auth: Credential,
        writes: str = "",
        file: Path | None = None,
    ) -> Ran:
        trust, names = self._trusting(places[-1][0])
        dressing = Dressing(auth.label)
        if isinstance(auth, Bearer):
            # It reads a token from nowhere but its command line.
            header = f"Authorization: Bearer {auth.token}"
            dressing.words += ["-H", header]
            dressing.shown[header] = '"Authorization: Bearer $(cat TOKEN_FILE)"'
        if isinstance(auth, ClientCert):
            dressing.words += ["--cert", str(auth.certificate), "--key", str(auth.key)]
            names |= certificate_names(auth)
        trusted = [word for path in trust.values() for word in ("--capath", path)]
        return self._run(
            act,
            [*program, *trusted, *dressing.words, "--retry", "0", *words],
            *places,
            writes=writes,
            dressing=dressing,
            names=names,
            file=file,
        )


def _url(place: Place) -> str:
    storage, path = place
    return storage.client.url_of(path).replace("https://", "davs://", 1)
