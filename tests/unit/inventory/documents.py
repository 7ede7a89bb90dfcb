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


def rucio_export() -> dict[str, Any]:
    """What `rucio export` gives for 60 sites."""
    sites = [_site(number) for number in range(SITES)]
    return {
        "rses": {
            site["name"]: {
                "deterministic": True,
                "rse_type": "TAPE" if site["tape"] else "DISK",
                "availability_read": True,
                "availability_write": True,
                "attributes": {
                    "site": site["name"].lower(),
                    "country": site["country"],
                    "fts": "https://fts.example.org:8446",
                    "oidc_base_path": "/pnfs",
                },
                "protocols": _rucio_protocols(site),
            }
            for site in sites
        },
        "distances": {},
    }


def cric_preset() -> dict[str, Any]:
    """CRIC's preset for Rucio: third-party copy beside `wan`, ports as texts, 0 for "off"."""
    document = rucio_export()
    for number, rse in enumerate(document["rses"].values()):
        rse["params"] = rse.pop("attributes")
        for protocol in rse["protocols"]:
            protocol["port"] = str(protocol["port"])
            wan = protocol["domains"]["wan"]
            copies = {
                "read": wan.pop("third_party_copy_read", 0),
                "write": wan.pop("third_party_copy_write", 0) or 0,
            }
            protocol["domains"]["third_party_copy"] = copies
            protocol["domains"]["wan"] = {name: value or 0 for name, value in wan.items()}
        rse["site"] = f"site-{number:02}"
    return document


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
