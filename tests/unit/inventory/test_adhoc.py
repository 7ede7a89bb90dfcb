"""Endpoints from URLs alone."""

from __future__ import annotations

import pytest

from lakeproof.inventory import InventoryError, endpoint_from_url, inventory_from_urls


@pytest.mark.parametrize(
    ("url", "plain", "audience"),
    [
        ("davs://se.example.org/vo", "https://se.example.org/vo", "https://se.example.org"),
        ("https://se.example.org:443/", "https://se.example.org/", "https://se.example.org"),
        (
            "https://SE.example.org:1094//data/",
            "https://se.example.org:1094/data",
            "https://se.example.org:1094",
        ),
        ("dav://127.0.0.1:8080/x", "http://127.0.0.1:8080/x", "http://127.0.0.1:8080"),
        ("davs://[::1]:2880/a%20b", "https://[::1]:2880/a%20b", "https://[::1]:2880"),
        ("root://se.example.org//vo/x", "root://se.example.org//vo/x", "root://se.example.org"),
    ],
)
def test_url_becomes_a_door_and_an_audience(url: str, plain: str, audience: str) -> None:
    endpoint = endpoint_from_url(url)
    assert endpoint.url == plain
    assert endpoint.token_audience == audience


def test_root_url_gives_a_root_door() -> None:
    endpoint = endpoint_from_url("root://se.example.org//vo")
    assert endpoint.doors.webdav is None
    assert endpoint.doors.root is not None
    assert endpoint.doors.root.port == 1094


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("se.example.org/vo", "did you mean davs://se.example.org/vo?"),
        ("se.example.org:1094/vo", "did you mean davs://se.example.org:1094/vo?"),
        ("nonsense", "a URL that starts with davs://"),
        ("", "a URL that starts with davs://"),
        ("gsiftp://se.example.org/vo", "a URL that starts with davs://"),
        ("https:///vo", "a URL without a host"),
        ("https://se.example.org:99999/", "a malformed URL"),
        ("https://se.example.org:x/", "a malformed URL"),
        ("https://[::1/", "a malformed URL"),
        ("https://se example/", "a host name with characters no host has"),
        ("https://se.example.org/a/../b", "a path with '.' or '..'"),
        ("https://se.example.org/?q=1", "a URL with ?query or #fragment"),
        ("https://user:hunter22@se.example.org/", "a user name or password"),
        ("ftp://user:hunter22@se.example.org/", "a URL that starts with davs://"),
    ],
)
def test_nonsense_is_refused_with_a_sentence(url: str, says: str) -> None:
    with pytest.raises(InventoryError) as caught:
        endpoint_from_url(url)
    (problem,) = caught.value.problems
    assert says in problem
    assert problem.startswith("endpoint URL: found ")
    assert "hunter22" not in problem


def test_names_come_from_hosts_and_stay_apart() -> None:
    inventory = inventory_from_urls(
        [
            "davs://se.example.org:1094/a",
            "davs://se.example.org:1095/a",
            "davs://se.example.org:1095/b",
            "davs://other.example.org/",
            "davs://[::1]/",
        ]
    )
    assert [e.name for _, e in inventory.endpoints()] == [
        "se.example.org",
        "se.example.org-1095",
        "se.example.org-1095-2",
        "other.example.org",
        "ip-1",
    ]
    assert [s.name for s in inventory.sites] == ["se.example.org", "other.example.org", "ip-1"]


def test_settings_speak_as_the_inventory_does() -> None:
    settings = {"technology": "xrootd", "features": {"tape": False}, "scope_root": "/data"}
    endpoint = endpoint_from_url("davs://se.example.org/data", settings)
    assert endpoint.technology == "xrootd"
    assert endpoint.features == {"tape": False}
    with pytest.raises(InventoryError, match=r'features: found .*did you mean "tape"'):
        endpoint_from_url("davs://se.example.org/", {"features": {"tap": True}})
    with pytest.raises(InventoryError, match='technology: found "dcach"'):
        endpoint_from_url("davs://se.example.org/", {"technology": "dcach"})


def test_problems_of_all_urls_come_together() -> None:
    with pytest.raises(InventoryError) as caught:
        inventory_from_urls(["nonsense", "davs://a.example.org", "davs://a.example.org/", "x://"])
    assert len(caught.value.problems) == 3
    assert "given twice" in caught.value.problems[1]
    with pytest.raises(InventoryError, match="no URL"):
        inventory_from_urls([])
