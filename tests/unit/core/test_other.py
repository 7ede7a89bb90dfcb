"""The second identity: its own area, its own credentials, and nothing of the first one's."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from lakeproof.inventory import InventoryError
from lakeproof.results import run_of
from lakeproof.session.adhoc import AdHoc
from lakeproof.session.plan import from_inventory
from lakeproof.session.sessions import Sessions
from lakeproof.verdict import NotRun

INVENTORY = """
version: 1
issuers:
  lake: {url: "https://iam.example.org/", client_id: one, client_secret: env:ONE}
  neighbour: {url: "https://iam.example.org/", client_id: two, client_secret: env:TWO}
sites:
  - name: S
    endpoints:
      - name: SE
        doors: {webdav: "davs://se.example.org/vo"}
        auth: {tokens: lake, x509: "env:PROXY", other: neighbour, other_area: /vo/theirs}
"""


def test_inventory_names_a_second_identity(tmp_path: Path) -> None:
    path = tmp_path / "endpoints.yaml"
    path.write_text(INVENTORY)

    (target,) = from_inventory(path, (), ()).targets
    other = target.as_other()

    assert other is not None
    assert (other.name, other.endpoint.door.path) == ("SE (other)", PurePosixPath("/vo/theirs"))
    assert other.tokens is not None
    assert (other.tokens.client_id, other.other) == ("two", None)
    assert other.certificate() is None, "the first identity's certificate would open everything"


def test_stand_ins_are_those_that_the_inventory_names_so(tmp_path: Path) -> None:
    path = tmp_path / "endpoints.yaml"
    path.write_text(INVENTORY + 'fts: {url: "https://fts.example.org:8446", emulated: true}\n')

    assert from_inventory(path, (), ()).stand_ins("SE") == ("FTS",)

    path.write_text(INVENTORY.replace("client_id: one", "emulated: true, client_id: one"))

    assert from_inventory(path, (), ()).stand_ins("SE") == ("token issuer",)


def test_unknown_issuer_of_the_second_identity_is_named(tmp_path: Path) -> None:
    path = tmp_path / "endpoints.yaml"
    path.write_text(INVENTORY.replace("other: neighbour", "other: neighbor"))

    with pytest.raises(InventoryError, match=r"other: found an unknown issuer.*neighbour"):
        from_inventory(path, (), ())


def test_command_line_names_a_second_identity() -> None:
    plan = AdHoc(
        ["davs://se.example.org/vo"],
        token="env:ONE",
        other_token="client:https://iam.example.org/",
        other_client_id="two",
        other_client_secret_file="two.secret",
        other_area="/vo/theirs",
    ).plan()

    other = plan.targets[0].as_other()

    assert other is not None
    assert other.tokens is not None
    assert (other.tokens.client_id, str(other.tokens.secret)) == ("two", "file:two.secret")
    assert other.endpoint.door.path == PurePosixPath("/vo/theirs")


def test_without_an_area_it_is_the_endpoints_own() -> None:
    plan = AdHoc(["davs://se.example.org/vo"], token="env:ONE", other_token="env:TWO").plan()

    other = plan.targets[0].as_other()

    assert other is not None
    assert other.endpoint.door.path == PurePosixPath("/vo")


def test_without_a_second_identity_the_reason_says_what_to_give() -> None:
    sessions = Sessions(AdHoc(["davs://se.example.org/vo"], token="env:ONE").plan(), "run")

    with pytest.raises(NotRun, match="give --other-token SOURCE"):
        sessions.other_of("se.example.org")


def test_its_directory_is_recognised_as_a_runs_own() -> None:
    assert run_of("lp-20261124T100000Z-0a1b2c3d-gw0-other") == "lp-20261124T100000Z-0a1b2c3d"


def test_both_identities_are_cleaned_up_after() -> None:
    plan = AdHoc(["davs://se.example.org/vo"], token="env:ONE", other_token="env:TWO").plan()
    sessions = Sessions(plan, "lp-20261124T100000Z-0a1b2c3d")

    directories = [each.run_directory.name for each in sessions.all_of("se.example.org")]

    assert directories == ["lp-20261124T100000Z-0a1b2c3d", "lp-20261124T100000Z-0a1b2c3d-other"]
    assert len(sessions.all_of("se.example.org")) == len(sessions.opened())
