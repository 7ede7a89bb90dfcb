"""One end of a root:// copy, through XRootD's own programs (gfal2's plugin calls the same)."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from lakeproof.credentials import proxies
from lakeproof.fts import errors
from lakeproof.fts.ends import PULL, TRANSFER
from lakeproof.fts.errors import CopyFailed
from lakeproof.wire.auth import Bearer, ClientCert, Credential
from lakeproof.wire.clients.client import OFF_THE_NET
from lakeproof.wire.clients.running import tied
from lakeproof.wire.redact import redactor

ROOT_SCHEMES = frozenset({"root", "roots"})
PATIENCE_S = 60
POLL_S = 0.1
NO_SUCH = ("[3011]", "no such file")
THERE = ("[3018]", "file exists")
DENIED = ("[3010]", "permission denied", "auth failed", "authentication failed")


class RootEnd:
    """A file behind a root:// door."""

    def __init__(self, scope: str, url: str, auth: Credential, certificates: Path) -> None:
        parts = urlsplit(url)
        self.scope = scope
        self.url = url
        self._door = f"{parts.scheme}://{parts.netloc}/"
        self.path = PurePosixPath("/" + parts.path.lstrip("/"))
        # What the programs read a token or a proxy from.
        self._secrets = tempfile.TemporaryDirectory(prefix="lakeproof-fts-")
        self.environment = self._environment(auth, certificates)

    def size(self) -> int | None:
        """xrdfs stat."""
        code, said = self._run("stat", str(self.path))
        if code:
            if any(word in said.lower() for word in NO_SUCH):
                return None
            raise self.failed(said)
        found = re.search(r"^Size:\s*(\d+)", said, re.MULTILINE)
        return int(found.group(1)) if found else None

    def checksum(self, algorithm: str) -> str:
        """xrdfs query checksum."""
        code, said = self._run("query", "checksum", f"{self.path}?cks.type={algorithm.lower()}")
        if code:
            raise self.failed(said)
        kind, _, value = said.strip().partition(" ")
        if kind.lower() != algorithm.lower():
            raise CopyFailed(self.scope, errors.ENOTSUP, f"CHECKSUM The storage gave {kind}")
        return value.strip().lower()

    def unlink(self) -> None:
        """xrdfs rm."""
        code, said = self._run("rm", str(self.path))
        if code and not any(word in said.lower() for word in NO_SUCH):
            raise self.failed(said)

    def make_parent(self) -> None:
        """xrdfs mkdir -p."""
        code, said = self._run("mkdir", "-p", str(self.path.parent))
        if code and not any(word in said.lower() for word in (*DENIED, *THERE)):
            failed = self.failed(said)
            raise CopyFailed(self.scope, failed.code, f"MAKE_PARENT {failed.text}")

    def failed(self, said: str) -> CopyFailed:
        """The program's last line with the errno it stands for."""
        line = redactor.text(" ".join(said.split())[-300:]) or "no message"
        low = line.lower()
        if any(word in low for word in NO_SUCH):
            return CopyFailed(self.scope, errors.ENOENT, line)
        if any(word in low for word in DENIED):
            return CopyFailed(self.scope, errors.EPERM, line)
        return CopyFailed(self.scope, errors.ECOMM, line)

    def close(self) -> None:
        """Forget what the programs read."""
        self._secrets.cleanup()

    def _environment(self, auth: Credential, certificates: Path) -> dict[str, str]:
        environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": "/nonexistent",
            **OFF_THE_NET,
            "X509_CERT_DIR": str(certificates),
            "XRD_CONNECTIONRETRY": "1",
            "XRD_CONNECTIONWINDOW": "10",
            "XRD_REQUESTTIMEOUT": str(PATIENCE_S),
        }
        if isinstance(auth, Bearer):
            secret = Path(self._secrets.name) / "token"
            secret.touch(mode=0o600)
            secret.write_text(auth.token)
            return {**environment, "BEARER_TOKEN_FILE": str(secret), "XrdSecPROTOCOL": "ztn"}
        if isinstance(auth, ClientCert):
            # XRootD's gsi wants a proxy, and asks a person for one where there is only a
            # certificate.
            proxy = proxies.derive(auth, "proxy", Path(self._secrets.name))
            name = str(proxy.certificate)
            return {**environment, "X509_USER_PROXY": name, "XrdSecPROTOCOL": "gsi"}
        return environment

    def _run(self, *arguments: str) -> tuple[int, str]:
        done = subprocess.run(  # noqa: S603  a fixed program
            ["xrdfs", self._door, *arguments],  # noqa: S607
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=2 * PATIENCE_S,
            check=False,
        )
        return done.returncode, done.stdout if done.returncode == 0 else done.stderr


def copy_over_root(
    source: RootEnd, destination: RootEnd, headers: Mapping[str, str], stop: Callable[[], bool]
) -> str:
    """Third-party copy by xrdcp; only the storages carry the content. Returns how."""
    del headers
    command = tied(["xrdcp", "--nopbar", "--tpc", "only", source.url, destination.url])
    with subprocess.Popen(  # noqa: S603  a fixed program, URLs that were checked
        command,
        env={**source.environment, **destination.environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        while running.poll() is None:
            if stop():
                running.kill()
            time.sleep(POLL_S)
        said = running.stderr.read() if running.stderr else ""
    if stop():
        raise CopyFailed(TRANSFER, errors.ECANCELED, "Transfer canceled")
    if running.returncode:
        failed = destination.failed(said)
        text = f"TRANSFER ERROR: Copy failed (3rd pull). Last attempt: {failed.text}"
        raise CopyFailed(TRANSFER, failed.code, text)
    return PULL
