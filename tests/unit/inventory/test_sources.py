"""What Rucio, CRIC and storage resource reports say of endpoints, in the inventory's terms."""

from __future__ import annotations

from typing import Any

import pytest

from lakeproof.inventory.sources import cric, rucio, srr
from lakeproof.inventory.sources.found import Found, Harvest, SourceError
from tests.unit.inventory import documents
from tests.unit.inventory.documents import SITES


def _named(harvest: Harvest, name: str) -> Found:
    return next(found for found in harvest.endpoints if found.name == name)


def _protocol(**changes: Any) -> dict[str, Any]:  # noqa: ANN401  any JSON
    return {
        "scheme": "davs",
        "hostname": "se.example.org",
        "port": 443,
        "prefix": "//vo/",
        "domains": {"wan": {"read": 1, "write": 1}},
        **changes,
    }


def _rse(*protocols: dict[str, Any], **facts: Any) -> Found:  # noqa: ANN401  any JSON
    (found,) = rucio.harvest([{"rse": "R", "protocols": list(protocols), **facts}]).endpoints
    return found


@pytest.mark.parametrize(
    "harvest",
    [
        rucio.harvest(documents.rucio_export()),
        cric.harvest(documents.cric_preset()),
        cric.harvest(documents.cric_plain()),
    ],
    ids=["rucio", "cric-preset", "cric-plain"],
)
def test_every_site_is_found_with_its_door(harvest: Harvest) -> None:
    assert len(harvest.endpoints) == SITES
    assert harvest.remarks == []
    found = _named(harvest, "SITE-07")
    assert found.keys["doors"] == {"webdav": "davs://se07.example.org:2881/pnfs/site07/escape"}
    assert found.site == "site-07"


def test_rucio_export_tells_roles_tape_root_door_and_scope_root() -> None:
    harvest = rucio.harvest(documents.rucio_export())

    tape = _named(harvest, "SITE-30")
    assert tape.keys["features"] == {"tape": True}
    assert tape.keys["doors"] == {
        "webdav": "davs://se30.example.org:2880/pnfs/site30/escape",
        "root": "root://se30.example.org//pnfs/site30/escape",
    }
    assert tape.keys["scope_root"] == "/pnfs"
    assert (tape.country, tape.keys["rse"]) == ("NL", "SITE-30")
    readonly = _named(harvest, "SITE-14")
    assert readonly.keys["roles"] == ["source"]


def test_atlas_endpoints_that_are_not_active_are_left_out_and_named() -> None:
    harvest = cric.harvest(documents.cric_atlas())

    assert len(harvest.endpoints) == SITES - 4
    assert "SITE-14: left out, as its state is DISABLED" in harvest.remarks
    assert _named(harvest, "SITE-07").keys["doors"] == {
        "webdav": "davs://se07.example.org:2881/pnfs/site07/escape",
        "root": "root://se07.example.org//pnfs/site07/escape",
    }


def test_priority_0_is_off_in_cric_and_the_highest_in_rucio() -> None:
    document = documents.cric_preset()
    assert _named(cric.harvest(document), "SITE-14").keys["roles"] == ["source"]
    assert "roles" not in _named(cric.harvest(document, zero_is_off=False), "SITE-14").keys
    zeros = _protocol(domains={"wan": {"read": 0, "write": 0}})
    assert "roles" not in _rse(zeros).keys
    off = rucio.harvest([{"rse": "R", "protocols": [zeros]}], zero_is_off=True)
    assert "roles" not in off.endpoints[0].keys


def test_priority_0_in_a_document_of_unknown_age_is_remarked() -> None:
    zeros = {"protocols": [_protocol(domains={"wan": {"read": 0}})]}
    (remark,) = rucio.harvest([{"rse": "R", **zeros}, {"rse": "S", **zeros}]).remarks
    assert remark.startswith("R and 1 more: priority 0 is taken for the highest")
    assert rucio.harvest([{"rse": "R", **zeros}], zero_is_off=True).remarks == []


def test_protocol_for_third_party_copy_is_preferred() -> None:
    reading = _protocol(hostname="read.example.org")
    copying = _protocol(
        hostname="copy.example.org", domains={"wan": {"read": 9, "third_party_copy_read": 2}}
    )
    assert _rse(reading, copying).keys["doors"] == {"webdav": "davs://copy.example.org/vo"}


def test_null_is_not_offered() -> None:
    closed = _protocol(domains={"wan": {"read": 1, "write": None, "delete": None}})
    found = _rse(closed)
    assert found.keys["features"] == {"write": False}
    assert found.keys["roles"] == ["source"]


def test_availability_is_a_matter_of_roles() -> None:
    assert _rse(_protocol(), availability_write=False).keys["roles"] == ["source"]
    assert _rse(_protocol(), availability_read=False).keys["roles"] == ["destination"]


def test_old_repository_is_understood() -> None:
    protocols = {"default": "davs", "supported": {"davs": _protocol()}}
    (found,) = rucio.harvest({"R": {"protocols": protocols}}).endpoints
    assert found.keys["doors"] == {"webdav": "davs://se.example.org/vo"}


def test_what_lakeproof_does_not_speak_is_remarked() -> None:
    harvest = rucio.harvest([{"rse": "R", "protocols": [_protocol(scheme="srm")]}])
    assert harvest.endpoints == []
    assert harvest.remarks == [
        "R: left out, as it has neither a WebDAV nor a root door (protocols: srm)"
    ]


def test_nonsense_in_a_protocol_is_remarked_and_the_next_one_taken() -> None:
    bad = _protocol(hostname="no host at all")
    harvest = rucio.harvest([{"rse": "R", "protocols": [bad, _protocol(port=8443)]}])
    assert harvest.endpoints[0].keys["doors"] == {"webdav": "davs://se.example.org:8443/vo"}
    assert harvest.remarks[0].startswith("R: a webdav protocol is left out: found ")


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ([1], "an entry of the list of RSEs should be a JSON object, and is a int"),
        ("text", "the document should be a JSON object, and is a text"),
        ({"rses": []}, "rses should be a JSON object, and is an array"),
        ({"R": {"protocols": "x"}}, "R: protocols should be a JSON array, and is a text"),
    ],
)
def test_document_of_another_shape_is_named(document: object, sentence: str) -> None:
    with pytest.raises(SourceError) as refused:
        rucio.harvest(document)
    assert str(refused.value) == sentence


def test_report_gives_an_endpoint_for_each_share() -> None:
    report = {
        "storageservice": {
            "name": "se",
            "implementation": "dCache",
            "storageendpoints": [
                {"interfacetype": "DAV", "endpointurl": "https://se.example.org:2880/"},
                {"interfacetype": "xroot", "endpointurl": "root://se.example.org:1095/"},
                {"interfacetype": "srm", "endpointurl": "srm://se.example.org:8443/"},
            ],
            "storageshares": [
                {"name": "escape", "path": ["/pnfs/escape"], "accesslatency": "online"},
                {"name": "tape", "path": ["/pnfs/tape"], "accesslatency": "nearline"},
                {"name": "none"},
            ],
        }
    }
    harvest = srr.harvest(report)

    disk, tape = harvest.endpoints
    assert disk.name == "se-escape"
    assert disk.keys["technology"] == "dcache"
    assert disk.keys["doors"] == {
        "webdav": "davs://se.example.org:2880/pnfs/escape",
        "root": "root://se.example.org:1095//pnfs/escape",
    }
    assert tape.keys["features"] == {"tape": True}
    assert harvest.remarks == ["se-none: left out, as the share has no path"]
