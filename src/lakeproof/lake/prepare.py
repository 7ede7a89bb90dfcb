"""Everything a lake needs before its first server starts: ports, names, keys, configuration."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable
from typing import Any

from lakeproof.lake import ca, hosts, packages, ports, runtime, xrootd
from lakeproof.lake.inventory_file import inventory_text
from lakeproof.lake.layout import CLIENTS, VOMS_USER, X509_USER, Lake, LakeSite, Layout, write_text
from lakeproof.lake.tokens import SigningKeys

Progress = Callable[[str], None]


def prepare(
    layout: Layout, port_base: int | None, progress: Progress
) -> tuple[Lake, list[dict[str, Any]]]:
    """Write everything the services read; returns the lake and how to start each service.

    Raises LakeError for a missing package or account, a busy port, a closed parent directory.
    """
    packages.require()
    account = xrootd.Account.for_servers()
    account.require_access(layout.directory)
    chosen = ports.choose(ports.DEFAULT_PORT_BASE if port_base is None else port_base)
    lake = _describe(layout, chosen)
    _make_folders(layout, account)
    progress("certificates and keys")
    identities = _make_identities(lake)
    write_text(layout.inventory, inventory_text(lake))
    for site in lake.sites:
        xrootd.prepare(lake, site, identities[f"xrd-{site.short}"], account)
    servers = [xrootd.service(lake, site, account) for site in lake.sites]
    return lake, [_issuer_service(lake), *servers]


def _describe(layout: Layout, chosen: list[int]) -> Lake:
    named = hosts.add(layout.directory)
    issuer, host_a, host_b = hosts.NAMES if named else ("localhost",) * 3
    sites = (
        LakeSite("LAKE-XRD-A", "a", host_a, chosen[1], chosen[2]),
        LakeSite("LAKE-XRD-B", "b", host_b, chosen[3], chosen[4]),
    )
    return Lake(layout.directory, sites, f"https://{issuer}:{chosen[0]}", chosen[0])


def _make_folders(layout: Layout, account: xrootd.Account) -> None:
    # The servers' own user passes through the directory and reads the public part, no more.
    layout.directory.chmod(0o711 if account.name else 0o700)
    for folder in (layout.pki, layout.log, layout.secret):
        folder.mkdir(exist_ok=True)
    layout.pki.chmod(0o755)
    layout.log.chmod(0o700)
    layout.secret.chmod(0o700)


def _make_identities(lake: Lake) -> dict[str, ca.Identity]:
    layout = lake.layout
    local = ["localhost", ports.LOOPBACK, "::1"]
    wanted = {
        "issuer": _distinct(lake.issuer_host, *local),
        X509_USER: [],
        VOMS_USER: [],
        "voms": [],
    }
    wanted |= {f"xrd-{site.short}": _distinct(site.host, *local) for site in lake.sites}
    authority_file = layout.credential("ca")
    if not ca.still_good(authority_file, []):
        for name in wanted:
            layout.credential(name).unlink(missing_ok=True)
        ca.write_credential(ca.make_authority(), authority_file)
    authority = ca.read_credential(authority_file)
    identities = ca.issue_missing(authority, wanted, layout.secret)
    ca.write_trust(authority, layout.ca, layout.certificates)
    ca.write_vomsdir(layout.vomsdir, identities["voms"], authority, lake.issuer_host)
    for client in CLIENTS:
        if not layout.client_secret(client).exists():
            write_text(layout.client_secret(client), secrets.token_urlsafe(32) + "\n", 0o600)
    keys = SigningKeys.kept_in(layout.secret / "issuer-keys.json")
    write_text(layout.public_keys, keys.public_json())
    xrootd.make_shared_key(layout)
    return identities


def _distinct(*names: str) -> list[str]:
    return list(dict.fromkeys(names))


def _issuer_service(lake: Lake) -> dict[str, Any]:
    arguments = [str(lake.directory), lake.issuer, str(lake.issuer_port)]
    return {
        "name": "issuer",
        "command": [sys.executable, "-m", "lakeproof.lake.issuer", *arguments],
        "port": lake.issuer_port,
        "address": lake.issuer,
        "account": None,
        "directory": str(lake.directory),
        "environment": runtime.python_environment(),
    }
