"""The inventory a lake writes about itself (schema: DESIGN §5)."""

from __future__ import annotations

from typing import Any

import yaml

from lakeproof.lake.layout import X509_USER, Lake, LakeSite

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
            }
        },
        "defaults": {"area": "lakeproof"},
        "sites": [{"name": site.name, "endpoints": [_endpoint(lake, site)]} for site in lake.sites],
    }
    return HEADER + yaml.safe_dump(document, sort_keys=False)


def _endpoint(lake: Lake, site: LakeSite) -> dict[str, Any]:
    return {
        "name": site.name,
        "technology": "xrootd",
        "doors": {"webdav": site.url, "root": site.root_url},
        "scope_root": site.base_path,
        "audience": site.audience,
        "ca": str(lake.ca),
        "known_failures": ["xrootd"],
        "auth": {"tokens": "lake", "x509": f"file:{lake.layout.credential(X509_USER)}"},
        "features": {"tpc-pull": True, "tpc-push": True, "macaroons": True, "tape": False},
        "roles": ["source", "destination"],
    }
