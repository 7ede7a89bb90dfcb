"""Rucio-readiness of an endpoint that is broken: what it says comes first, and nothing to paste."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cli_faults.ground import Ground

ASKED = ("--profile=rucio-ready", "--check=webdav.files.delete-*", "--check=webdav.move.*")
REACHED = ("--check=reachability.tls.*", "--check=reachability.network.*")
STORED = (
    "--check=webdav.files.put-stores-new-file",
    "--check=webdav.collections.mkcol-creates-collection",
    "--check=webdav.listing.propfind-*",
    "--check=integrity.truth.download-equals-upload",
)


def _said(ground: Ground, name: str, *faults: str) -> tuple[str, dict[str, Any]]:
    with ground.element(name, faults) as url:
        found = ground.run(url, f"ready-{name}", *ASKED, *REACHED, *STORED).run
    (endpoint,) = json.loads((found.folder / "rucio-ready.json").read_text())["endpoints"]
    _, _, text = found.output.partition("Rucio-readiness (RSE")
    return text, endpoint


def test_what_breaks_rucio_comes_first_and_nothing_can_be_pasted(ground: Ground) -> None:
    text, endpoint = _said(ground, "keeps", "delete-lies")

    assert "Rucio cannot use it yet; what to change first stands below." in text
    assert "\n  R6   not met        DELETE removes a file" in text
    assert "Otherwise: The reaper deletes nothing" in text
    _, _, pasted = text.partition("Commands for Rucio 41, as an account that may manage RSEs\n")
    lines = [line for line in pasted.splitlines() if line]
    assert lines[0] == "# Change first:"
    assert lines[1].startswith("# - webdav.files.delete-removes-file: ")
    assert lines[2].startswith("#   Do: ")
    assert lines[-1] == "# Then run it again, and the commands are here."
    assert [line for line in lines if not line.startswith("#")] == []
    assert endpoint["implementation"] is None
    assert [each["check"] for each in endpoint["change_first"]] == [
        "webdav.files.delete-removes-file"
    ]


@pytest.mark.parametrize(
    ("fault", "implementation"),
    [("move-copies", "gfal.NoRename"), ("move-status-200", "gfal.Default")],
)
def test_another_implementation_is_named_where_it_works(
    ground: Ground, fault: str, implementation: str
) -> None:
    text, endpoint = _said(ground, fault, fault)

    assert endpoint["implementation"] == f"rucio.rse.protocols.{implementation}"
    assert "\n  R5   not met        MOVE" in text
    assert f"--impl rucio.rse.protocols.{implementation} " in text
