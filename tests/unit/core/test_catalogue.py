"""The real checks and the catalogue agree with each other."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from lakeproof import known, lookup, tree
from lakeproof.check import Registry
from lakeproof.data import load
from lakeproof.features import NEEDS
from lakeproof.inventory import load as load_inventory
from lakeproof.inventory.model import FEATURES

LONGEST_QUOTE = 40
FEWEST_CHECKS = 400
CHECKS = tree.load_checks(tree.suites())
REAL = [check for check in CHECKS if tree.suites() in check.source.parents]
TECHNOLOGIES = {"generic", "dcache", "eos", "dpm", "xrootd", "storm"}
ISSUERS = {"generic", "xrootd", "iam", "keycloak", "cilogon", "lakeproof"}
KNOWN_FILES = sorted((tree.suites() / "known_failures").glob("*.yaml"))


def test_there_are_enough_checks_of_every_suite() -> None:
    assert len(REAL) >= FEWEST_CHECKS
    suites = {"reachability", "webdav", "integrity", "tpc", "tokens"}
    assert suites <= {check.suite for check in REAL}


def test_checks_are_described() -> None:
    for check in REAL:
        assert check.title.endswith("."), check.id
        assert check.harm.endswith("."), check.id
        assert re.fullmatch(r"[a-z0-9]+\.[a-z0-9_-]+\.[a-z0-9-]+", check.id)
        assert check.suite == check.source.parent.name, check.id


def test_requirements_of_checks_are_in_the_catalogue() -> None:
    unknown = {check.id: check.req for check in REAL if lookup.requirement(check.req) is None}

    assert unknown == {}


def test_needs_are_known() -> None:
    unknown = {check.id: sorted(check.needs - NEEDS.keys()) for check in REAL}

    assert {check: needs for check, needs in unknown.items() if needs} == {}


def test_faults_are_in_the_catalogue() -> None:
    unknown = {check.id: sorted(check.catches - load("faults").keys()) for check in REAL}

    assert {check: faults for check, faults in unknown.items() if faults} == {}


def test_xrootd_admin_is_told_what_to_do() -> None:
    for check in REAL:
        assert lookup.hint(check.id, "xrootd", "5.5.3"), check.id
        assert str(lookup.hints()[check.id].get("xrootd", "")).strip(), check.id


def test_requirements_are_whole() -> None:
    for req, entry in load("requirements").items():
        assert entry["spec"] in load("specs"), req
        assert str(entry["clause"]).strip(), req
        assert 0 < len(entry["quote"].split()) <= LONGEST_QUOTE, req
        found = lookup.requirement(req)
        assert found is not None, req
        assert found.url.startswith("https://"), req


def test_requirements_are_used() -> None:
    assert load("requirements").keys() - {check.req for check in REAL} == set()


def test_specs_say_where_they_are() -> None:
    for name, spec in load("specs").items():
        assert spec["title"], name
        assert spec["url"].startswith("https://"), name


def test_hints_are_about_checks_that_exist() -> None:
    assert set(lookup.hints()) <= {check.id for check in REAL}


def test_hints_are_by_technology() -> None:
    for check_id, entry in lookup.hints().items():
        known = ISSUERS if check_id.startswith("issuer.") else TECHNOLOGIES
        assert entry.keys() <= known, f"{check_id} (defects go to catalogue/bugs/)"


@pytest.mark.parametrize("path", KNOWN_FILES, ids=lambda path: path.stem)
def test_known_failures_are_about_checks_that_exist(path: Any) -> None:  # noqa: ANN401  a Path
    registry = Registry()
    for check in REAL:
        registry.add(check)

    found = known.load(path, registry)

    assert found.implementation == path.stem
    assert found.entries


def test_declarable_features_are_ones_that_a_check_may_need() -> None:
    # root and tape belong to suites that come later
    assert set(FEATURES) - {"root"} <= NEEDS.keys()


def test_shipped_inventory_is_valid() -> None:
    inventory = load_inventory(tree.root() / "endpoints.yaml")

    for _, endpoint in inventory.endpoints():
        for name in endpoint.known_failures:
            assert tree.known_failures(name).is_file()


@pytest.mark.parametrize(
    "name", ["specs", "requirements", "hints", "faults", "dialects", "rows", "bugs"]
)
def test_catalogue_file_is_a_mapping(name: str) -> None:
    loader: Callable[[str], dict[str, Any]] = load

    assert loader(name)
