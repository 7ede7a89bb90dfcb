from __future__ import annotations

from pathlib import Path
from typing import Any

import requests

from lakeproof.lake import Lake, LakeSite

CONTENT = b"a file of the lake\n"
FULL = "storage.read:/ storage.modify:/"


class Doors:
    """Plain HTTPS requests to the sites of a lake."""

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self.sites = {site.short: site for site in lake.sites}
        self._session = requests.Session()
        self._session.trust_env = False
        # A connection each. XRootD hangs up after refusing an upload; and 5.5.3 remembers on a
        # connection whom the last macaroon was for, and lets the next request do what that
        # person may do (the family of xrootd#1811).
        self._session.headers["Connection"] = "close"
        self._session.verify = str(lake.ca)

    def close(self) -> None:
        self._session.close()

    @property
    def a(self) -> LakeSite:
        return self.sites["a"]

    @property
    def b(self) -> LakeSite:
        return self.sites["b"]

    def token(self, scope: str = FULL, **fields: str) -> str:
        secret = self.lake.client_secret_file.read_text().strip()
        form = {"grant_type": "client_credentials", "scope": scope, **fields}
        auth = (self.lake.client_id, secret)
        url = f"{self.lake.issuer}/token"
        reply = self._session.post(url, data=form, auth=auth, timeout=10)
        return str(reply.json()["access_token"])

    def url(self, site: LakeSite, path: str) -> str:
        return f"https://{site.host}:{site.port}{site.base_path}/{path}"

    def ask(  # noqa: PLR0913
        self,
        method: str,
        site: LakeSite,
        path: str,
        *,
        token: str | None = None,
        headers: dict[str, str] | None = None,
        body: bytes | str | None = None,
        cert: Path | None = None,
    ) -> requests.Response:
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        return self._session.request(
            method,
            self.url(site, path),
            headers={**bearer, **(headers or {})},
            data=body,
            cert=str(cert) if cert else None,
            timeout=30,
        )

    def well_known(self, site: LakeSite, name: str) -> dict[str, Any]:
        """A document that the site shows to everybody."""
        url = f"https://{site.host}:{site.port}/.well-known/{name}"
        return dict(self._session.get(url, timeout=30).json())

    def ask_at(self, method: str, url: str, json: object) -> requests.Response:
        """Send a document to an API of a site, with a token that may do everything."""
        bearer = {"Authorization": f"Bearer {self.token()}"}
        return self._session.request(method, url, headers=bearer, json=json, timeout=30)

    def put(self, site: LakeSite, path: str, body: bytes = CONTENT) -> None:
        assert self.ask("PUT", site, path, token=self.token(), body=body).ok

    def get(self, site: LakeSite, path: str) -> bytes:
        return self.ask("GET", site, path, token=self.token()).content

    def copy(self, direction: str, source: LakeSite, target: LakeSite, name: str) -> str:
        """Have `target` pull (or `source` push) `name`, under the same name; the last line said."""
        active, remote = (
            (target, {"Source": self.url(source, name)})
            if direction == "pull"
            else (source, {"Destination": self.url(target, name)})
        )
        headers = {**remote, "TransferHeaderAuthorization": f"Bearer {self.token()}"}
        reply = self.ask("COPY", active, name, token=self.token(), headers=headers)
        assert reply.status_code in (201, 202), reply.text
        return reply.text.splitlines()[-1].strip()
