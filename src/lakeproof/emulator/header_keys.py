"""Keys that a token's own header offers: no sound storage looks at them (RFC 7515 §4.1, §10)."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, KeySet, RSAKey, import_key

from lakeproof.emulator.faults import Faults

FETCH_TIMEOUT_S = 5.0


async def offered(header: Mapping[str, Any], faults: Faults, trust: Path | None) -> list[Key]:
    """The keys of the header that a fault makes the element believe; none without one."""
    try:
        if "jwk" in header and faults.has("token-embedded-key"):
            return [import_key(header["jwk"])]
        if "x5c" in header and faults.has("token-x5c-believed"):
            return [_key_in(_pem(header["x5c"][0]), header)]
        if "x5u" in header and faults.has("token-x5u-fetched"):
            await _fetch(str(header["x5u"]), trust)
        if "jku" in header and faults.has("token-jku-believed"):
            return KeySet.import_key_set(await _fetch(str(header["jku"]), trust)).keys
    except (aiohttp.ClientError, TimeoutError, OSError, JoseError, ValueError, LookupError):
        return []  # what cannot be had is no key
    return []


def _pem(der_in_base64: str) -> str:
    return f"-----BEGIN CERTIFICATE-----\n{der_in_base64}\n-----END CERTIFICATE-----\n"


def _key_in(pem: str, header: Mapping[str, Any]) -> Key:
    kind = ECKey if str(header.get("alg")).startswith("ES") else RSAKey
    return kind.import_key(pem)


async def _fetch(url: str, trust: Path | None) -> Any:  # noqa: ANN401  whatever JSON is there
    context = ssl.create_default_context(cafile=trust)
    timeout = aiohttp.ClientTimeout(total=FETCH_TIMEOUT_S)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.get(url, ssl=context, allow_redirects=False) as reply,
    ):
        reply.raise_for_status()
        return await reply.json(content_type=None)
