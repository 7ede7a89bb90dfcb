"""The loader: what it accepts, and how it names what it does not."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import pytest

from lakeproof.inventory import Inventory, InventoryError, load

GOOD = """\
version: 1
lake: escape
issuers:
  escape:
    url: https://iam.example.org/
    client_id: probe
    client_secret: env:LAKE_SECRET
rucio: {url: https://rucio.example.org, account: probe, auth: oidc, scope: lakeproof}
defaults: {timeout_s: 60, area: lakeproof, max_bytes: 2GiB}
sites:
  - name: DESY
    country: DE
    contact: storage@example.org
    endpoints:
      - name: DESY-DCACHE
        technology: dcache
        rse: DESY-DCACHE
        doors:
          webdav: "davs://se.example.org:2880/escape"
          root: "root://se.example.org:1094//escape"
          tape: auto
        scope_root: /escape
        auth: {tokens: escape, x509: env:X509_USER_PROXY}
        features: {tpc-pull: yes, tpc-push: yes, macaroons: yes, tape: no}
        roles: [source, destination, golden]
        downtime: {from: 2026-08-01T06:00:00Z, to: "2026-08-01T18:00:00+02:00", reason: move}
"""
MINIMAL = """\
version: 1
sites:
  - name: S
    endpoints:
      - name: E
        doors: {webdav: "https://se.example.org/vo"}
"""


def read(tmp_path: Path, text: str) -> Inventory:
    file = tmp_path / "endpoints.yaml"
    file.write_text(text, encoding="utf-8")
    return load(file)


def problems(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(InventoryError) as caught:
        read(tmp_path, text)
    return [line.removeprefix(f"{tmp_path}/") for line in caught.value.problems]


def with_endpoint(*lines: str) -> str:
    return MINIMAL + "".join(f"        {line}\n" for line in lines)


def test_everything_the_design_shows_is_understood(tmp_path: Path) -> None:
    inventory = read(tmp_path, GOOD)
    ((site, endpoint),) = inventory.endpoints()
    assert (site.name, endpoint.name, endpoint.rse) == ("DESY", "DESY-DCACHE", "DESY-DCACHE")
    assert endpoint.url == "https://se.example.org:2880/escape"
    assert str(endpoint.doors.root) == "root://se.example.org//escape"
    assert endpoint.doors.tape == "auto"
    assert endpoint.scope_root == PurePosixPath("/escape")
    assert endpoint.features == {
        "tpc-pull": True,
        "tpc-push": True,
        "macaroons": True,
        "tape": False,
    }
    assert endpoint.token_audience == "https://se.example.org:2880"
    assert endpoint.is_golden
    assert inventory.golden() is endpoint
    assert inventory.defaults.max_bytes == 2 * 1024**3
    assert inventory.path == (tmp_path / "endpoints.yaml")
    assert endpoint.downtime is not None
    assert endpoint.downtime.covers(datetime(2026, 8, 1, 15, 59, tzinfo=UTC))
    assert not endpoint.downtime.covers(datetime(2026, 8, 1, 16, 0, tzinfo=UTC))


def test_what_is_left_out_has_defaults(tmp_path: Path) -> None:
    ((_, endpoint),) = read(tmp_path, MINIMAL).endpoints()
    assert endpoint.technology == "auto"
    assert endpoint.scope_root is None
    assert endpoint.features == {}
    assert endpoint.door.port == 443
    assert endpoint.token_audience == "https://se.example.org"
    assert not endpoint.is_golden


def test_the_dump_is_an_inventory_of_the_same_meaning(tmp_path: Path) -> None:
    first = read(tmp_path, GOOD)
    assert read(tmp_path, first.as_yaml()) == first


def test_unknown_key_names_its_place_and_the_nearest_known(tmp_path: Path) -> None:
    (line,) = problems(tmp_path, with_endpoint("tecnology: dcache"))
    assert line.startswith(
        "endpoints.yaml:7:9: sites[0].endpoints[0].tecnology: found an unknown key, expected one of"
    )
    assert line.endswith('did you mean "technology"?')


def test_version_of_a_storage_is_refused_with_the_reason(tmp_path: Path) -> None:
    (line,) = problems(tmp_path, with_endpoint("version: 9.2.24"))
    assert "observed, never written here" in line


def test_all_problems_come_together_in_the_order_of_the_file(tmp_path: Path) -> None:
    lines = problems(
        tmp_path,
        with_endpoint("technology: dcach", "roles: [source, goldn]", "features: {tape: maybe}")
        + "      - {name: E}\n",
    )
    assert [line.split(": ")[1] for line in lines] == [
        "sites[0].endpoints[0].technology",
        "sites[0].endpoints[0].roles[1]",
        "sites[0].endpoints[0].features.tape",
        "sites[0].endpoints[1].doors",
        "sites[0].endpoints[1].name",
    ]
    assert all("\n" not in line for line in lines)


@pytest.mark.parametrize(
    ("line", "place", "says"),
    [
        ("technology: dcach", "7:21", 'found "dcach", expected auto, dcache'),
        ("features: {tpc-pul: yes}", "7:19", 'did you mean "tpc-pull"?'),
        ('features: {tape: "no"}', "7:26", "expected yes or no (without quotes)"),
        ("features: {tape: 1}", "7:26", 'found "1", expected yes or no'),
        ("scope_root: escape", "7:21", "expected an absolute URL path"),
        ("scope_root: /a/../b", "7:21", "without '.' and '..'"),
        ("roles: golden", "7:16", 'found "golden", expected a list'),
        ("rse: 7", "7:14", 'found "7", expected text'),
        ("auth: {tokens: escap}", "7:24", "found an unknown issuer"),
        ("auth: nothing", "7:15", 'found "nothing", expected a mapping'),
        ("sample: f", "7:17", 'found "f", expected a mapping'),
        ("sample: {path: a/../b, size: 1, adler32: '1'}", "7:24", "a file below the door"),
        ("sample: {path: a, size: 0, adler32: '1'}", "7:33", "a number of at least 1"),
        ("sample: {path: a, size: many, adler32: '1'}", "7:33", "expected a whole number"),
        ("tape: {path: a/}", "7:22", "a file below the door"),
        ("tape: {path: a, within_s: 0}", "7:35", "a number greater than 0"),
        ("sample: {path: a, size: 1, adler32: 12345678}", "7:45", "expected text"),
        ("sample: {path: a, size: 1, adler32: xyz}", "7:45", "8 hexadecimal digits"),
        ("emulated: perhaps", "7:19", "expected yes or no"),
    ],
)
def test_wrong_value_names_found_and_expected(
    tmp_path: Path, line: str, place: str, says: str
) -> None:
    (problem,) = problems(tmp_path, with_endpoint(line))
    assert problem.startswith(f"endpoints.yaml:{place}: sites[0].endpoints[0].")
    assert says in problem


@pytest.mark.parametrize(
    "moment", ["2026-08-01T06:00:00", "2026-08-01", '"soon"', "1785564000", "2026-13-45"]
)
def test_downtime_needs_a_time_zone(tmp_path: Path, moment: str) -> None:
    lines = problems(
        tmp_path, with_endpoint(f"downtime: {{from: {moment}, to: 2027-01-01T00:00:00Z}}")
    )
    assert "downtime.from: found" in lines[0]


def test_sample_file_is_understood(tmp_path: Path) -> None:
    line = "sample: {path: data/f.root, size: 1048576, adler32: '2910143'}"

    ((_, endpoint),) = read(tmp_path, with_endpoint(line)).endpoints()

    assert endpoint.sample is not None
    assert endpoint.sample.path == PurePosixPath("data/f.root")
    assert (endpoint.sample.size, endpoint.sample.adler32) == (1048576, "02910143")


def test_downtime_must_end_after_it_begins(tmp_path: Path) -> None:
    (line,) = problems(
        tmp_path,
        with_endpoint("downtime: {from: 2026-08-02T00:00:00Z, to: 2026-08-01T00:00:00Z}"),
    )
    assert "ends before it begins" in line


def test_names_used_twice_are_problems_whatever_their_case(tmp_path: Path) -> None:
    text = MINIMAL + '      - {name: e, doors: {webdav: "https://two.example.org/vo"}}\n'
    text += '  - {name: S, endpoints: [{name: F, doors: {webdav: "https://f.example.org/"}}]}\n'
    lines = problems(tmp_path, text)
    assert 'found the endpoint name "e" a second time' in lines[0]
    assert 'found the site name "S" a second time (first in sites[0])' in lines[1]


def test_key_written_twice_is_a_problem_at_the_second(tmp_path: Path) -> None:
    (line,) = problems(tmp_path, with_endpoint("rse: A", "rse: B"))
    assert line.startswith("endpoints.yaml:8:9: sites[0].endpoints[0].rse: ")
    assert "a second time (first in line 7)" in line


@pytest.mark.parametrize("version", ["2", '"1"', "1.1"])
def test_other_versions_are_refused(tmp_path: Path, version: str) -> None:
    lines = problems(tmp_path, MINIMAL.replace("version: 1", f"version: {version}"))
    assert lines[0].startswith("endpoints.yaml:1:10: version: found")
    assert "expected 1" in lines[0]


def test_missing_version_and_sites_are_named(tmp_path: Path) -> None:
    lines = problems(tmp_path, "lake: x\n")
    assert "version: found nothing, expected this key, which is required" in lines[0]
    assert "sites: found nothing, expected this key, which is required" in lines[1]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("version: 1\nsites:\n\t- name: S\n", "endpoints.yaml:3:1: found a tab"),
        ("version: 1\nsites: [\n", "endpoints.yaml:3:1: not valid YAML"),
        ("", "endpoints.yaml:1:1: (top): found an empty file"),
        ("- 1\n", "endpoints.yaml:1:1: (top): found no mapping"),
        ("version: 1\n---\nversion: 1\n", "not valid YAML"),
        ("a: &a [*a]\n", "too many or too deeply nested"),
        ("version: !!python/object:os.system 1\n", "found the YAML tag"),
        ("? [a]\n: 1\n", "found a list or mapping as a key"),
        ("sites: []\nversion: 1\n", "sites: found an empty list, expected at least one"),
    ],
)
def test_broken_files_give_one_clear_line(tmp_path: Path, text: str, says: str) -> None:
    assert any(says in line for line in problems(tmp_path, text))


def test_file_that_is_not_text(tmp_path: Path) -> None:
    file = tmp_path / "endpoints.yaml"
    file.write_bytes(b"version: 1\nlake: \xff\xfe\n")
    with pytest.raises(InventoryError, match=r"endpoints\.yaml:2:1: .* not UTF-8"):
        load(file)


def test_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(InventoryError, match="cannot be read: No such file"):
        load(tmp_path / "absent.yaml")


SECRET = "correct-horse-battery"
JWT = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJzb21lYm9keSJ9.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace("env:LAKE_SECRET", SECRET),
        GOOD.replace("env:LAKE_SECRET", f"'env:{SECRET}'"),
        GOOD.replace("env:LAKE_SECRET", f"[{SECRET}]"),
        GOOD.replace("client_secret:", "client_secrt:").replace("env:LAKE_SECRET", SECRET),
        GOOD.replace("tokens: escape", f"tokens: {JWT}"),
        GOOD.replace("tokens: escape", f"token: {SECRET}"),
        GOOD.replace("tokens: escape", f"tokens: 'env:{SECRET}'"),
        GOOD.replace("env:X509_USER_PROXY", f"'{SECRET}'"),
        GOOD.replace("davs://se", f"davs://user:{SECRET}@se"),
        GOOD.replace("davs://se", f"ftp://user:{SECRET}@se"),
        GOOD.replace("reason: move", f"reason: {JWT}"),
        GOOD.replace("env:LAKE_SECRET", f'"{SECRET}'),
    ],
)
def test_secret_written_out_is_refused_and_never_shown(tmp_path: Path, text: str) -> None:
    said = "\n".join(problems(tmp_path, text))
    assert said
    assert SECRET not in said
    assert JWT[:20] not in said
    with pytest.raises(InventoryError) as caught:
        read(tmp_path, text)
    assert caught.value.__cause__ is None


def test_aliases_save_writing_the_same_twice(tmp_path: Path) -> None:
    text = MINIMAL + "        features: &f {write: yes}\n"
    text += '      - {name: F, features: *f, doors: {webdav: "https://f.example.org/vo"}}\n'
    assert [e.features for _, e in read(tmp_path, text).endpoints()] == [{"write": True}] * 2


def test_selection_by_name_and_its_nearest(tmp_path: Path) -> None:
    inventory = read(tmp_path, GOOD)
    assert [e.name for _, e in inventory.select(sites=["DESY"])] == ["DESY-DCACHE"]
    assert inventory.endpoint("DESY-DCACHE").name == "DESY-DCACHE"
    with pytest.raises(InventoryError) as caught:
        inventory.select(sites=["DESI"], endpoints=["DESY-DCACH"])
    assert caught.value.problems == [
        'found no site "DESI", expected one of DESY; did you mean "DESY"?',
        'found no endpoint "DESY-DCACH", expected one of DESY-DCACHE; did you mean "DESY-DCACHE"?',
    ]


def test_relative_files_count_from_the_inventory(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("x")
    ((_, endpoint),) = read(tmp_path, with_endpoint("ca: ca.pem")).endpoints()
    assert endpoint.ca_name is not None
    assert endpoint.ca_name.path() == tmp_path / "ca.pem"
