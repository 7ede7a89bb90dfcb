"""A PostgreSQL of the tests' own: a socket in a directory of its own, no port, no password."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

INSTALLED = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
ACCOUNT = "postgres"
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "16MB",
}


@contextmanager
def server() -> Iterator[str]:
    """A running server; gives the URL of its empty database `postgres`.

    It runs as `postgres` when we are root, because it refuses to be root.
    """
    binaries = INSTALLED[-1].parent
    account = ACCOUNT if os.geteuid() == 0 else None
    user = account or pwd.getpwuid(os.geteuid()).pw_name
    home = Path(tempfile.mkdtemp(prefix="lakeproof-pg-", dir="/tmp"))
    try:
        if account:
            shutil.chown(home, account)
        create: list[Path | str] = [
            binaries / "initdb",
            "-D",
            home / "data",
            "-U",
            user,
            "-A",
            "trust",
            *QUICK,
        ]
        _run(create, account)
        options = " ".join(f"-c {name}={value!r}" for name, value in SETTINGS.items())
        control: list[Path | str] = [binaries / "pg_ctl", "-D", home / "data", "-w", "-s"]
        run = [*control, "-l", home / "log", "-o", f"-k {home} {options}", "start"]
        _run(run, account)
        try:
            yield f"postgresql://{user}@/postgres?host={home}"
        finally:
            _run([*control, "-m", "immediate", "stop"], account)
    finally:
        shutil.rmtree(home)


QUICK = ("--encoding=UTF8", "--locale=C", "--no-sync")


def _run(command: Sequence[Path | str], account: str | None) -> None:
    done = subprocess.run(
        command,
        user=account,
        group=account,
        extra_groups=[] if account else None,
        env={"PATH": "/usr/bin:/bin"},
        cwd="/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stderr}")
