"""Talks to the FTS stand-in of a lake as Rucio would, by certificate or token."""

from __future__ import annotations

import time
from typing import Any

import requests

from lakeproof.lake import Lake
from lakeproof.lake.layout import X509_USER, LakeSite

OVER = ("FINISHED", "FAILED", "FINISHEDDIRTY", "CANCELED")


class FtsClient:
    """Everything in the name of the lake's person with a certificate, or with tokens."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self.http = requests.Session()
        self.http.verify = str(lake.ca)
        self.http.trust_env = False
        self.http.cert = str(lake.layout.credential(X509_USER))

    def token(self, scope: str, audience: str | None = None) -> str:
        """From the lake's issuer, for any audience unless one is named."""
        secret = self._lake.client_secret_file.read_text().strip()
        form = {"grant_type": "client_credentials", "scope": scope}
        reply = requests.post(
            f"{self._lake.issuer}/token",
            data={**form, **({"audience": audience} if audience else {})},
            auth=(self._lake.client_id, secret),
            verify=str(self._lake.ca),
            timeout=30,
        )
        reply.raise_for_status()
        return str(reply.json()["access_token"])

    def put(self, site: LakeSite, name: str, data: bytes) -> str:
        """Store a file; gives its davs URL."""
        url = f"{site.url}/{name}"
        web = url.replace("davs://", "https://")
        self.http.put(web, data=data, timeout=60).raise_for_status()
        return url

    def content(self, url: str) -> bytes | None:
        """What is at a davs URL; None when nothing is."""
        reply = self.http.get(url.replace("davs://", "https://"), timeout=60)
        if reply.status_code == requests.codes.not_found:
            return None
        reply.raise_for_status()
        return reply.content

    def locality(self, site: LakeSite, name: str) -> str | None:
        """Where the tape API at the door says that a file is."""
        origin = site.url.replace("davs://", "https://").removesuffix(site.base_path)
        asked = {"paths": [f"{site.base_path}/{name}"]}
        reply = self.http.post(f"{origin}/api/v1/archiveinfo", json=asked, timeout=30)
        reply.raise_for_status()
        found: str | None = reply.json()[0].get("locality")
        return found

    def submit(self, source: str, destination: str, by: str = "", **params: object) -> str:
        """A job of one file, with the certificate or with this token; gives its id."""
        file: dict[str, Any] = {"sources": [source], "destinations": [destination]}
        headers = {}
        if by:
            file |= {"source_tokens": [by], "destination_tokens": [by]}
            fts = self.token("fts", self._lake.fts_url)
            headers = {"Authorization": f"Bearer {fts}"}
        body = {"files": [file], "params": {"verify_checksum": "both", **params}}
        url = f"{self._lake.fts_url}/jobs"
        reply = self.http.post(url, json=body, headers=headers, timeout=30)
        assert reply.status_code == requests.codes.ok, reply.text
        return str(reply.json()["job_id"])

    def job(self, job_id: str) -> dict[str, Any]:
        """The job with all that is said of its files."""
        url = f"{self._lake.fts_url}/jobs/{job_id}"
        job: dict[str, Any] = self.http.get(url, timeout=30).json()
        job["files"] = self.http.get(f"{url}/files", timeout=30).json()
        return job

    def wait(self, job_id: str, *states: str) -> dict[str, Any]:
        """The job once it is over, or in one of `states`."""
        deadline = time.monotonic() + 90
        while (job := self.job(job_id))["job_state"] not in (*OVER, *states):
            assert time.monotonic() < deadline, job
            time.sleep(0.05)
        return job
