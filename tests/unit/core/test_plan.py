"""Which endpoints a run of URLs without an inventory of its own may use as the other end."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakeproof.inventory import InventoryError
from lakeproof.session.adhoc import AdHoc

INVENTORY = """\
version: 1
lake: laptop
sites:
  - name: REFERENCE
    endpoints:
      - name: REFERENCE
        doors: {webdav: "davs://reference.example.org:2880/data"}
        ca: env:REFERENCE_CA
        roles: [source, destination, golden]
"""


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    file = tmp_path / "endpoints.yaml"
    file.write_text(INVENTORY)
    return file


def test_golden_endpoint_of_the_inventory_is_the_other_end(
    reference: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = reference.parent / "ca.pem"
    authority.write_text("any")
    monkeypatch.setenv("REFERENCE_CA", str(authority))

    plan = AdHoc(["davs://se.example.org/a"], fallback=reference).plan()

    assert [partner.name for partner in plan.partners_of("se.example.org")] == ["REFERENCE"]


def test_golden_endpoint_that_is_not_set_up_here_is_left_out(
    reference: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REFERENCE_CA", raising=False)

    plan = AdHoc(["davs://se.example.org/a"], fallback=reference).plan()

    assert plan.partners_of("se.example.org") == []


def test_a_root_door_is_beside_the_url() -> None:
    plan = AdHoc(["davs://se.example.org/a"], root_door="root://se.example.org:1094//b").plan()

    (target,) = plan.targets
    assert str(target.endpoint.doors.root) == "root://se.example.org//b"
    assert target.endpoint.url == "https://se.example.org/a"


@pytest.mark.parametrize(
    ("urls", "door", "said"),
    [
        (["root://se.example.org//a"], None, "--root-door root://se.example.org//a"),
        (["davs://se.example.org/a"], "davs://se.example.org/a", "expected root://"),
        (["davs://a.example.org/a", "davs://b.example.org/a"], "root://a//a", "several URLs"),
    ],
)
def test_a_root_door_alone_is_no_endpoint(urls: list[str], door: str | None, said: str) -> None:
    with pytest.raises(InventoryError) as caught:
        AdHoc(urls, root_door=door).plan()
    assert said in str(caught.value)


CACHE, STORAGE = "davs://cache.example.org:8443/vo", "davs://se.example.org/vo"


def test_a_cache_has_the_storage_behind_it_as_a_reserve_with_settings_of_its_own() -> None:
    plan = AdHoc(
        [CACHE], cache_of=STORAGE, technology="xrootd", audience="cache", token="env:ANY"
    ).plan()

    (cache,), (storage,) = plan.targets, plan.reserve
    assert cache.endpoint.cache_of == storage.name == "se.example.org"
    assert not cache.endpoint.is_writable
    assert storage.endpoint.is_writable
    assert storage.tokens == cache.tokens
    assert cache.endpoint.token_audience == "cache"
    assert storage.endpoint.token_audience == "https://se.example.org"
    assert storage.endpoint.technology == "auto"
    assert plan.peers_of(cache.name) == []


def test_the_storage_behind_a_cache_may_have_a_token_of_its_own() -> None:
    plan = AdHoc([CACHE], cache_of=STORAGE, token="env:A", partner_token="env:B").plan()

    assert [str(each.tokens and each.tokens.source) for each in plan.everything] == [
        "env:A",
        "env:B",
    ]


@pytest.mark.parametrize(
    ("urls", "behind", "said"),
    [
        ([CACHE, STORAGE], "davs://third.example.org/vo", "several URLs, expected one"),
        ([CACHE], "root://se.example.org//vo", "expected the davs:// URL of the same files"),
        ([CACHE], CACHE, "the URL of the cache itself"),
        ([CACHE], "se.example.org", "expected"),
    ],
)
def test_a_cache_of_what_is_no_storage_is_refused(urls: list[str], behind: str, said: str) -> None:
    with pytest.raises(InventoryError) as caught:
        AdHoc(urls, cache_of=behind).plan()
    assert said in str(caught.value)
