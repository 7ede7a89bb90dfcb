"""The emulated sites of a lake, all in one process.

Runs as `python -m lakeproof.lake.emulated DIRECTORY`; what to serve it reads from the lake's plan.
"""

from __future__ import annotations

import logging
import secrets
import signal
import socket
import sys
import threading
from contextlib import ExitStack
from pathlib import Path, PurePosixPath

from lakeproof.emulator import EmulatorConfig, StorageServer, TrustedIssuer
from lakeproof.lake import ca, hosts, ports
from lakeproof.lake.layout import X509_USER, Lake, LakeSite, Layout, load_plan, write_text
from lakeproof.lake.sites import GROUPS, described, on_tape_of

log = logging.getLogger("lakeproof.lake.emulated")
MACAROON_SECRET_BYTES = 32
IPV6_LOOPBACK = "::1"


def configuration(lake: Lake, site: LakeSite) -> EmulatorConfig:
    """The emulated storage element of `site`: trusts what the lake's real sites trust."""
    layout, area = lake.layout, PurePosixPath(site.base_path)
    on_tape = on_tape_of(site)
    credential = layout.credential(site.short)
    return EmulatorConfig(
        root=layout.site(site.short),
        certificate=credential,
        key=credential,
        dialect=site.technology,
        host=ports.LOOPBACK,
        also_at=_further_addresses(site.host),
        name=site.host,
        port=site.port,
        data_port=site.data_port or 0,
        issuers=(TrustedIssuer(lake.issuer, area, lake.ca),),
        base_path=area,
        tape_path=None if on_tape is None else on_tape.parent,
        # EOS comes with staging switched off, which every site that has tape changes.
        tape_staging=True,
        on_tape=() if on_tape is None else (on_tape,),
        client_ca=lake.ca,
        members=(ca.read_credential(layout.credential(X509_USER)).subject,),
        trust=lake.ca,
        macaroon_secret=_macaroon_secret(layout, site),
        reader_groups=(GROUPS["reader"],),
        writer_groups=(GROUPS["writer"],),
        # dCache shuts out an address that fails to authenticate too often. Here the checks and
        # the other sites share one address: the checks' refusals would break others' copies.
        throttle_block_s=0,
    )


def main(arguments: list[str]) -> None:
    """Serve until SIGTERM or SIGINT; each port accepts connections when its site is ready."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    lake, _ = load_plan(Path(arguments[0]))
    with ExitStack() as servers:
        for site in lake.emulated_sites:
            servers.enter_context(StorageServer(configuration(lake, site)))
            log.info("%s: %s at %s", site.name, described(site), site.url)
        stopped.wait()
        log.info("stopping")


def _macaroon_secret(layout: Layout, site: LakeSite) -> str:
    path = layout.secret / f"macaroon-{site.short}"
    if not path.exists():
        write_text(path, secrets.token_hex(MACAROON_SECRET_BYTES) + "\n", 0o600)
    return path.read_text().strip()


def _further_addresses(host: str) -> tuple[str, ...]:
    """IPv6's loopback where localhost leads there too and it exists; the lake's names do not."""
    if host in hosts.NAMES or hosts.prefers_ipv4_only(host):
        return ()
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as trial:
            trial.bind((IPV6_LOOPBACK, 0))
    except OSError:  # a machine without IPv6, whatever its /etc/hosts says
        return ()
    return (IPV6_LOOPBACK,)


if __name__ == "__main__":
    main(sys.argv[1:])
