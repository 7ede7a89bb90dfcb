"""TCP ports on loopback: choosing them, and saying who holds one."""

from __future__ import annotations

import errno
import secrets
import socket
from pathlib import Path

from lakeproof.lake.errors import LakeError

DEFAULT_PORT_BASE = 18440
# Issuer, two for each real site, two for each emulated one, two for the observing peer of a run,
# Rucio and FTS, two for each real site that was built, two for the cache, one for each server of
# the redirector's cluster and one for its manager; all are reserved, whichever run.
COUNT = 29
PEER = slice(15, 17)
RUCIO, FTS = 17, 18
FREE_FROM, FREE_BELOW = 20000, 32000
ATTEMPTS = 50
LOOPBACK = "127.0.0.1"


def choose(port_base: int) -> list[int]:
    """COUNT ports counting from `port_base`, all free; 0 means any free ones.

    Raises LakeError naming the busy port and, where it can be known, its process.
    """
    if port_base == 0:
        port_base = _free_base()
    wanted = range(port_base, port_base + COUNT)
    for port in wanted:
        error = _taken(port)
        if error is not None:
            raise LakeError(_sentence(port, error))
    return list(wanted)


def answers(port: int) -> bool:
    """Whether something accepts connections on this loopback port."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=1).close()
    except OSError:
        return False
    return True


def holder(port: int) -> str | None:
    """`name (pid N)` of the process that listens on `port`; None where we may not know."""
    inodes = _listening_inodes(port)
    for descriptor in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            target = descriptor.readlink().name
        except OSError:  # another user's process, or one that just ended
            continue
        if target.removeprefix("socket:[").removesuffix("]") in inodes:
            home = descriptor.parents[1]
            return f"{(home / 'comm').read_text().strip()} (pid {home.name})"
    return None


def _listening_inodes(port: int) -> set[str]:
    inodes = set()
    for table in ("tcp", "tcp6"):
        try:
            rows = Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        except FileNotFoundError:
            continue
        for row in rows:
            fields = row.split()
            if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                inodes.add(fields[9])
    return inodes


def _free_base() -> int:
    # Below the ports that the kernel gives to outgoing connections: one of those could be taken
    # between our look and the server's start.
    for _ in range(ATTEMPTS):
        base = FREE_FROM + secrets.randbelow(FREE_BELOW - FREE_FROM - COUNT)
        if not any(_taken(port) for port in range(base, base + COUNT)):
            return base
    raise LakeError(f"found no {COUNT} free ports between {FREE_FROM} and {FREE_BELOW}")


def _taken(port: int) -> OSError | None:
    """Why a server could not have `port`; None when it could."""
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            # The XRootD servers listen on every address, so it must be free on every address.
            server.bind(("", port))
            server.listen(1)
        except OSError as error:
            return error
    return None


def _sentence(port: int, error: OSError) -> str:
    if error.errno != errno.EADDRINUSE:
        return f"port {port} cannot be used: {error.strerror}; choose others with --port-base N"
    by = holder(port)
    return (
        f"port {port} is in use by {by or 'a process we may not see'}; "
        "stop it, or choose other ports with --port-base N (0: any free ones)"
    )
