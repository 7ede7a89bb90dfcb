"""An inventory as rows of text, for a table on a terminal."""

from __future__ import annotations

from lakeproof.inventory.model import Auth, Downtime, Endpoint, Inventory, Limits, Pacing, Site

COLUMNS = (
    "site", "endpoint", "technology", "url", "root", "scope root",
    "credentials", "features", "roles", "limits", "pacing", "remarks",
)  # fmt: skip


def describe(inventory: Inventory) -> list[dict[str, str]]:
    """One row an endpoint, keyed by COLUMNS, every value text; secrets only by name."""
    return [
        {**_row(site, endpoint), "limits": _limits(inventory.limits_of(endpoint))}
        for site, endpoint in inventory.endpoints()
    ]


def _limits(limits: Limits) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in limits)


def _pacing(endpoint: Endpoint) -> str:
    pacing = endpoint.pacing
    if not isinstance(pacing, Pacing):
        return "as its technology needs" if pacing else "none"
    return (
        f"below {pacing.unauthorised} answers 401 in {pacing.window_s:g} s "
        f"(then shut out for {pacing.block_s:g} s)"
    )


def _row(site: Site, endpoint: Endpoint) -> dict[str, str]:
    doors = endpoint.doors
    return {
        "site": f"{site.name} ({site.country})" if site.country else site.name,
        "endpoint": endpoint.name,
        "technology": endpoint.technology + (" (emulated)" if endpoint.emulated else ""),
        "url": str(doors.webdav or ""),
        "root": str(doors.root or ""),
        "scope root": str(endpoint.scope_root or "found by probing"),
        "credentials": _credentials(endpoint.auth),
        "features": " ".join(f"{'+' if on else '-'}{n}" for n, on in endpoint.features.items()),
        "roles": " ".join(endpoint.roles),
        "pacing": _pacing(endpoint),
        "remarks": _remarks(endpoint),
    }


def _credentials(auth: Auth) -> str:
    named = [
        ("tokens", auth.tokens),
        ("x509", auth.x509),
        ("other", auth.other),
        ("other x509", auth.other_x509),
    ]
    return ", ".join(f"{kind} {name}" for kind, name in named if name) or "none"


def _remarks(endpoint: Endpoint) -> str:
    known = ", ".join(endpoint.known_failures)
    remarks = [
        _downtime(endpoint.downtime) if endpoint.downtime else "",
        f"known failures: {known}" if known else "",
        endpoint.note or "",
    ]
    return "; ".join(remark for remark in remarks if remark)


def _downtime(downtime: Downtime) -> str:
    reason = f" ({downtime.reason})" if downtime.reason else ""
    return f"down {downtime.begin.isoformat()} to {downtime.end.isoformat()}{reason}"
