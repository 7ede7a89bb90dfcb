"""curl: what everybody has, and what administrators try first."""

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

ABSENT = "curl is not installed: apt-get install curl, or dnf install curl (docs/clients.md)"


@cache
def find_curl() -> Installed | None:
    """curl as it is installed; None where it is not."""
    return find("curl", ["curl", "--version"])


class Curl(Client):
    """curl's uploads and downloads."""

    def upload(self, data: Payload, to: Place, auth: Credential | None = None) -> Ran:
        """curl --upload-file FILE URL."""
        storage, path = to
        storage.budget.spend(data.size, storage.name)
        words = ["--upload-file", str(self.file_of(data))]
        shown = auth or storage.credential("PUT", path)
        return self._act(f"uploads {path.name}", words, to, auth=shown, writes="PUT")

    def download(self, place: Place, auth: Credential | None = None) -> Ran:
        """curl --output FILE URL."""
        local = self._new_file("download")
        shown = auth or place[0].credential("GET", place[1])
        words = ["--output", str(local)]
        return self._act(f"downloads {place[1].name}", words, place, auth=shown, file=local)

    def resume(self, place: Place, begun: bytes) -> Ran:
        """curl --continue-at - --output FILE URL, where the file's beginning is there already."""
        local = self._new_file("download")
        local.write_bytes(begun)
        auth = place[0].credential("GET", place[1])
        words = ["--continue-at", "-", "--output", str(local)]
        return self._act(f"goes on with {place[1].name}", words, place, auth=auth, file=local)

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
        storage, path = place
        ca = storage.client.tls.ca
        names, trusted = {}, []
        if ca is not None:
            option, name = ("--capath", "CA_DIR") if ca.is_dir() else ("--cacert", "CA_FILE")
            trusted, names[str(ca)] = [option, str(ca)], name
        dressing = Dressing(auth.label)
        if isinstance(auth, Bearer):
            header = self._new_file("header")
            header.touch(mode=0o600)
            header.write_text(f"Authorization: Bearer {auth.token}\n")
            dressing.words += ["--header", f"@{header}"]
            dressing.shown[f"@{header}"] = '"Authorization: Bearer $(cat TOKEN_FILE)"'
        if isinstance(auth, ClientCert):
            dressing.words += ["--cert", str(auth.certificate), "--key", str(auth.key)]
            names |= certificate_names(auth)
        told = ["--silent", "--show-error", "--fail", "--location"]
        return self._run(
            act,
            ["curl", *told, *trusted, *dressing.words, *words, storage.client.url_of(path)],
            place,
            writes=writes,
            dressing=dressing,
            names=names,
            file=file,
        )
