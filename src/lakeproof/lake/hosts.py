"""Host names of the lake in /etc/hosts, between markers, shared by all lakes of a machine."""

from __future__ import annotations

import fcntl
import socket
from collections.abc import Sequence
from pathlib import Path

HOSTS_FILE = Path("/etc/hosts")
DOMAIN = "lakeproof.test"
HOSTS = (
    *("issuer", "xrd-a", "xrd-b", "dcache", "eos", "dpm", "storm", "xrd", "peer", "rucio", "fts"),
    *("xrd-a6", "xrd-b6", "xrd-cache", "xrd-redirector"),
)
NAMES = tuple(f"{host}.{DOMAIN}" for host in HOSTS)
ADDRESS = "127.0.0.1"
BEGIN = "# lakeproof begin: removed by `lakeproof lake down`"
END = "# lakeproof end"
USED_BY = "# used by "


def name_of(host: str, *, named: bool) -> str:
    """The full name of one of HOSTS; localhost where the machine does not let us add names."""
    return f"{host}.{DOMAIN}" if named else "localhost"


def add(directory: Path, hosts_file: Path = HOSTS_FILE) -> bool:
    """Have NAMES resolve for the lake in `directory`; False when this machine does not let us."""
    try:
        _rewrite(hosts_file, add=directory)
    except OSError:  # not root, or a read-only /etc: localhost serves, with less to tell apart
        return False
    return hosts_file != HOSTS_FILE or resolves()


def remove(directory: Path, hosts_file: Path = HOSTS_FILE) -> None:
    """Take the names away unless another lake uses them; nothing when `directory` has none.

    Raises OSError when the lines are ours and cannot be removed.
    """
    if f"{USED_BY}{directory}" in hosts_file.read_text().splitlines():
        _rewrite(hosts_file, remove=directory)


def resolves(names: Sequence[str] = NAMES) -> bool:
    """Whether every name leads to this machine and nowhere else."""
    try:
        return all(_addresses(name) == {ADDRESS} for name in names)
    except socket.gaierror:
        return False


def prefers_ipv4_only(host: str) -> bool:
    """Whether `host` has no IPv6 address, so that servers can stay on IPv4."""
    return not any(":" in address for address in _addresses(host))


def _addresses(name: str) -> set[str]:
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return {str(address[4][0]) for address in found}


def _rewrite(hosts_file: Path, *, add: Path | None = None, remove: Path | None = None) -> None:
    # In place: in containers the file is a mount and cannot be replaced by a rename.
    with hosts_file.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        kept, users, names = _split(file.read().splitlines())
        # A lake that was deleted without `down` must not keep the names for ever.
        users = {user for user in users if user != str(remove) and Path(user).exists()}
        users |= {str(add)} if add else set()
        if users:
            used_by = [f"{USED_BY}{user}" for user in sorted(users)]
            # localhost first makes it their canonical name. The source of a root:// third-party
            # copy compares that of the named destination with that of the peer, which is
            # localhost for every process here; any other order lets the copy hang.
            # Names that we do not know stay: a lake of another version may use them.
            line = " ".join((ADDRESS, "localhost", *dict.fromkeys((*NAMES, *names))))
            kept += [BEGIN, *used_by, line, END]
        # First the new text, then the end: whoever looks up a name meanwhile never finds it empty.
        file.seek(0)
        file.write("".join(f"{line}\n" for line in kept))
        file.truncate()


def _split(lines: list[str]) -> tuple[list[str], set[str], list[str]]:
    """The lines that are not ours; from our block the lakes' directories and the names."""
    kept, users, names, ours = [], set(), list[str](), False
    for line in lines:
        ours = ours or line == BEGIN
        if ours and line.startswith(USED_BY):
            users.add(line.removeprefix(USED_BY))
        elif ours and line.startswith(ADDRESS):
            names += line.split()[2:]
        elif not ours:
            kept.append(line)
        ours = ours and line != END
    return kept, users, names
