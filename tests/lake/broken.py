"""A lake, and further endpoints beside it, each with something wrong of its own.

With Rucio a rule is what asks for a copy there, without it a job of FTS.
"""

from __future__ import annotations

import socket
import time
import zlib
from collections.abc import Collection, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import requests
import yaml

from lakeproof.emulator import EmulatorConfig, StorageServer, TrustedIssuer
from lakeproof.lake import Lake, ca
from lakeproof.lake.layout import X509_USER
from lakeproof.lake.rucio.names import ACCOUNT, RSE_ENDING
from lakeproof.session.fts import OVER
from tests.bite.ftsthread import FtsThread
from tests.lake.doors import Doors
from tests.lake.rucioadmin import RucioAdmin, place_of

AREA = "/data"
# Two more addresses of this machine, for endpoints that are kept from one another.
ONE, OTHER = "127.0.0.11", "127.0.0.12"
HOSTS = ["localhost", "127.0.0.1", ONE, OTHER]
CONTENT = b"a file that somebody waits for\n" * 100
ADLER32 = f"{zlib.adler32(CONTENT):08x}"


@dataclass(frozen=True)
class Site:
    """An endpoint of the lake, or one beside it, by what Rucio calls it."""

    name: str
    rse: str
    folder: Path
    address: str
    port: int
    beside: bool = False


class BrokenLake:
    """Makes endpoints, files and rules; `inventory` describes all of them for lakeproof."""

    def __init__(self, lake: Lake, directory: Path) -> None:
        self.lake = lake
        self.doors = Doors(lake)
        self._rucio: tuple[RucioAdmin, RucioAdmin] | None = None
        if lake.has_rucio:
            self._rucio = RucioAdmin(lake), RucioAdmin(lake, ACCOUNT)
        self._directory = directory
        self._stack = ExitStack()
        self._endpoints: list[dict[str, Any]] = []
        self._services: list[FtsThread] = []
        self._folders = [lake.layout.data(site) for site in lake.sites]
        self._served_by: dict[str, str] = {}
        self._jobs: dict[str, str] = {}
        self._credential = directory / "host.pem"
        authority = ca.read_credential(lake.layout.credential("ca"))
        ca.write_credential(ca.issue(authority, "localhost", HOSTS), self._credential)

    @property
    def admin(self) -> RucioAdmin:
        """Rucio's administrator."""
        assert self._rucio is not None
        return self._rucio[0]

    @property
    def person(self) -> RucioAdmin:
        """The ordinary account."""
        assert self._rucio is not None
        return self._rucio[1]

    @property
    def sound(self) -> tuple[Site, Site]:
        """Two endpoints with nothing wrong, the real ones where there are such."""
        first, second = self.lake.sites[:2]
        return self.known(first.short), self.known(second.short)

    def close(self) -> None:
        """Stop what was started."""
        self._stack.close()
        for service in self._services:
            service.stop()
        self.doors.close()

    def site(
        self,
        name: str,
        *faults: str,
        address: str = "127.0.0.1",
        authority: ca.Identity | None = None,
        attributes: Mapping[str, object] | None = None,
        protocol: Mapping[str, object] | None = None,
        **options: Any,  # noqa: ANN401  fields of EmulatorConfig
    ) -> Site:
        """An emulated endpoint with its RSE.

        `authority` signs its certificate, the lake's else; `attributes` and `protocol` are laid
        over what Rucio is told of it, `options` over the emulator's configuration.
        """
        root = self._directory / name
        root.mkdir()
        credential = self._credential
        if authority is not None:
            credential = self._directory / f"{name}.pem"
            ca.write_credential(ca.issue(authority, "localhost", HOSTS), credential)
        layout = self.lake.layout
        issuer = TrustedIssuer(self.lake.issuer, PurePosixPath(AREA), self.lake.ca)
        options.setdefault("issuers", (issuer,))
        config = EmulatorConfig(
            root=root,
            certificate=credential,
            key=credential,
            dialect="conformant",
            host=address,
            name=address,
            base_path=PurePosixPath(AREA),
            client_ca=self.lake.ca,
            members=(ca.read_credential(layout.credential(X509_USER)).subject,),
            trust=self.lake.ca,
            macaroon_secret="0" * 64,
            throttle_block_s=0,
            **options,
        )
        server = self._stack.enter_context(StorageServer(config))
        site = Site(name, f"{name}{RSE_ENDING}", root / "tree/data", address, server.port, True)
        server.faults = frozenset(faults)
        self._folders.append(site.folder)
        told = {"oidc_support": True, "oidc_base_path": AREA, "fts": self.lake.fts_url}
        told |= attributes or {}
        self._served_by[site.rse] = str(told["fts"])
        if self._rucio is not None:
            self.admin.add_rse(site.rse, [{**_davs(site), **(protocol or {})}], told)
        trusted = self.lake.ca
        if authority is not None:
            trusted = self._directory / f"{name}-ca.pem"
            trusted.write_bytes(authority.certificate_pem + self.lake.ca.read_bytes())
        self._endpoints.append(_entry(site, trusted))
        return site

    def known(self, short: str) -> Site:
        """One of the lake's own sites, `a`, `dcache` and the like."""
        found = self.doors.sites[short]
        folder = self.lake.layout.data(found)
        return Site(found.name, f"{found.name}{RSE_ENDING}", folder, found.host, found.port)

    def content(self) -> dict[Path, bytes]:
        """Every file at every endpoint, by its path on this machine's disk."""
        found = (path for folder in self._folders for path in folder.rglob("*"))
        return {path: path.read_bytes() for path in found if path.is_file()}

    def file(self, site: Site, name: str, there: bytes | None = CONTENT) -> str:
        """A file of CONTENT that Rucio knows at the site; really there is `there`, or nothing."""
        path = PurePosixPath("rucio") / place_of(name)
        real = {found.name: found for found in self.lake.real_sites}
        if there is not None and site.name in real:
            self.doors.put(real[site.name], str(path), there)
        elif there is not None:
            (site.folder / path).parent.mkdir(parents=True)
            (site.folder / path).write_bytes(there)
        if self._rucio is not None:
            self.admin.add_replica(site.rse, name, len(CONTENT), ADLER32)
        return name

    def copy(
        self,
        name: str,
        source: Site,
        target: Site,
        there: bytes | None = CONTENT,
        token: str = "",
    ) -> str:
        """Ask for a copy at `target` of a file at `source`; gives the id of the rule, or the job.

        `token` is what a job shows to both ends, instead of a good one.
        """
        self.file(source, name, there)
        if self._rucio is None:
            return self._job(name, source, target, token or self.doors.token())
        self.near(source, target)
        return self.person.add_rule(name, target.rse)

    def _job(self, name: str, source: Site, target: Site, token: str) -> str:
        """As Rucio would submit it."""
        path = PurePosixPath(AREA, "rucio") / place_of(name)
        file = {
            "sources": [f"davs://{source.address}:{source.port}{path}"],
            "destinations": [f"davs://{target.address}:{target.port}{path}"],
            "source_tokens": [token],
            "destination_tokens": [token],
            "filesize": len(CONTENT),
            "checksum": f"ADLER32:{ADLER32}",
            "metadata": {
                "src_rse": source.rse,
                "dst_rse": target.rse,
                "filesize": len(CONTENT),
                "adler32": ADLER32,
            },
        }
        url = self._served_by.get(target.rse, self.lake.fts_url)
        document = {"files": [file], "params": {"verify_checksum": "both", "overwrite": True}}
        job = str(self._ask_fts("POST", f"{url}/jobs", document)["job_id"])
        self._jobs[job] = url
        return job

    @property
    def services(self) -> list[str]:
        """The URL of each FTS that was given a job."""
        return list(dict.fromkeys(self._jobs.values()))

    def made_by(self, job: str) -> str:
        """The URL of the FTS that was given this job."""
        return self._jobs[job]

    def ban(self, fts: str, address: str) -> str:
        """Have an FTS let the jobs of a storage wait; gives its URL."""
        ban = {"storage": f"davs://{address}", "status": "WAIT", "message": "for a trial"}
        self._ask_fts("POST", f"{fts}/ban/se", ban)
        return fts

    def wait_for(self, jobs: Iterable[str], seconds: float) -> None:
        """Until all of the jobs are over."""
        deadline = time.monotonic() + seconds
        for job in jobs:
            url = f"{self._jobs[job]}/jobs/{job}"
            while self._ask_fts("GET", url)["job_state"] not in OVER:
                assert time.monotonic() < deadline, job
                time.sleep(0.1)

    def _ask_fts(self, method: str, url: str, document: object = None) -> dict[str, Any]:
        token = self.doors.token("fts", audience="fts")
        reply = requests.request(
            method,
            url,
            json=document,
            headers={"Authorization": f"Bearer {token}"},
            verify=str(self.lake.ca),
            timeout=30,
        )
        assert reply.ok, reply.text
        answer = reply.json()
        return answer if isinstance(answer, dict) else {}

    def near(self, source: Site, target: Site) -> None:
        """Tell Rucio of the way from one to the other, unless it knows it."""
        if source.beside or target.beside:
            self.admin.near(source.rse, target.rse)

    def fts(self, *faults: str, issuer: str = "") -> str:
        """An FTS of its own, with these faults; gives its URL. It stops with the rest."""
        layout, number = self.lake.layout, len(self._services)
        person = layout.credential(X509_USER)
        service = FtsThread(
            self._directory / f"fts-{number}",
            credential=self._credential,
            ca=self.lake.ca,
            issuer=issuer or self.lake.issuer,
            people={ca.read_credential(person).subject: person},
        )
        service.break_in(faults)
        self._services.append(service)
        return service.url

    def inventory(self, fts: str = "", only: Collection[str] = ()) -> Path:
        """The lake's own, with the endpoints that were made beside it, and this FTS if one.

        `only` are the names of the endpoints beside it that stand alone in it.
        """
        document = yaml.safe_load(self.lake.inventory.read_text())
        document["sites"].append({"name": "BESIDE", "endpoints": self._endpoints})
        document["defaults"] |= {"connect_timeout_s": 3, "timeout_s": 15}
        for site in document["sites"]:
            for endpoint in site["endpoints"]:
                endpoint.setdefault("rse", f"{endpoint['name']}{RSE_ENDING}")
        if only:
            alone = [entry for entry in self._endpoints if entry["name"] in only]
            document["sites"] = [{"name": "ALONE", "endpoints": alone}]
        document["fts"] = {"url": fts or self.lake.fts_url, "ca": str(self.lake.ca)}
        path = self._directory / "endpoints.yaml"
        path.write_text(yaml.safe_dump(document))
        return path


def closed_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def _davs(site: Site) -> dict[str, Any]:
    able = {"read": 1, "write": 1, "delete": 1}
    return {
        "scheme": "davs",
        "hostname": site.address,
        "port": site.port,
        "prefix": f"{AREA}/rucio/",
        "impl": "rucio.rse.protocols.gfal.Default",
        "domains": {
            "lan": able,
            "wan": {**able, "third_party_copy_read": 1, "third_party_copy_write": 1},
        },
    }


def _entry(site: Site, trusted: Path) -> dict[str, Any]:
    origin = f"{site.address}:{site.port}"
    return {
        "name": site.name,
        "rse": site.rse,
        "doors": {"webdav": f"davs://{origin}{AREA}"},
        "audience": f"https://{origin}",
        "ca": str(trusted),
        "auth": {"tokens": "lake"},
        "emulated": True,
        "pacing": False,
    }
