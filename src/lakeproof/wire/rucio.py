"""Rucio as its own clients see it: they run in an environment of their own and are told by JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from lakeproof.wire.agent import Agent

AGENT = Path(__file__).parent / "rucio_agent.py"
REQUEST_S = 180.0
STOP_S = 5.0
CONFIGURATION = """[client]
rucio_host = {url}
auth_host = {auth_url}
account = {account}
auth_type = {auth}
{ca}auth_token_file_path = {home}/token
oidc_scope = openid
oidc_audience = rucio
request_retries = 1
{certificate}
[policy]
permission = generic
schema = generic
lfn2pfn_algorithm_default = hash
"""


class RucioNotReached(Exception):  # noqa: N818  reads as a fact
    """Rucio's clients could not be started, or gave no answer in time."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True)
class Answer:
    """What Rucio's client said: a value, or the name of an exception and its words."""

    ok: bool
    value: Any = None
    kind: str = ""
    said: str = ""

    def describe(self) -> str:
        """For a person."""
        return "done" if self.ok else f"{self.kind}: {self.said}"


class RucioClients(Protocol):
    """Whoever does what Rucio's clients do."""

    def ask(self, do: str, *, token: str | None = None, **how: Any) -> Answer:  # noqa: ANN401  JSON
        """Do one thing, with another token than the usual one if it is given; RucioNotReached."""

    def close(self) -> None:
        """End it."""


@dataclass(frozen=True)
class RucioSettings:
    """Which Rucio, as which account; `python` is the one that has rucio-clients."""

    url: str
    auth_url: str
    account: str
    auth: str
    python: Path
    ca: Path | None = None
    certificate: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


class RucioProcess:
    """Rucio's clients in a process of their own, started when first asked.

    `token` gives the token for Rucio and the storages; None where there is none. It goes through
    a pipe, so it stands in no list of processes.
    """

    def __init__(self, settings: RucioSettings, token: Callable[[], str] | None = None) -> None:
        self._settings = settings
        self._token = token
        self._agent = Agent("rucio", stop_s=STOP_S)

    def ask(self, do: str, *, token: str | None = None, **how: Any) -> Answer:  # noqa: ANN401  JSON
        """Do one thing; raises RucioNotReached when there is no answer within three minutes."""
        shown = token or (self._token() if self._token else None)
        self._start()
        try:
            self._agent.tell({"do": do, "token": shown, **how})
            answer = json.loads(self._agent.line(REQUEST_S))
        except (OSError, ValueError) as error:
            said = self._agent.last_words()
            self.close()
            raise RucioNotReached(f"Rucio's clients ended: {said or error}") from None
        return Answer(**answer)

    def close(self) -> None:
        """End the process and forget its files."""
        self._agent.close()

    def _start(self) -> None:
        if self._agent.alive:
            return
        home = self._agent.make_home()
        configuration = home / "rucio.cfg"
        configuration.write_text(self._configuration(home))
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(home),
            "RUCIO_CONFIG": str(configuration),
            "RUCIO_CLIENT_MODE": "1",
            **self._trust(),
        }
        try:
            self._agent.start([str(self._settings.python), "-P", str(AGENT)], home, environment)
        except OSError as error:
            self.close()
            raise RucioNotReached(
                f"{self._settings.python} cannot be started ({error.strerror}); "
                "script/bootstrap --with-rucio installs rucio-clients"
            ) from None

    def _configuration(self, home: Path) -> str:
        told = self._settings
        ca = f"ca_cert = {told.ca}\n" if told.ca else ""
        certificate = (
            f"client_cert = {told.certificate}\nclient_key = {told.certificate}\n"
            if told.certificate
            else ""
        )
        return CONFIGURATION.format(
            url=told.url,
            auth_url=told.auth_url,
            account=told.account,
            auth=told.auth,
            ca=ca,
            home=home,
            certificate=certificate,
        )

    def _trust(self) -> dict[str, str]:
        """Which authorities gfal2 and XRootD's client trust: a hashed directory, no file."""
        told = self._settings
        trust = {}
        if told.ca is not None and told.ca.is_dir():
            trust["X509_CERT_DIR"] = str(told.ca)
        elif "X509_CERT_DIR" in os.environ:
            trust["X509_CERT_DIR"] = os.environ["X509_CERT_DIR"]
        if told.certificate is not None and told.auth != "oidc":
            trust["X509_USER_PROXY"] = str(told.certificate)
        return trust
