"""The keys that an issuer publishes, by which storages verify its tokens."""

import json
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from lakeproof import CRITICAL, HIGH, MEDIUM, MUST, SHOULD, Expect, Reply, TokenIssuer, check

SHORTEST = {"RSA": 2048, "EC": 256, "OKP": 0}


@check(
    req="wlcg-jwt/key-set",
    level=MUST,
    severity=CRITICAL,
    needs={"issuer"},
    catches={"issuer-keys-html"},
    rows={"ISS-02"},
)
def test_keys_are_a_key_set(issuer: TokenIssuer, expect: Expect) -> None:
    """What is at the jwks_uri must be a key set with at least one key.

    A storage that finds anything else there refuses every token of the community.
    """
    reply = issuer.key_set
    expect.success(reply)
    try:
        keys = json.loads(reply.body)["keys"]
    except (ValueError, KeyError, TypeError):
        keys = None
    expect.that(
        isinstance(keys, list) and bool(keys),
        'a JSON object with a list "keys" that is not empty',
        f"{reply.headers.get('Content-Type', 'no content type')}: {reply.text[:80]}",
    )


@check(
    req="rfc7517/members",
    level=MUST,
    severity=HIGH,
    needs={"issuer"},
    catches={"issuer-key-malformed"},
    rows={"ISS-02"},
)
def test_every_key_can_be_read(issuer: TokenIssuer, expect: Expect) -> None:
    """Every key of a known type must be whole.

    Some verifiers give the whole set up over one bad key, and then no token is accepted.
    """
    wrong = [f"{k.name}: {k.problem}" for k in issuer.keys if k.kind in SHORTEST and k.problem]
    expect.that(not wrong, "keys that can be read", "; ".join(wrong))


@check(
    req="wlcg-jwt/kid",
    level=MUST,
    severity=HIGH,
    needs={"issuer"},
    catches={"issuer-key-without-kid"},
    rows={"ISS-02"},
)
def test_every_key_has_an_id(issuer: TokenIssuer, expect: Expect) -> None:
    """Every published key must have an id.

    Storages find the key by the id in the token, and by nothing else.
    """
    without = [key.name for key in issuer.keys if not key.kid]
    expect.that(not without, "a kid in every key", f"{len(without)} of the keys without one")


@check(
    req="rfc7517/kid",
    level=SHOULD,
    severity=HIGH,
    needs={"issuer"},
    catches={"issuer-kid-twice"},
    rows={"ISS-02"},
)
def test_key_ids_are_unique(issuer: TokenIssuer, expect: Expect) -> None:
    """No two published keys should have the same id.

    A storage that takes the first of them refuses tokens of the other: every second one, or
    every one after the keys were exchanged.
    """
    ids = [key.kid for key in issuer.keys if key.kid]
    twice = sorted({kid for kid in ids if ids.count(kid) > 1})
    expect.that(not twice, "an id of its own for each key", f"used twice: {', '.join(twice)}")


@check(
    req="rfc7518/key-size",
    level=MUST,
    severity=CRITICAL,
    needs={"issuer"},
    catches={"issuer-key-short"},
    rows={"ISS-02"},
)
def test_keys_are_long_enough(issuer: TokenIssuer, expect: Expect) -> None:
    """RSA keys must have 2048 bits or more, elliptic curves 256.

    Shorter ones can be broken, and whoever breaks one signs tokens for all data of the community.
    """
    expect.given(bool(issuer.keys), "there is no key, which is its own check")
    sized = [key for key in issuer.keys if key.bits]
    short = [f"{key.name}: {key.bits} bits" for key in sized if key.bits < SHORTEST[key.kind]]
    expect.that(not short, "RSA of 2048 bits or more, P-256 or more", "; ".join(short))


@check(
    req="rfc7517/private",
    level=MUST,
    severity=CRITICAL,
    needs={"issuer"},
    catches={"issuer-private-key-published"},
    rows={"ISS-02"},
)
def test_no_private_part_is_published(issuer: TokenIssuer, expect: Expect) -> None:
    """The key set must hold public keys only.

    With a private or shared key anybody signs tokens that every storage accepts.
    """
    given = [f"{key.name} with {', '.join(key.private)}" for key in issuer.keys if key.private]
    expect.that(not given, "public members only", "; ".join(given))


@check(
    req="wlcg-jwt/key-lifetime",
    level=SHOULD,
    severity=MEDIUM,
    needs={"issuer"},
    catches={"issuer-keys-unkept"},
    rows={"ISS-07"},
)
def test_keys_say_how_long_they_keep(issuer: TokenIssuer, expect: Expect) -> None:
    """The key set should come with caching headers that let it be kept.

    Otherwise each storage chooses by itself: one asks at every token and burdens the issuer,
    another misses new keys for days.
    """
    expect.given(bool(issuer.keys), "there is no key, which is its own check")
    reply = issuer.key_set
    seen = {n: reply.headers[n] for n in ("Cache-Control", "Expires") if n in reply.headers}
    shown = ", ".join(f"{name}: {value}" for name, value in seen.items())
    expect.that(
        _kept_s(reply) > 0,
        "Cache-Control with max-age, or Expires, in the future",
        shown or "neither Cache-Control nor Expires",
    )


def _kept_s(reply: Reply) -> float:
    """For how many seconds a cache may keep it."""
    control = reply.headers.get("Cache-Control", "").lower()
    if "no-store" in control or "no-cache" in control:
        return 0
    found = re.search(r"max-age=\"?(\d+)", control)
    if found:
        return float(found[1])
    try:
        expires = parsedate_to_datetime(reply.headers.get("Expires", ""))
    except ValueError:
        return 0
    return (expires.astimezone(UTC) - datetime.now(UTC)).total_seconds()
