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
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

warnings.simplefilter("ignore")  # Rucio reports usage without verifying the certificate
# Rucio and gfal2 may print: the answers keep a descriptor of their own.
ANSWERS = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
# Refused, the client wants somebody to log in with a browser: it finds nobody to ask.
QUESTIONS = os.fdopen(os.dup(0))
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)

from rucio.client import Client  # noqa: E402
from rucio.client.downloadclient import DownloadClient  # noqa: E402
from rucio.client.uploadclient import UploadClient  # noqa: E402
from rucio.common.exception import AccessDenied, RequestNotFound  # noqa: E402

KEPT_LINES = 4
REFUSED = "Rucio answered 401"
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
        except EOFError:
            return {"ok": False, "kind": "CannotAuthenticate", "said": REFUSED}
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

    def do_whoami(self) -> str:
        """Which account Rucio takes us for."""
        return str(self.client.whoami()["account"])

    def do_upload(
        self, rse: str, did: list[str], path: str, scheme: str, lifetime_s: int, kept_s: int
    ) -> None:
        """Upload a file with a rule that ends; its name ends with `kept_s`."""
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
        self.client.set_metadata(scope, name, "lifetime", kept_s)

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

    def do_add_dataset(self, did: list[str], files: list[list[str]], kept_s: int) -> None:
        """Make a dataset of files, whose name ends with `kept_s`."""
        self.client.add_dataset(*did, lifetime=kept_s)
        self.do_attach(did, files)

    def do_attach(self, did: list[str], files: list[list[str]]) -> None:
        """Put files into a dataset."""
        members = [{"scope": scope, "name": name} for scope, name in files]
        self.client.attach_dids(*did, members)

    def do_add_rule(self, did: list[str], rses: list[str], copies: int, lifetime_s: int) -> str:
        """Ask for copies at some of the RSEs."""
        scope, name = did
        (rule,) = self.client.add_replication_rule(
            [{"scope": scope, "name": name}], copies, "|".join(rses), lifetime=lifetime_s
        )
        return str(rule)

    def do_rule(self, rule: str) -> dict[str, Any]:
        """The state of a rule, how many of its copies are there, and why it is stuck."""
        found = self.client.get_replication_rule(rule)
        return {
            "state": str(found["state"]),
            "reason": str(found.get("error") or ""),
            "copied": int(found["locks_ok_cnt"]),
            "waiting": int(found["locks_replicating_cnt"]),
        }

    def do_subscribe(self, did: list[str], rse: str, account: str, lifetime_s: int) -> None:
        """Have datasets of this name copied to an RSE; a subscription lives a day at least."""
        scope, name = did
        rule = {"rse_expression": rse, "copies": 1, "lifetime": lifetime_s}
        self.client.add_subscription(
            name=name,
            account=account,
            filter_={"scope": [scope], "pattern": f"{name}$", "did_type": ["DATASET"]},
            replication_rules=[{**rule, "activity": "User Subscriptions"}],
            comments="lakeproof tries whether subscriptions work",
            lifetime=1,
            retroactive=False,
            dry_run=False,
        )

    def do_rules_of(self, did: list[str]) -> list[str]:
        """The rules of a file or dataset."""
        return [str(rule["id"]) for rule in self.client.list_did_rules(*did)]

    def do_limits(self, account: str) -> dict[str, Any]:
        """How many bytes an account may have at which RSE."""
        return dict(self.client.get_local_account_limits(account))

    def do_set_metadata(self, did: list[str], key: str, value: str) -> None:
        """Note something about a file."""
        self.client.set_metadata(*did, key, value)

    def do_find(self, scope: str, key: str, value: str) -> list[str]:
        """The files about which that is noted."""
        return [str(name) for name in self.client.list_dids(scope, [{key: value}], did_type="all")]

    def do_place(self, rse: str, did: list[str], scheme: str) -> str:
        """The URL at which an RSE would have a file, whether it has it or not."""
        lfn = ":".join(did)
        return str(self.client.lfns2pfns(rse, [lfn], operation="read", scheme=scheme)[lfn])

    def do_replicas(self, did: list[str], rse: str, schemes: list[str] | None = None) -> list[str]:
        """The URLs of the replica at an RSE; none when there is none."""
        scope, name = did
        # The names of Rucio's own; "https" would hide that it is the same door.
        found = self.client.list_replicas(
            [{"scope": scope, "name": name}], schemes=schemes, rse_expression=rse, all_states=True
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
    for line in QUESTIONS:
        ANSWERS.write(json.dumps(agent.answer(json.loads(line))) + "\n")
        ANSWERS.flush()


if __name__ == "__main__":
    main()
