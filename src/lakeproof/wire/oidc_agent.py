"""Tokens from a running oidc-agent, through its command `oidc-token`."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence

from lakeproof.wire.redact import redactor

COMMAND = "oidc-token"
TIMEOUT_S = 30.0
LONGEST_COMPLAINT = 300


class OidcAgentError(Exception):
    """oidc-agent gave no token: the reason in one sentence."""


def ask_oidc_agent(
    account: str, scopes: Sequence[str], audience: str, timeout_s: float = TIMEOUT_S
) -> str:
    """An access token of an account loaded into oidc-agent; registered with the redactor.

    An empty `scopes` or `audience` leaves the account's own. Raises OidcAgentError when the
    command is missing, refuses, gives nothing, or takes longer than `timeout_s` seconds.
    """
    command = shutil.which(COMMAND)
    if command is None:
        raise OidcAgentError(f"the command {COMMAND} is not installed (package oidc-agent)")
    if not account or account.startswith("-"):
        raise OidcAgentError("an account name of oidc-agent is needed, as in oidc-agent:escape")
    arguments = [command, *(["--aud", audience] if audience else [])]
    arguments += ["--scope", " ".join(scopes)] if scopes else []
    try:
        done = subprocess.run(  # noqa: S603  the full path of one command, no shell
            [*arguments, account],
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=timeout_s,
        )
    except subprocess.TimeoutExpired:
        raise OidcAgentError(f"{COMMAND} gave no answer within {timeout_s:g} s") from None
    except OSError as error:
        raise OidcAgentError(f"{COMMAND} cannot be run: {error.strerror or error}") from None
    token = done.stdout.strip()
    redactor.register(token, f"oidc-agent:{account}")
    if done.returncode != 0 or not token:
        complaint = " ".join(redactor.text(done.stderr).split())[:LONGEST_COMPLAINT]
        reason = complaint or f"exit code {done.returncode} and no token"
        raise OidcAgentError(f"{COMMAND} {account}: {reason}")
    return token
