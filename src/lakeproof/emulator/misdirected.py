"""The faults that concern redirects of reads."""

from __future__ import annotations

from lakeproof.emulator.exchange import Exchange
from lakeproof.emulator.paths import encode

NOBODY_LISTENS = 1
ALTERED = (
    "embargo-data-server-open",
    "embargo-grant-for-any-file",
    "redirect-leaks-token",
    "redirect-plain",
    "redirect-unquoted",
    "redirect-wrong-certificate",
)
ANOTHER_HOST = "https://redirected.invalid"


def misdirect(exchange: Exchange) -> str | None:
    """The Location a faulty door gives for a read, or None."""
    faults, element = exchange.faults, exchange.element
    path, redirector = encode(exchange.path), element.redirector
    if faults.has("redirect-loop"):
        return f"{element.url}{path}"
    if faults.has("redirect-foreign-host"):
        return f"{ANOTHER_HOST}{path}"
    if faults.has("redirect-dead"):
        return f"https://{element.config.public_name}:{NOBODY_LISTENS}{path}"
    if faults.has("redirect-needs-token"):
        return f"{redirector.data_server}{path}"
    if not faults.any(*ALTERED):
        return None
    location = redirector.location("GET", exchange.path, may_replace=False)
    if faults.has("redirect-wrong-certificate") and element.config.also_at:
        address = element.config.also_at[0]
        location = location.replace(f"//{element.config.public_name}:", f"//{address}:", 1)
    if faults.has("redirect-plain"):
        location = location.replace("https://", "http://", 1)
    if faults.has("redirect-unquoted"):
        location = location.replace(path, str(exchange.path), 1)
    if faults.has("redirect-leaks-token"):
        token = (exchange.header("Authorization") or "").partition(" ")[2]
        location += f"&authz=Bearer%20{token}"
    return location
