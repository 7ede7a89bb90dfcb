"""A lake with Rucio, and further endpoints beside it, each with something wrong of its own."""

from __future__ import annotations

import socket
import zlib
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from lakeproof.emulator import EmulatorConfig, StorageServer, TrustedIssuer
from lakeproof.lake import Lake, ca
from lakeproof.lake.layout import RUCIO, X509_USER
from lakeproof.lake.rucio.names import ACCOUNT
from tests.bite.ftsthread import FtsThread
from tests.lake.doors import Doors
from tests.lake.rucioadmin import RucioAdmin, place_of

AREA = "/data"
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
    server: StorageServer | None = None


class BrokenLake:
    """Makes endpoints, files and rules; `inventory` describes all of them for lakeproof."""

    def __init__(self, lake: Lake, directory: Path) -> None:
        self.lake = lake
        self.admin, self.person = RucioAdmin(lake), RucioAdmin(lake, ACCOUNT)
        self.doors = Doors(lake)
        self.inventory = directory / "endpoints.yaml"
        self._directory = directory
        self._stack = ExitStack()
        self._endpoints: list[dict[str, Any]] = []
        self._services: list[FtsThread] = []
        self._authority = ca.read_credential(lake.layout.credential("ca"))

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
        credential = self._directory / f"{name}.pem"
        signer = authority or self._authority
        ca.write_credential(ca.issue(signer, "localhost", ["localhost", address]), credential)
        layout = self.lake.layout
        config = EmulatorConfig(
            root=root,
            certificate=credential,
            key=credential,
            dialect="conformant",
            host=address,
            name=address,
            issuers=(TrustedIssuer(self.lake.issuer, PurePosixPath(AREA), self.lake.ca),),
            base_path=PurePosixPath(AREA),
            client_ca=self.lake.ca,
            members=(ca.read_credential(layout.credential(X509_USER)).subject,),
            trust=self.lake.ca,
            macaroon_secret="0" * 64,
            throttle_block_s=0,
            **options,
        )
        server = self._stack.enter_context(StorageServer(config))
        site = Site(name, f"{name}_SCRATCHDISK", root / "tree/data", address, server.port, server)
        server.faults = frozenset(faults)
        told = {"oidc_support": True, "oidc_base_path": AREA, "fts": self.lake.fts_url}
        self.admin.add_rse(
            site.rse, [{**_davs(site), **(protocol or {})}], {**told, **(attributes or {})}
        )
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
        return Site(found.name, f"{found.name}_SCRATCHDISK", folder, found.host, found.port)

    def file(self, site: Site, name: str, there: bytes | None = CONTENT) -> str:
        """A file of CONTENT that Rucio knows at the site; really there is `there`, or nothing."""
        path = PurePosixPath("rucio") / place_of(name)
        if there is not None and site.server is None:
            self.doors.put(self.doors.sites[_short(self.doors, site)], str(path), there)
        elif there is not None:
            (site.folder / path).parent.mkdir(parents=True)
            (site.folder / path).write_bytes(there)
        self.admin.add_replica(site.rse, name, len(CONTENT), ADLER32)
        return name

    def rule(self, name: str, source: Site, target: Site, there: bytes | None = CONTENT) -> str:
        """Ask for a copy at `target` of a file at `source`; gives the rule's id."""
        self.near(source, target)
        return self.person.add_rule(self.file(source, name, there), target.rse)

    def near(self, source: Site, target: Site) -> None:
        """Tell Rucio of the way from one to the other, unless it knows it."""
        if source.server is not None or target.server is not None:
            self.admin.near(source.rse, target.rse)

    def fts(self, *faults: str, issuer: str = "") -> str:
        """An FTS of its own, with these faults; gives its URL. It stops with the rest."""
        layout, number = self.lake.layout, len(self._services)
        person = layout.credential(X509_USER)
        service = FtsThread(
            self._directory / f"fts-{number}",
            credential=layout.credential(RUCIO),
            ca=self.lake.ca,
            issuer=issuer or self.lake.issuer,
            people={ca.read_credential(person).subject: person},
        )
        service.break_in(faults)
        self._services.append(service)
        return service.url

    def write_inventory(self, **more: object) -> Path:
        """The lake's own, with the endpoints that were made beside it; impatient with silence."""
        document = yaml.safe_load(self.lake.inventory.read_text())
        document["sites"].append({"name": "BESIDE", "endpoints": self._endpoints})
        document["defaults"] |= {"connect_timeout_s": 3, "timeout_s": 15}
        self.inventory.write_text(yaml.safe_dump(document | more))
        return self.inventory


def closed_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def _short(doors: Doors, site: Site) -> str:
    return next(short for short, found in doors.sites.items() if found.name == site.name)


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
        "scope_root": AREA,
        "audience": f"https://{origin}",
        "ca": str(trusted),
        "auth": {"tokens": "lake"},
        "emulated": True,
        "pacing": False,
    }
