"""What Rucio's server and daemons read, and how they are started."""

from __future__ import annotations

import json
import secrets
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from lakeproof.lake import ca
from lakeproof.lake.layout import (
    OTHER_CLIENT,
    PLAIN_CLIENT,
    RUCIO,
    RUCIO_CLIENT,
    X509_USER,
    Lake,
    LakeSite,
    Layout,
    write_text,
)
from lakeproof.lake.rucio import database
from lakeproof.lake.rucio.installed import server_python, site_packages
from lakeproof.lake.rucio.names import ACCOUNT, OTHER, ROOT, SCOPE, rse_of
from lakeproof.lake.services import DAEMONS, database_socket

QUOTA = 10 * 1024**3
FOLDER = "rucio"
PASSWORD_BYTES = 24
INSIDE = Path(__file__).parent / "inside"


def home(layout: Layout) -> Path:
    """Rucio's folder: `etc/`, where the server's secrets are, and what the daemons write."""
    return layout.directory / RUCIO


def client_settings(layout: Layout) -> Path:
    """A rucio.cfg for clients: the ordinary account, with its password."""
    return layout.secret / "rucio-client.cfg"


def prepare(lake: Lake) -> list[dict[str, Any]]:
    """Write everything; returns how to start the database, the server and the daemons."""
    owner = database.Owner.for_database()
    if owner.name:
        lake.directory.chmod(0o711)  # the database's user passes through
    database.prepare(lake.layout, owner)
    settings = write_settings(lake)
    return [
        database.service(lake.layout, owner),
        _service(lake, RUCIO, "serve.py", str(settings)),
        _service(lake, DAEMONS, "daemons.py", str(lake.rucio_port)),
    ]


def write_settings(lake: Lake) -> Path:
    """Write what server, daemons and clients read; returns what the server is to furnish."""
    folder = home(lake.layout)
    for part in (folder, folder / "etc", folder / "log"):
        part.mkdir(exist_ok=True)
        part.chmod(0o700)
    passwords = {name: _password(lake.layout, name) for name in (ROOT, ACCOUNT, OTHER)}
    values = _values(lake, passwords)
    templates = files("lakeproof.lake") / "templates"
    for name in ("rucio.cfg", "alembic.ini", "idpsecrets.json"):
        text = Template((templates / name).read_text()).substitute(values)
        write_text(folder / "etc" / name, text, 0o600)
    client = Template((templates / "rucio-client.cfg").read_text()).substitute(values)
    write_text(client_settings(lake.layout), client, 0o600)
    settings = json.dumps(_settings(lake, passwords), indent=1)
    path = folder / "etc" / "lake.json"
    write_text(path, settings, 0o600)
    return path


def _service(lake: Lake, name: str, script: str, argument: str) -> dict[str, Any]:
    folder = home(lake.layout)
    return {
        "name": name,
        "command": [str(server_python()), "-P", str(INSIDE / script), argument],
        "account": None,
        "directory": str(folder),
        "environment": {
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "RUCIO_HOME": str(folder),
            "REQUESTS_CA_BUNDLE": str(lake.ca),
            "X509_CERT_DIR": str(lake.layout.certificates),
            "PYTHONUNBUFFERED": "1",
        },
    }


def _values(lake: Lake, passwords: dict[str, str]) -> dict[str, str]:
    layout = lake.layout
    return {
        "home": str(home(layout)),
        "database": database.url(layout),
        "packages": str(site_packages(server_python())),
        "environment": str(server_python().parents[1]),
        "url": lake.rucio_url,
        "ca": str(lake.ca),
        "root_password": passwords[ROOT],
        "account": ACCOUNT,
        "password": passwords[ACCOUNT],
        "credential": str(layout.credential(X509_USER)),
        "issuer": lake.issuer,
        "client": RUCIO_CLIENT,
        "client_secret": layout.client_secret(RUCIO_CLIENT).read_text().strip(),
    }


def _settings(lake: Lake, passwords: dict[str, str]) -> dict[str, Any]:
    layout = lake.layout
    alice = ca.read_credential(layout.credential(X509_USER)).subject
    own = [
        ["USERPASS", ACCOUNT, passwords[ACCOUNT]],
        ["X509", alice, None],
        ["OIDC", f"SUB={PLAIN_CLIENT}, ISS={lake.issuer}", None],
        ["OIDC", f"SUB={lake.client_id}, ISS={lake.issuer}", None],
    ]
    others = [
        ["USERPASS", OTHER, passwords[OTHER]],
        ["OIDC", f"SUB={OTHER_CLIENT}, ISS={lake.issuer}", None],
    ]
    return {
        "socket": str(database_socket(layout)),
        "user": database.USER,
        "port": lake.rucio_port,
        "certificate": str(layout.credential(RUCIO)),
        "ca": str(lake.ca),
        "accounts": [
            {"name": ACCOUNT, "type": "USER", "identities": own, "scopes": [SCOPE]},
            {"name": OTHER, "type": "USER", "identities": others, "scopes": [OTHER]},
        ],
        "limits": {ACCOUNT: QUOTA},
        "rses": [_rse(lake, site) for site in lake.sites if not site.role],
    }


def _rse(lake: Lake, site: LakeSite) -> dict[str, Any]:
    return {
        "name": rse_of(site),
        "protocols": [_davs(site), *([_root(site)] if site.root_port else [])],
        "attributes": {
            "oidc_support": True,
            "oidc_base_path": site.base_path,
            "technology": site.technology,
            "emulated": site.emulated,
            **({"fts": lake.fts_url} if lake.fts_url else {}),
        },
    }


def _davs(site: LakeSite) -> dict[str, Any]:
    able = {"read": 1, "write": 1, "delete": 1}
    copies = {"third_party_copy_read": 1, "third_party_copy_write": 1}
    return {
        "scheme": "davs",
        "hostname": site.host,
        "port": site.port,
        "prefix": f"{site.base_path}/{FOLDER}/",
        "impl": "rucio.rse.protocols.gfal.Default",
        "domains": {"lan": able, "wan": {**able, **copies}},
    }


def _root(site: LakeSite) -> dict[str, Any]:
    """Tokens go over root:// with this implementation only; copies are made over davs://."""
    able = {"read": 2, "write": 2, "delete": None}
    copies = {"third_party_copy_read": None, "third_party_copy_write": None}
    return {
        "scheme": "root",
        "hostname": site.host,
        "port": site.root_port,
        "prefix": f"/{site.base_path}/{FOLDER}/",
        "impl": "rucio.rse.protocols.xrootd.Default",
        "domains": {"lan": able, "wan": {**able, **copies}},
    }


def _password(layout: Layout, account: str) -> str:
    path = layout.secret / f"rucio-{account}"
    if not path.exists():
        write_text(path, secrets.token_urlsafe(PASSWORD_BYTES) + "\n", 0o600)
    return path.read_text().strip()
