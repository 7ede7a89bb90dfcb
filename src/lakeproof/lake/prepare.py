"""Everything a lake needs before its first server starts: ports, names, keys, configuration."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from lakeproof.lake import ca, hosts, ports, services, xrootd
from lakeproof.lake.inventory_file import inventory_text
from lakeproof.lake.layout import (
    CACHE,
    CLIENTS,
    FTS,
    PEER,
    REDIRECTOR,
    RUCIO,
    VOMS_USER,
    X509_USER,
    Lake,
    LakeSite,
    Layout,
    write_text,
)
from lakeproof.lake.rucio import prepare as rucio
from lakeproof.lake.sites import sites_at
from lakeproof.lake.tokens import SigningKeys

Progress = Callable[[str], None]


def prepare(  # noqa: PLR0913  what a lake may have, by name
    layout: Layout,
    port_base: int | None,
    progress: Progress,
    *,
    emulated_only: bool,
    with_rucio: bool = False,
    newer: bool = False,
    fronts: Collection[str] = (),
) -> tuple[Lake, list[dict[str, Any]]]:
    """Write everything the services read; returns the lake and how to start each service.

    Raises LakeError for a missing account, a busy port, a closed parent directory.
    """
    account = None if emulated_only else xrootd.Account.for_servers()
    if account is not None:
        account.require_access(layout.directory)
    chosen = ports.choose(ports.DEFAULT_PORT_BASE if port_base is None else port_base)
    lake = _describe(layout, chosen, emulated_only=emulated_only, newer=newer, fronts=fronts)
    lake = _with_services(lake, chosen, rucio=with_rucio)
    _make_folders(lake, account)
    progress("certificates and keys")
    identities = _make_identities(lake)
    write_text(layout.inventory, inventory_text(lake))
    servers = [] if account is None else _prepare_real(lake, identities, account)
    started = [services.issuer_service(lake), *servers, services.emulated_service(lake)]
    started.append(services.fts_service(lake))
    if with_rucio:
        progress("a database for Rucio")
        started += rucio.prepare(lake)
    return lake, started


def _prepare_real(
    lake: Lake, identities: dict[str, ca.Identity], account: xrootd.Account
) -> list[dict[str, Any]]:
    xrootd.make_shared_key(lake.layout)
    started = []
    for site in (*lake.real_sites, *lake.fronts):
        for member in services.members(site):
            xrootd.prepare(lake, member, identities[_identity_of(site)], account)
            started.append(xrootd.service(lake, member, account))
            if member.role and member.role != CACHE:
                started.append(xrootd.cmsd_service(lake, member, account))
    return started


def _describe(
    layout: Layout,
    chosen: list[int],
    *,
    emulated_only: bool,
    newer: bool,
    fronts: Collection[str],
) -> Lake:
    named = hosts.add(layout.directory)
    sites = sites_at(chosen, named=named, emulated_only=emulated_only, newer=newer, fronts=fronts)
    issuer = hosts.name_of("issuer", named=named)
    peer = hosts.name_of(PEER, named=named)
    peer_urls = tuple(f"https://{peer}:{port}" for port in chosen[ports.PEER])
    return Lake(layout.directory, sites, f"https://{issuer}:{chosen[0]}", chosen[0], peer_urls)


def _with_services(lake: Lake, chosen: list[int], *, rucio: bool) -> Lake:
    """The lake with the URL of its FTS stand-in, and of Rucio where it is wanted."""
    named = lake.issuer_host != "localhost"
    urls = {
        name: f"https://{hosts.name_of(name, named=named)}:{chosen[at]}"
        for name, at in ((RUCIO, ports.RUCIO), (FTS, ports.FTS))
    }
    return replace(lake, rucio_url=urls[RUCIO] if rucio else "", fts_url=urls[FTS])


def _make_folders(lake: Lake, account: xrootd.Account | None) -> None:
    layout = lake.layout
    # The servers' own user passes through the directory and reads the public part, no more.
    layout.directory.chmod(0o711 if account and account.name else 0o700)
    emulated = [layout.site(site.short) for site in lake.emulated_sites]
    for folder in (layout.pki, layout.log, layout.secret, *emulated):
        folder.mkdir(exist_ok=True)
    layout.pki.chmod(0o755)
    layout.log.chmod(0o700)
    for private in (layout.secret, *emulated):
        private.chmod(0o700)


def _make_identities(lake: Lake) -> dict[str, ca.Identity]:
    layout = lake.layout
    local = ["localhost", ports.LOOPBACK, "::1"]
    wanted = {
        "issuer": _distinct(lake.issuer_host, *local),
        X509_USER: [],
        VOMS_USER: [],
        "voms": [],
        # No address: a copy from the peer by its address alone must be seen to fail.
        PEER: [str(urlsplit(lake.peer_urls[0]).hostname)],
    }
    for name, url in ((RUCIO, lake.rucio_url), (FTS, lake.fts_url)):
        if url:
            wanted[name] = _distinct(str(urlsplit(url).hostname), *local)
    wanted |= {_identity_of(site): _distinct(site.host, *local) for site in lake.sites}
    for site in lake.sites:
        if site.role == REDIRECTOR:
            # It sends clients to addresses, and XRootD's client looks for those among the names.
            wanted[_identity_of(site)].append(f"{ca.AS_NAME}[::ffff:{ports.LOOPBACK}]")
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
    return identities


def _distinct(*names: str) -> list[str]:
    return list(dict.fromkeys(names))


def _identity_of(site: LakeSite) -> str:
    """The name that the host certificate of `site` is kept under."""
    return site.short if site.emulated else services.xrootd_name(site)
