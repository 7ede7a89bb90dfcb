"""Copies between elements by gfal2, FTS's library, as the FTS stand-in has them made."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from lakeproof.fts.errors import CopyFailed
from lakeproof.fts.gfal import Gfal, GfalOrder, found

from .conftest import Authority, Client, Element

CONTENT = bytes(range(256)) * 1000


@pytest.fixture(scope="module")
def gfal() -> Gfal:
    installed = found()
    if installed is None:
        pytest.skip("needs gfal2's Python bindings; script/bootstrap --with-rucio installs them")
    return installed


@pytest.fixture(scope="module")
def trust(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("certificates")
    shutil.copy(authority.ca, folder)
    subprocess.run(["openssl", "rehash", folder], check=True, capture_output=True)
    return {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "X509_CERT_DIR": str(folder)}


def _order(source: Client, target: Client, trust: dict[str, str]) -> GfalOrder:
    one, other = (end.server.url.replace("https", "davs") for end in (source, target))
    at = (f"{one}/data/f", f"{other}/data/copy")
    return GfalOrder(*at, trust, source.token, target.token, timeout_s=30)


@pytest.mark.parametrize(
    ("faults", "mode"),
    [(set(), "3rd pull"), ({"tpc-pull-unsupported"}, "3rd push")],
    ids=["pull", "push-where-pull-fails"],
)
def test_copy_is_true(
    element: Element, gfal: Gfal, trust: dict[str, str], faults: set[str], mode: str
) -> None:
    source, target = element(), element(faults=faults)
    source("PUT", "/f", data=CONTENT)

    assert gfal.copy(_order(source, target, trust), lambda: False) == mode

    assert target("GET", "/copy").content == CONTENT


def test_target_is_not_shown_the_token_of_the_source(
    element: Element, gfal: Gfal, trust: dict[str, str]
) -> None:
    source, target = element(), element()
    source("PUT", "/f", data=CONTENT)
    target.token = "none of this target's"

    with pytest.raises(CopyFailed, match="TRANSFER"):
        gfal.copy(_order(source, target, trust), lambda: False)

    assert source("GET", "/f").content == CONTENT
