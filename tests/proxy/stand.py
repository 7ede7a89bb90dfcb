"""A real lake with the fault proxy in front of its first site."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import yaml

from lakeproof.credentials.names import PathName, SecretName
from lakeproof.emulator import TrustedIssuer
from lakeproof.emulator.proxy import FaultProxy, ProxyConfig
from lakeproof.inventory import endpoint_from_url
from lakeproof.lake import Lake, ca, down, up
from lakeproof.lake.layout import BASE_PATH, LakeSite
from lakeproof.results import new_run_id
from lakeproof.session.plan import Plan, Target, TokenSpec
from lakeproof.session.sessions import Sessions
from lakeproof.wire.http import Timeouts
from tests.plugin.tree import Finished, finish, lakeproof_command

PROXIED, PARTNER = "PROXIED", "PARTNER"
EVERYTHING = ("storage.read:/", "storage.modify:/", "storage.create:/", "storage.stage:/")
PATIENT = Timeouts(connect_s=2, read_s=10, total_s=20)


class Stand:
    """The lake, the proxy, and the sessions of the case that is being tried."""

    def __init__(self) -> None:
        # Not pytest's own folder: the user that the servers run as could not enter it.
        self.directory = Path(tempfile.mkdtemp(prefix="lakeproof-proxy-"))
        self.directory.chmod(0o755)
        self.lake: Lake = up(self.directory / "lake", port_base=0)
        self.real, self.partner = self.lake.real_sites[:2]
        self.proxy = FaultProxy(self._config()).start()
        self._faults: frozenset[str] | None = None
        self._sessions: Sessions | None = None

    def stop(self) -> None:
        """Stop everything."""
        if self._sessions is not None:
            self._sessions.close()
        self.proxy.stop()
        down(self.lake.directory)
        shutil.rmtree(self.directory)

    def sessions(self, faults: Iterable[str], *, prepared: bool = True) -> Sessions:
        """Sessions with the proxied site, which has these faults, and its sound partner.

        `prepared`: the run's directory was made before the proxy got its faults.
        """
        wanted = frozenset(faults)
        if self._sessions is None or self._faults != wanted:
            if self._sessions is not None:
                self._sessions.close()
            self.proxy.faults = frozenset()
            plan = Plan((self.target(PROXIED, self.proxy.url),), (self._partner_target(),))
            self._sessions, self._faults = Sessions(plan, new_run_id()), wanted
            if prepared:
                self._sessions.get(PROXIED).require_ready()
            self.proxy.faults = wanted
        return self._sessions

    def target(self, name: str, url: str) -> Target:
        """The first site under this name, at its own URL or the proxy's."""
        return self._target(name, f"{url}{BASE_PATH}", self.real)

    def run(self, url: str, directory: Path, *chosen: str) -> Finished:
        """`lakeproof run` on the first site at this URL and on the second, of what is chosen."""
        sites = [
            self._entry(PROXIED, url, self.real),
            self._entry(PARTNER, f"https://{self.partner.host}:{self.partner.port}", self.partner),
        ]
        issuer = {
            "url": self.lake.issuer,
            "client_id": self.lake.client_id,
            "client_secret": f"file:{self.lake.client_secret_file}",
            "ca": str(self.lake.ca),
            "trusted_odd_tokens": True,
        }
        inventory = {"version": 1, "issuers": {"lake": issuer}, "sites": sites}
        path = directory / "endpoints.yaml"
        path.write_text(yaml.safe_dump(inventory))
        command = lakeproof_command("run", "-i", str(path), f"--out={directory}/out", *chosen)
        return finish(command, directory, directory / "out", None)

    def _entry(self, name: str, url: str, site: LakeSite) -> dict[str, object]:
        endpoint = {
            "name": name,
            "technology": "auto",
            "doors": {"webdav": f"{url}{BASE_PATH}"},
            "scope_root": BASE_PATH,
            "audience": site.audience,
            "auth": {"tokens": "lake"},
            "ca": str(self.lake.ca),
        }
        return {"name": f"SITE-{name}", "endpoints": [endpoint]}

    def _partner_target(self) -> Target:
        url = f"https://{self.partner.host}:{self.partner.port}{BASE_PATH}"
        return self._target(PARTNER, url, self.partner)

    def _target(self, name: str, url: str, site: LakeSite) -> Target:
        settings = {
            "name": name,
            "ca": str(self.lake.ca),
            "scope_root": BASE_PATH,
            "audience": site.audience,
        }
        return Target(
            site=name,
            endpoint=endpoint_from_url(url, settings),
            tokens=self._tokens(),
            timeouts=PATIENT,
            area="lakeproof",
            max_bytes=1 << 40,
        )

    def _tokens(self) -> TokenSpec:
        return TokenSpec(
            f"client:{self.lake.issuer}",
            client_id=self.lake.client_id,
            secret=SecretName(f"file:{self.lake.client_secret_file}"),
            ca=PathName(str(self.lake.ca)),
            trusted_odd_tokens=True,
        )

    def _config(self) -> ProxyConfig:
        authority = ca.read_credential(self.lake.layout.credential("ca"))
        host = ca.issue(authority, "localhost", ["localhost", "127.0.0.1"])
        for identity, name in ((authority, "ca"), (host, "host")):
            (self.directory / f"{name}.pem").write_bytes(identity.certificate_pem)
            (self.directory / f"{name}.key").touch(mode=0o600)
            (self.directory / f"{name}.key").write_bytes(identity.key_pem)
        issuer = TrustedIssuer(self.lake.issuer, PurePosixPath(BASE_PATH), self.lake.ca)
        return ProxyConfig(
            upstream=f"https://{self.real.host}:{self.real.port}",
            trust=self.lake.ca,
            certificate=self.directory / "host.pem",
            key=self.directory / "host.key",
            token=self._tokens().open().token(EVERYTHING, self.real.audience),
            issuers=(issuer,),
            audiences=(self.real.audience,),
            ca_certificate=self.directory / "ca.pem",
            ca_key=self.directory / "ca.key",
        )
