"""A PostgreSQL of the lake's own: reached through a socket in the lake's directory only."""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lakeproof.lake.errors import LakeError
from lakeproof.lake.layout import Layout
from lakeproof.lake.rucio.installed import postgresql
from lakeproof.lake.services import DATABASE, database_socket

ACCOUNT = "postgres"
USER = "rucio"
# What a crash of the machine would cost is one laptop lake; a killed server costs nothing.
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "60",
    "autovacuum_naptime": "5min",
    "log_min_messages": "warning",
}


@dataclass(frozen=True)
class Owner:
    """Whom PostgreSQL runs as; `name` is None when that is the invoking user."""

    name: str | None
    uid: int
    gid: int

    @classmethod
    def for_database(cls) -> Owner:
        """`postgres` when we are root (PostgreSQL refuses uid 0), else ourselves."""
        if os.geteuid() != 0:
            return cls(None, os.geteuid(), os.getegid())
        try:
            entry = pwd.getpwnam(ACCOUNT)
        except KeyError:
            raise LakeError(
                f"there is no user {ACCOUNT} to run PostgreSQL as; the Debian package postgresql "
                "makes one (script/bootstrap --with-rucio installs it)"
            ) from None
        return cls(ACCOUNT, entry.pw_uid, entry.pw_gid)


def home(layout: Layout) -> Path:
    """The folder of the database, closed to everybody but its owner (and root)."""
    return layout.directory / "pg"


def url(layout: Layout) -> str:
    """How SQLAlchemy reaches it."""
    return f"postgresql+psycopg://{USER}@/{USER}?host={database_socket(layout)}"


def prepare(layout: Layout, owner: Owner) -> None:
    """Make an empty database cluster unless there is one; raises LakeError with initdb's words."""
    folder = home(layout)
    for part in (folder, database_socket(layout)):
        part.mkdir(exist_ok=True)
        os.chown(part, owner.uid, owner.gid)
        part.chmod(0o700)
    if (folder / "data" / "PG_VERSION").exists():
        return
    done = subprocess.run(  # noqa: S603  a fixed program, our own path
        [
            postgresql("initdb"),
            f"--pgdata={folder / 'data'}",
            f"--username={USER}",
            "--auth-local=trust",
            "--auth-host=reject",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin"},
        user=owner.name,
        group=owner.name,
        extra_groups=[] if owner.name else None,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise LakeError(f"PostgreSQL made no database: {done.stderr.strip()}")


def service(layout: Layout, owner: Owner) -> dict[str, Any]:
    """What the supervisor needs to start it."""
    folder = home(layout)
    settings = {**SETTINGS, "unix_socket_directories": str(database_socket(layout))}
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    return {
        "name": DATABASE,
        "command": [postgresql("postgres"), "-D", str(folder / "data"), *options],
        "account": owner.name,
        "directory": str(folder),
        "environment": {"PATH": "/usr/bin:/bin", "HOME": str(folder)},
    }
