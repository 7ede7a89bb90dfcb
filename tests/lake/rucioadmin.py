"""Rucio's REST interface as its administrator uses it, for lakes with something wrong in them."""

from __future__ import annotations

import hashlib
import json
from pathlib import PurePosixPath
from typing import Any

import requests

from lakeproof.lake import Lake
from lakeproof.lake.rucio.names import ACCOUNT, ROOT, SCOPE

TIMEOUT_S = 60


class RucioAdmin:
    """Logged in as root, or as the lake's ordinary account, with the password."""

    def __init__(self, lake: Lake, account: str = ROOT) -> None:
        self._url = lake.rucio_url
        self._http = requests.Session()
        self._http.verify = str(lake.ca)
        self._http.trust_env = False
        password = (lake.layout.secret / f"rucio-{account}").read_text().strip()
        told = {
            "X-Rucio-Account": account,
            "X-Rucio-Username": account,
            "X-Rucio-Password": password,
        }
        reply = self._http.get(f"{self._url}/auth/userpass", headers=told, timeout=TIMEOUT_S)
        reply.raise_for_status()
        self._http.headers["X-Rucio-Auth-Token"] = reply.headers["X-Rucio-Auth-Token"]

    def add_rse(
        self, name: str, protocols: list[dict[str, Any]], attributes: dict[str, object]
    ) -> None:
        """An RSE that the ordinary account may fill."""
        self._ask("POST", f"/rses/{name}", {"deterministic": True})
        for protocol in protocols:
            self._ask("POST", f"/rses/{name}/protocols/{protocol['scheme']}", protocol)
        for key, value in attributes.items():
            self._ask("POST", f"/rses/{name}/attr/{key}", {"value": value})
        self.limit(name, 10 * 1024**3)

    def limit(self, rse: str, size: int) -> None:
        """How many bytes the ordinary account may keep there."""
        self._ask("POST", f"/accountlimits/local/{ACCOUNT}/{rse}", {"bytes": size})

    def near(self, source: str, destination: str) -> None:
        """Copies are made from one to the other."""
        self._ask("POST", f"/rses/{source}/distances/{destination}", {"distance": 1})

    def switch(self, rse: str, **available: bool) -> None:
        """`availability_read=False` and the like."""
        self._ask("PUT", f"/rses/{rse}", available)

    def add_replica(self, rse: str, name: str, size: int, adler32: str) -> None:
        """Say that the file is there already."""
        file = {"scope": SCOPE, "name": name, "bytes": size, "adler32": adler32}
        self._ask("POST", "/replicas", {"rse": rse, "files": [file], "ignore_availability": True})

    def add_rule(self, name: str, rse: str, **more: object) -> str:
        """Ask for a copy; gives the rule's id."""
        rule = {
            "dids": [{"scope": SCOPE, "name": name}],
            "copies": 1,
            "rse_expression": rse,
            "lifetime": 3600,
            "account": ACCOUNT,
            **more,
        }
        return str(self._ask("POST", "/rules/", rule)[0])

    def add_dataset(self, name: str) -> None:
        """An empty dataset."""
        self._ask("POST", f"/dids/{SCOPE}/{name}", {"type": "DATASET", "lifetime": 3600})

    def attach(self, dataset: str, name: str) -> None:
        """Put a file into a dataset."""
        dids = [{"scope": SCOPE, "name": name}]
        self._ask("POST", f"/dids/{SCOPE}/{dataset}/dids", {"dids": dids})

    def rule(self, rule_id: str) -> dict[str, Any]:
        """A rule as it is now."""
        found: dict[str, Any] = self._ask("GET", f"/rules/{rule_id}")
        return found

    def _ask(self, method: str, path: str, document: object = None) -> Any:  # noqa: ANN401  JSON
        body = None if document is None else json.dumps(document)
        headers = {"Content-Type": "application/json"}
        reply = self._http.request(
            method, f"{self._url}{path}", data=body, headers=headers, timeout=TIMEOUT_S
        )
        assert reply.ok, f"{method} {path}: {reply.status_code} {reply.text[:300]}"
        said = reply.text.strip()
        return json.loads(said) if said.startswith(("{", "[")) else said


def place_of(name: str) -> PurePosixPath:
    """Where Rucio lays a file of the lake's scope, below the prefix of the RSE."""
    digest = hashlib.md5(f"{SCOPE}:{name}".encode(), usedforsecurity=False).hexdigest()
    return PurePosixPath(SCOPE, digest[:2], digest[2:4], name)
