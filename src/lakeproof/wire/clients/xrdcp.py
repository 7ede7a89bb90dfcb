"""xrdcp and xrdfs: XRootD's own programs, with which physicists copy and Rucio looks."""

from __future__ import annotations

from functools import cache
from pathlib import Path

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
from lakeproof.wire.root.door import RootDoor

ABSENT = (
    "xrdcp is not installed: apt-get install xrootd-client, or dnf install xrootd-client "
    "(docs/clients.md)"
)


@cache
def find_xrdcp() -> Installed | None:
    """XRootD's client as it is installed; None where it is not."""
    return find("xrdcp", ["xrdcp", "--version"])


class Xrdcp(Client):
    """xrdcp up and down, and xrdfs query checksum, at one root:// door."""

    def __init__(self, installed: Installed, folder: Path, door: RootDoor) -> None:
        super().__init__(installed, folder)
        self.door = door

    def upload(self, data: Payload, to: Place, auth: Credential | None = None) -> Ran:
        """xrdcp FILE URL."""
        storage, path = to
        storage.budget.spend(data.size, storage.name)
        shown = auth or storage.credential("PUT", path)
        words = ["xrdcp", "--nopbar", str(self.file_of(data)), self.door.url_of(path)]
        return self._act(f"uploads {path.name}", words, to, auth=shown, writes="PUT")

    def download(self, place: Place, auth: Credential | None = None) -> Ran:
        """xrdcp URL FILE."""
        storage, path = place
        local = self._new_file("download")
        shown = auth or storage.credential("GET", path)
        words = ["xrdcp", "--nopbar", self.door.url_of(path), str(local)]
        return self._act(f"downloads {path.name}", words, place, auth=shown, file=local)

    def checksum(self, place: Place) -> Ran:
        """xrdfs DOOR query checksum PATH, as Rucio asks: without saying which one."""
        storage, path = place
        words = ["xrdfs", self.door.url, "query", "checksum", self.door.path_of(path)]
        auth = storage.credential("GET", path)
        return self._act(f"asks for the checksum of {path.name}", words, place, auth=auth)

    def _act(
        self,
        act: str,
        words: list[str],
        place: Place,
        *,
        auth: Credential,
        writes: str = "",
        file: Path | None = None,
    ) -> Ran:
        environment, names = self._trusting(place[0])
        if isinstance(auth, ClientCert):
            names |= certificate_names(auth)
        return self._run(
            act,
            words,
            place,
            writes=writes,
            dressing=self.dressed(auth),
            environment=environment,
            names=names,
            file=file,
        )

    def dressed(self, auth: Credential) -> Dressing:
        """What XRootD's client finds a credential by, and no other that lies about."""
        dressing = Dressing(auth.label)
        dressing.quiet["XDG_RUNTIME_DIR"] = str(self.folder)
        if isinstance(auth, Bearer):
            dressing.environment["BEARER_TOKEN_FILE"] = str(self._token_file(auth))
        if isinstance(auth, ClientCert):
            dressing.environment["X509_USER_PROXY"] = str(auth.certificate)
        return dressing
