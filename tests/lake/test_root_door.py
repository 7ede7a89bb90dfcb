from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import requests

from lakeproof.lake import Lake, environment
from lakeproof.lake.voms import proxy_of

pytestmark = pytest.mark.lake


def token_of(lake: Lake) -> str:
    reply = requests.post(
        f"{lake.issuer}/token",
        data={"grant_type": "client_credentials", "scope": "storage.read:/ storage.modify:/"},
        auth=(lake.client_id, lake.client_secret_file.read_text().strip()),
        verify=str(lake.ca),
        timeout=10,
    )
    return str(reply.json()["access_token"])


def xrdcp(lake: Lake, *arguments: str, **credential: str) -> int:
    trusted = {"X509_CERT_DIR": environment(lake)["X509_CERT_DIR"]}
    return subprocess.run(
        ["xrdcp", "--nopbar", "--force", *arguments],
        env={"PATH": "/usr/bin:/bin", "HOME": str(lake.directory), **trusted, **credential},
        timeout=60,
        check=False,
    ).returncode


def test_copies_with_a_token_and_between_the_sites(lake: Lake, tmp_path: Path) -> None:
    sent, back = tmp_path / "sent", tmp_path / "back"
    sent.write_bytes(bytes(range(256)) * 4096)
    token = token_of(lake)
    a, b = (site.root_url for site in lake.real_sites)

    assert xrdcp(lake, str(sent), f"{a}/root", BEARER_TOKEN=token) == 0
    # A hang here means that the source does not recognise the destination's name.
    assert xrdcp(lake, "--tpc", "only", f"{a}/root", f"{b}/root", BEARER_TOKEN=token) == 0
    assert xrdcp(lake, f"{b}/root", str(back), BEARER_TOKEN=token) == 0

    assert back.read_bytes() == sent.read_bytes()


def test_voms_proxy_reads_and_nobody_else_does(lake: Lake, tmp_path: Path) -> None:
    sent = tmp_path / "sent"
    sent.write_bytes(b"x")
    url = f"{lake.sites[0].root_url}/gsi"
    proxy = str(proxy_of(lake.layout, "bob"))
    keytab = str(lake.layout.secret / "sss.keytab")

    assert xrdcp(lake, str(sent), url, X509_USER_PROXY=proxy) == 0
    assert xrdcp(lake, url, str(tmp_path / "anonymous")) != 0
    # The servers' own key opens a copy that was announced, and nothing beside.
    server = {"XrdSecPROTOCOL": "sss", "XrdSecSSSKT": keytab}
    assert xrdcp(lake, url, str(tmp_path / "server"), **server) != 0
