"""The inventory a lake writes about itself (schema: DESIGN §5)."""

from __future__ import annotations

from typing import Any

import yaml

from lakeproof.lake.layout import CACHE, OTHER_CLIENT, PEER, VOMS_USER, X509_USER, Lake, LakeSite
from lakeproof.lake.rucio.names import ACCOUNT, OTHER, SCOPE, rse_of
from lakeproof.lake.sites import (
    FEATURES,
    GROUPS,
    KNOWN_BESIDE,
    ON_TAPE,
    TITLES,
    WITHOUT,
    has_tape,
    is_golden,
)

RECALL_S = 30
HEADER = "# Written by `lakeproof lake up` for the lake that it started.\n"


def inventory_text(lake: Lake) -> str:
    """endpoints.yaml for `lake`."""
    document = {
        "version": 1,
        "lake": "laptop",
        "issuers": {
            "lake": {
                "url": lake.issuer,
                "client_id": lake.client_id,
                "client_secret": f"file:{lake.client_secret_file}",
                "ca": str(lake.ca),
                "trusted_odd_tokens": True,
                "emulated": True,
            },
            "neighbour": {
                "url": lake.issuer,
                "client_id": OTHER_CLIENT,
                "client_secret": f"file:{lake.other_client_secret_file}",
                "emulated": True,
                "ca": str(lake.ca),
            },
        },
        **({"rucio": _rucio(lake)} if lake.has_rucio else {}),
        **({"fts": _fts(lake)} if lake.fts_url else {}),
        "peer": _peer(lake),
        "defaults": {"area": "lakeproof"},
        "sites": [{"name": site.name, "endpoints": [_endpoint(lake, site)]} for site in lake.sites],
    }
    return HEADER + yaml.safe_dump(document, sort_keys=False)


def emulated_note(technology: str) -> str:
    """What an inventory says about an emulated endpoint, so that nobody takes it for the thing."""
    return f"emulated: lakeproof's own server in the dialect of {TITLES[technology]}"


def _rucio(lake: Lake) -> dict[str, str | int]:
    return {
        "url": lake.rucio_url,
        "account": ACCOUNT,
        "other_account": OTHER,
        "patience_s": 60,
        "auth": "oidc",
        "scope": SCOPE,
        "ca": str(lake.layout.certificates),
    }


def _fts(lake: Lake) -> dict[str, str | bool]:
    return {"url": lake.fts_url, "ca": str(lake.ca), "emulated": True}


def _peer(lake: Lake) -> dict[str, str]:
    first, other = lake.peer_urls
    return {
        "url": first,
        "other_url": other,
        "certificate": f"file:{lake.layout.credential(PEER)}",
    }


def _endpoint(lake: Lake, site: LakeSite) -> dict[str, Any]:
    golden = ["golden"] if is_golden(site) else []
    root = {"root": site.root_url} if site.root_url else {}
    return {
        "name": site.name,
        "technology": site.technology,
        **({"rse": rse_of(site)} if lake.has_rucio and not site.role else {}),
        **({"cache_of": site.origin} if site.role == CACHE else {}),
        "doors": {"webdav": site.url, **root},
        "scope_root": site.base_path,
        "audience": site.audience,
        "ca": str(lake.ca),
        "auth": {
            "tokens": "lake",
            "other": "neighbour",
            "other_area": site.other_area,
            **(_certificates(lake) if site.role != CACHE else {}),
        },
        **({"tape": {"path": ON_TAPE, "within_s": RECALL_S}} if has_tape(site) else {}),
        "features": {
            "tpc-pull": True,
            "tpc-push": True,
            **FEATURES[site.technology],
            "tape": has_tape(site),
            **WITHOUT.get(site.role, {}),
        },
        "roles": ["source"] if site.role == CACHE else ["source", "destination", *golden],
        **_nature(site),
    }


def _certificates(lake: Lake) -> dict[str, str]:
    """Who comes with one; not to the cache, which cannot show a reader's certificate behind it."""
    return {
        "x509": f"file:{lake.layout.credential(X509_USER)}",
        # Without the VO's attributes Bob is nobody.
        "other_x509": f"file:{lake.layout.credential(VOMS_USER)}",
    }


def _nature(site: LakeSite) -> dict[str, Any]:
    """Known failures are those of real servers: an emulated one has none to excuse."""
    if site.emulated:
        # The emulated sites never shut anybody out (lake/emulated.py says why).
        note = emulated_note(site.technology)
        return {"emulated": True, "note": note, "pacing": False, "groups": dict(GROUPS)}
    return {"known_failures": ["xrootd", *KNOWN_BESIDE.get(site.role, ())]}
