"""The storage resource report (WLCG SRR 4)."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import Any

from lakeproof.emulator.answer import Answer, Refused, text
from lakeproof.emulator.desk import as_json
from lakeproof.emulator.exchange import Exchange, Handler

STALE_S = 2 * 24 * 3600


def route(exchange: Exchange) -> Handler | None:
    """The handler of the report's path, None for every other path."""
    here = str(exchange.path) == exchange.dialect.srr.path
    return report if here and exchange.method in {"GET", "HEAD"} else None


async def report(exchange: Exchange) -> Answer:
    """The report of one share: the element's whole area."""
    faults = exchange.faults
    if faults.has("srr-missing"):
        raise Refused(HTTPStatus.NOT_FOUND, "Not found")
    if faults.has("srr-not-json"):
        return text(HTTPStatus.OK, "<html>Storage report</html>", {"Content-Type": "text/html"})
    now = int(time.time()) - (STALE_S if faults.has("srr-stale") else 0)
    dialect, element = exchange.dialect, exchange.element
    service = {
        "name": element.config.public_name,
        "implementation": dialect.srr.implementation,
        "implementationversion": dialect.version,
        "latestupdate": now,
        "qualitylevel": "testing",
        "storageendpoints": [
            {
                "name": "webdav",
                "endpointurl": f"{element.url}{element.config.base_path}",
                "interfacetype": "davs",
                "qualitylevel": "testing",
                "assignedshares": ["all"],
            }
        ],
        "storageshares": [] if faults.has("srr-no-shares") else [_share(exchange, now)],
    }
    return as_json({"storageservice": service})


def _share(exchange: Exchange, now: int) -> dict[str, Any]:
    files, faults = exchange.files, exchange.faults
    total, used = files.quota, files.used
    if faults.has("srr-used-over-total"):
        used = total + 1
    if faults.has("srr-disagrees"):
        total, used = total * 3, used + total // 2
    share: dict[str, Any] = {
        "name": "lakeproof",
        "timestamp": now,
        "vos": ["lakeproof"],
        "totalsize": total,
        "usedsize": used,
        "assignedendpoints": ["all"],
        "servingstate": "open",
    }
    if faults.has("srr-incomplete"):
        del share["vos"]
        share["totalsize"] = str(total)
    if exchange.dialect.srr.share_path:
        share["path"] = [str(exchange.element.config.base_path)]
    return share
