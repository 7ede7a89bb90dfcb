"""XRootD's client as one identity: a process that is told by JSON, and ended when it hangs.

XRootD's client takes its credentials from the environment, keeps its connections and may wait for
minutes: so each identity has a process of its own, and each answer a deadline.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lakeproof.wire.agent import Agent
from lakeproof.wire.auth import Bearer, ClientCert, Credential
from lakeproof.wire.http import Timeouts

AGENT = Path(__file__).parent / "agent.py"
STOP_S = 2.0
GRACE_S = 3.0
# What a client does by itself hides what the server did: no second attempt, no recovery.
PLAIN = {
    "XRD_CONNECTIONRETRY": "1",
    "XRD_STREAMERRORWINDOW": "0",
    "XRD_TIMEOUTRESOLUTION": "1",
    "XRD_READRECOVERY": "0",
    "XRD_WRITERECOVERY": "0",
    "XRD_OPENRECOVERY": "0",
    "XRD_CPRETRY": "0",
    "XRD_APPNAME": "lakeproof",
}


class RootClientMissing(Exception):  # noqa: N818  reads as a fact
    """XRootD's client for Python is not installed, or does not start here."""


@dataclass(frozen=True)
class RootSettings:
    """One root:// door and how it is reached.

    `url` is root://host:port, without a path. `ca` is a PEM file or a hashed directory of
    authorities, `hashed` such a directory, without which nobody logs in with a certificate.
    `environment` is added to that of each process.
    """

    url: str
    ca: Path | None = None
    hashed: Path | None = None
    timeouts: Timeouts = field(default_factory=Timeouts)
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def patience_s(self) -> int:
        """Seconds that XRootD's client may take for one operation."""
        return max(2, round(self.timeouts.read_s))


class RootProcess:
    """XRootD's client at one door as one identity; started when first asked."""

    def __init__(self, settings: RootSettings, credential: Credential) -> None:
        self._settings = settings
        self._credential = credential
        self._agent = Agent("root", stop_s=STOP_S)

    def ask(self, do: str, timeout_s: float | None = None, **how: Any) -> dict[str, Any]:  # noqa: ANN401
        """Do one thing; raises TimeoutError, RootClientMissing when there is no client."""
        allowed = round(timeout_s) if timeout_s else self._settings.patience_s
        self._start()
        try:
            self._agent.tell({"do": do, "timeout_s": allowed, **how})
            line = self._agent.line(allowed + self._settings.timeouts.connect_s + GRACE_S)
            answer: dict[str, Any] = json.loads(line)
        except (OSError, ValueError) as error:
            said = self._agent.last_words()
            self.close()
            if isinstance(error, TimeoutError):
                raise
            raise RootClientMissing(f"XRootD's client ended: {said or error}") from None
        return answer

    def close(self) -> None:
        """End the process and forget its files."""
        self._agent.close()

    def _start(self) -> None:
        if self._agent.alive:
            return
        home = self._agent.make_home()
        command = [sys.executable, "-P", str(AGENT), self._settings.url]
        self._agent.start(command, home, self._environment(str(home)))
        # A token goes through the pipe, so that it is in no list of processes.
        secret = self._credential.token if isinstance(self._credential, Bearer) else None
        self._agent.tell({"token": secret})

    def _environment(self, home: str) -> dict[str, str]:
        settings, credential = self._settings, self._credential
        window = max(1, round(settings.timeouts.connect_s))
        found = {
            "PATH": "/usr/bin:/bin",
            "HOME": home,
            **PLAIN,
            "XRD_CONNECTIONWINDOW": str(window),
            "XRD_REQUESTTIMEOUT": str(settings.patience_s),
            "XRD_STREAMTIMEOUT": str(settings.patience_s),
            # Nobody is let in by a token or proxy that happens to lie in /tmp.
            "XrdSecPROTOCOL": "unix,host",
        }
        if isinstance(credential, Bearer):
            found["XrdSecPROTOCOL"] = "ztn"
        elif isinstance(credential, ClientCert):
            found |= {"XrdSecPROTOCOL": "gsi", "X509_USER_PROXY": str(credential.certificate)}
        return {**found, **_trusted(settings), **settings.environment}


def _trusted(settings: RootSettings) -> dict[str, str]:
    """Where XRootD's client looks for authorities; its own default is /etc/grid-security."""
    if settings.hashed is not None:
        return {"X509_CERT_DIR": str(settings.hashed)}
    if settings.ca is None:
        named = ("X509_CERT_DIR", "X509_CERT_FILE")
        return {name: os.environ[name] for name in named if name in os.environ}
    return {"X509_CERT_DIR" if settings.ca.is_dir() else "X509_CERT_FILE": str(settings.ca)}
