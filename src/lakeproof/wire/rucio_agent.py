"""Rucio's own clients, in their own environment: `python -P rucio_agent.py`, told by lines of JSON.

Each line on standard input is `{"do": NAME, "token": JWT or null, ...}`, each line on standard
output `{"ok": true, "value": ...}` or `{"ok": false, "kind": EXCEPTION, "said": TEXT}`. What
Rucio logs goes to standard error; the end of it is told of what failed, as the exceptions of
transfers say nothing.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

warnings.simplefilter("ignore")  # Rucio reports usage without verifying the certificate
# Rucio and gfal2 may print: the answers keep a descriptor of their own.
ANSWERS = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

from rucio.client import Client  # noqa: E402
from rucio.client.downloadclient import DownloadClient  # noqa: E402
from rucio.client.uploadclient import UploadClient  # noqa: E402
from rucio.common.exception import AccessDenied, RequestNotFound  # noqa: E402

KEPT_LINES = 4
Parameters = dict[str, Any]


class Heard(logging.Handler):
    """The last complaints of Rucio's transfer clients."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line."""
        self.lines = [*self.lines, record.getMessage()][-KEPT_LINES:]


class Agent:
    """Does what it is told as one account."""

    def __init__(self) -> None:
        self._heard = Heard()
        self._log = logging.getLogger("rucio-agent")
        self._log.setLevel(logging.INFO)
        self._log.addHandler(self._heard)
        self._token: str | None = None
        self._made: Client | None = None

    def answer(self, asked: Parameters) -> Parameters:
        """The answer to one line."""
        self._heard.lines = []
        try:
            self._use(asked.pop("token"))
            do: Callable[..., Any] = getattr(self, f"do_{asked.pop('do')}")
            return {"ok": True, "value": do(**asked)}
        except Exception as error:  # noqa: BLE001  whatever it is, it is the answer
            said = "; ".join([str(error), *self._heard.lines])
            return {"ok": False, "kind": type(error).__name__, "said": said}

    def _use(self, token: str | None) -> None:
        if self._made is not None and token == self._token:
            return
        self._token, self._made = token, None
        if token is not None:
            os.environ["BEARER_TOKEN"] = token
        self._made = Client(logger=self._log)

    @property
    def client(self) -> Any:  # noqa: ANN401  of a package without types
        """The client of the current token."""
        return self._made

    def do_protocols(self, rse: str) -> list[dict[str, Any]]:
        """The protocols of an RSE with their priorities for the wide area."""
        found = []
        for each in self.client.get_protocols(rse):
            wan = each["domains"]["wan"]
            found.append({"scheme": each["scheme"], "read": wan["read"], "write": wan["write"]})
        return found

    def do_examine(self, rule: str, most: int) -> dict[str, Any]:
        """A rule, and all that is known of up to `most` files that it waits for, one an RSE first.

        Of a rule that waits for nothing one file that it has. Times are seconds before now.
        """
        client, found = self.client, self.client.get_replication_rule(rule)
        locks = list(client.list_replica_locks(rule))
        waiting = [lock for lock in locks if str(lock["state"]) != "OK"]
        transfers = client.examine_replication_rule(rule)["transfers"]
        chosen = _one_of_each(waiting or locks[:1])[:most]
        told = {
            "rule": found,
            "waits_s": _age(found["updated_at"]),
            "files": len(locks),
            "waiting": len(waiting),
            "looked_at": [self._file(found, lock, transfers) for lock in chosen],
        }
        return dict(json.loads(json.dumps(told, default=str)))

    def _file(
        self, rule: dict[str, Any], lock: dict[str, Any], transfers: list[dict[str, Any]]
    ) -> dict[str, Any]:
        """One file of a rule: its request, its replicas, and what Rucio knows of both RSEs."""
        client, target = self.client, lock["rse"]
        did = {"scope": lock["scope"], "name": lock["name"]}
        where = (lock["name"], target, lock["scope"])
        request = _or_none(lambda: client.list_request_by_did(*where))
        past = _or_none(lambda: client.list_request_history_by_did(*where))
        transfer = next((t for t in transfers if all(t[k] == v for k, v in did.items())), {})
        replicas: dict[str, Any] = next(iter(client.list_replicas([did], all_states=True)), {})
        states = replicas.get("states", {})
        others = [rse for rse, state in states.items() if rse != target and state == "AVAILABLE"]
        named = (request or {}).get("source_rse") or transfer.get("last_source")
        source = named or (past or {}).get("source_rse") or (others[0] if others else None)
        ends = {
            rse: {
                "settings": client.get_rse(rse),
                "attributes": client.list_rse_attributes(rse),
            }
            for rse in (source, target)
            if rse
        }
        account = rule["account"]
        return {
            "did": f"{lock['scope']}:{lock['name']}",
            "state": lock["state"],
            "request": request,
            "request_age_s": _age(
                (request or {}).get("submitted_at") or (request or {}).get("created_at")
            ),
            "past": past,
            "transfer": transfer,
            "bytes": replicas.get("bytes"),
            "adler32": replicas.get("adler32"),
            "urls": replicas.get("rses", {}),
            "states": states,
            "source": source,
            "destination": target,
            "ends": ends,
            "distance": client.get_distance(source, target) if source else [],
            "limit": client.get_local_account_limit(account, target).get(target),
            "usage": list(client.get_local_account_usage(account, target)),
        }

    def do_upload(self, rse: str, did: list[str], path: str, scheme: str, lifetime_s: int) -> None:
        """Upload a file with a rule that ends."""
        scope, name = did
        item = {
            "path": path,
            "rse": rse,
            "did_scope": scope,
            "did_name": name,
            "force_scheme": scheme,
            "lifetime": lifetime_s,
            # Ordinary accounts may not change the state of a replica.
            "register_after_upload": True,
            "no_register": False,
        }
        UploadClient(self.client, logger=self._log).upload([item])

    def do_download(self, rse: str, did: list[str], folder: str, scheme: str) -> str:
        """Download a file, which Rucio verifies; gives where it is."""
        item = {
            "did": ":".join(did),
            "rse": rse,
            "base_dir": folder,
            "force_scheme": scheme,
            "no_subdir": True,
        }
        client = DownloadClient(self.client, logger=self._log)
        client.download_dids([item], num_threads=1)
        return str(Path(folder) / did[1])

    def do_add_rule(self, did: list[str], rse: str, lifetime_s: int) -> str:
        """Ask for a copy at an RSE."""
        scope, name = did
        (rule,) = self.client.add_replication_rule(
            [{"scope": scope, "name": name}], 1, rse, lifetime=lifetime_s
        )
        return str(rule)

    def do_rule(self, rule: str) -> dict[str, str]:
        """The state of a rule, and why it is stuck."""
        found = self.client.get_replication_rule(rule)
        return {"state": str(found["state"]), "reason": str(found.get("error") or "")}

    def do_replicas(self, did: list[str], rse: str) -> list[str]:
        """The URLs of the replica at an RSE; none when there is none."""
        scope, name = did
        # The names of Rucio's own; "https" would hide that it is the same door.
        found = self.client.list_replicas(
            [{"scope": scope, "name": name}], rse_expression=rse, all_states=True
        )
        return [url for each in found for url in each["rses"].get(rse, [])]


def _one_of_each(locks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same locks, the first one of each RSE before all others."""
    first = {lock["rse"]: lock for lock in reversed(locks)}
    return [*first.values(), *(lock for lock in locks if lock not in first.values())]


def _or_none(ask: Callable[[], Any]) -> Any:  # noqa: ANN401
    """What there is not, or what we may not see, is None."""
    try:
        return ask()
    except (RequestNotFound, AccessDenied):
        return None


def _age(moment: datetime | None) -> float | None:
    """Seconds since `moment`, which is UTC without saying so."""
    if moment is None:
        return None
    return (datetime.now(UTC) - moment.replace(tzinfo=UTC)).total_seconds()


def main() -> None:
    """Answer until the input ends."""
    agent = Agent()
    for line in sys.stdin:
        ANSWERS.write(json.dumps(agent.answer(json.loads(line))) + "\n")
        ANSWERS.flush()


if __name__ == "__main__":
    main()
