"""Documents of many sites in the shapes of Rucio and CRIC, made from one table."""

from __future__ import annotations

from typing import Any

SITES = 60
COUNTRIES = ("NL", "DE", "FR", "ES", "IT")


def _site(number: int) -> dict[str, Any]:
    return {
        "name": f"SITE-{number:02}",
        "host": f"se{number:02}.example.org",
        "port": 2880 + number % 3,
        "prefix": f"/pnfs/site{number:02}/escape",
        "country": COUNTRIES[number % len(COUNTRIES)],
        "tape": number % 10 == 0,
        "root": number % 2 == 0,
        "readonly": number % 15 == 14,
    }


def _rucio_protocols(site: dict[str, Any]) -> list[dict[str, Any]]:
    write = None if site["readonly"] else 1
    wan = {
        "read": 1,
        "write": write,
        "delete": write,
        "third_party_copy_read": 1,
        "third_party_copy_write": write,
    }
    davs = {
        "scheme": "davs",
        "hostname": site["host"],
        "port": site["port"],
        "prefix": site["prefix"],
        "impl": "rucio.rse.protocols.gfal.Default",
        "domains": {"lan": {"read": 1, "write": write, "delete": write}, "wan": wan},
        "extended_attributes": None,
    }
    srm = {**davs, "scheme": "srm", "port": 8443, "domains": {"lan": {}, "wan": {"read": 3}}}
    root = {
        **davs,
        "scheme": "root",
        "port": 1094,
        "prefix": f"/{site['prefix']}",
        "domains": {"lan": {"read": 2}, "wan": {"read": 2}},
    }
    return [srm, root, davs] if site["root"] else [srm, davs]


MOMENT = "2026-11-24 13:32:57"


def rucio_export() -> dict[str, Any]:
    """What `rucio export` of Rucio 41.5.1 gives, here for 60 sites."""
    sites = [_site(number) for number in range(SITES)]
    return {
        "rses": {site["name"]: _exported(site) for site in sites},
        "distances": {
            source["name"]: {
                target["name"]: {
                    "src_rse_id": _id(source),
                    "dest_rse_id": _id(target),
                    "distance": 1,
                    "ranking": 1,
                    "created_at": MOMENT,
                    "updated_at": MOMENT,
                }
                for target in sites
                if target is not source
            }
            for source in sites
        },
    }


def _id(site: dict[str, Any]) -> str:
    return f"{int(site['name'].rpartition('-')[2]):032x}"


def _exported(site: dict[str, Any]) -> dict[str, Any]:
    nowhere = dict.fromkeys(("city", "region_code", "time_zone", "longitude", "latitude"))
    return {
        "id": _id(site),
        "rse": site["name"],
        "vo": "def",
        "rse_type": "TAPE" if site["tape"] else "DISK",
        "deterministic": True,
        "volatile": False,
        "staging_area": False,
        **nowhere,
        "country_name": None,
        "availability": 7,
        "availability_read": True,
        "availability_write": True,
        "availability_delete": True,
        "qos_class": None,
        "created_at": MOMENT,
        "updated_at": MOMENT,
        "attributes": {
            site["name"]: True,
            "site": site["name"].lower(),
            "country": site["country"],
            "fts": "https://fts.example.org:8446",
            "oidc_base_path": "/pnfs",
            "oidc_support": True,
        },
        "lfn2pfn_algorithm": "hash",
        "verify_checksum": True,
        "credentials": None,
        "protocols": _rucio_protocols(site),
        "MinFreeSpace": None,
    }


def cric_preset() -> dict[str, Any]:
    """CRIC's preset for Rucio: third-party copy beside `wan`, ports as texts, 0 for "off".

    `impl`, `fts` and `site` stand at the RSE, and its type is empty for disk.
    """
    sites = [_site(number) for number in range(SITES)]
    return {"rses": {site["name"]: _in_cric(site) for site in sites}, "distances": {}}


def _in_cric(site: dict[str, Any]) -> dict[str, Any]:
    known = _exported(site)
    params = known.pop("attributes")
    return {
        "name": site["name"],
        "site": params.pop("site"),
        "fts": params.pop("fts"),
        "lfn2pfn_algorithm": "hash",
        "params": {key: value for key, value in params.items() if key != site["name"]},
        "rse_type": "TAPE" if site["tape"] else "",
        "space": 10**15,
        "MaxBeingDeletedFiles": None,
        "MinFreeSpace": 10**13,
        "availability_delete": True,
        "availability_read": True,
        "availability_write": True,
        "country_name": site["country"],
        "deterministic": True,
        "impl": "rucio.rse.protocols.gfal.Default",
        "latitude": 0.0,
        "longitude": 0.0,
        "region_code": "",
        "staging_area": False,
        "timezone": "Europe/Zurich",
        "updated_at": MOMENT,
        "volatile": False,
        "protocols": [_cric_protocol(protocol) for protocol in known["protocols"]],
    }


def _cric_protocol(protocol: dict[str, Any]) -> dict[str, Any]:
    wan = {name: value or 0 for name, value in protocol["domains"]["wan"].items()}
    copies = {
        "read": wan.pop("third_party_copy_read", 0),
        "write": wan.pop("third_party_copy_write", 0),
    }
    lan = {name: value or 0 for name, value in protocol["domains"]["lan"].items()}
    return {
        "hostname": protocol["hostname"],
        "prefix": protocol["prefix"],
        "scheme": protocol["scheme"],
        "port": str(protocol["port"]),
        "ext_attrs": {},
        "domains": {"lan": lan, "wan": wan, "third_party_copy": copies},
    }


def cric_plain() -> dict[str, Any]:
    """CRIC's plain list: addresses with and without a scheme."""
    return {
        site["name"]: {
            "verify_checksum": True,
            "site": site["name"].lower(),
            "protocols": {
                "a": {
                    "flavour": "davs",
                    "endpoint": f"{'davs://' if site['root'] else ''}{site['host']}:{site['port']}",
                    "path": site["prefix"],
                }
            },
        }
        for site in map(_site, range(SITES))
    }


def cric_atlas() -> dict[str, Any]:
    """ATLAS's ddmendpoints, where the place in a list is the priority."""
    return {
        site["name"]: {
            "name": site["name"],
            "rc_site": site["name"].lower(),
            "state": "DISABLED" if site["readonly"] else "ACTIVE",
            "is_tape": site["tape"],
            "arprotocols": {
                "read_wan": [
                    {"endpoint": f"root://{site['host']}:1094/", "path": f"/{site['prefix']}"},
                    {"endpoint": f"davs://{site['host']}:{site['port']}", "path": site["prefix"]},
                ],
                "third_party_copy": [
                    {"endpoint": f"davs://{site['host']}:{site['port']}", "path": site["prefix"]}
                ],
            },
        }
        for site in map(_site, range(SITES))
    }
