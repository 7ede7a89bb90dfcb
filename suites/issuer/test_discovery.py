"""Where an issuer says what it is: its metadata."""

import json

from lakeproof import CRITICAL, HIGH, LOW, MUST, SHOULD, Expect, TokenIssuer, check

NEEDED = ("issuer", "jwks_uri", "token_endpoint")


@check(
    req="wlcg-jwt/discovery",
    level=MUST,
    severity=HIGH,
    needs={"issuer"},
    catches={"issuer-metadata-404", "issuer-metadata-html"},
    rows={"ISS-01"},
)
def test_metadata_is_published(issuer: TokenIssuer, expect: Expect) -> None:
    """The issuer must have metadata at .well-known/openid-configuration below its URL.

    Every storage looks there for the keys; without them it accepts no token of the community.
    """
    reply = issuer.discovery
    expect.success(reply)
    try:
        found = json.loads(reply.body)
    except ValueError:
        found = None
    expect.that(
        isinstance(found, dict),
        "a JSON object with the issuer's metadata",
        f"{reply.headers.get('Content-Type', 'no content type')}: {reply.text[:80]}",
    )


@check(
    req="openid-discovery/issuer",
    level=MUST,
    severity=CRITICAL,
    needs={"issuer"},
    catches={"issuer-metadata-other-issuer"},
    rows={"ISS-01"},
)
def test_issuer_is_its_url(issuer: TokenIssuer, expect: Expect) -> None:
    """The metadata must name the URL at which it was found as the issuer.

    Storages compare the two so that nobody can pass his keys off as another community's; where
    they differ, every token is refused.
    """
    named = str(issuer.metadata.get("issuer", ""))
    # Whether the operator wrote the last slash is no matter of the issuer's.
    same = named.rstrip("/") == issuer.url.rstrip("/")
    expect.that(same, f"issuer {issuer.url}", f"issuer {named or '(none)'}")


@check(
    req="rfc8414/members",
    level=MUST,
    severity=HIGH,
    needs={"issuer"},
    catches={"issuer-metadata-no-keys"},
    rows={"ISS-01"},
)
def test_metadata_names_keys_and_token_endpoint(issuer: TokenIssuer, expect: Expect) -> None:
    """The metadata must say where the keys are and where tokens are to be had.

    Without jwks_uri no storage can verify a token; without token_endpoint every client needs
    the address by hand.
    """
    missing = [name for name in NEEDED if not issuer.metadata.get(name)]
    expect.that(not missing, f"the members {', '.join(NEEDED)}", f"missing: {', '.join(missing)}")


@check(
    req="wlcg-jwt/https",
    level=MUST,
    severity=CRITICAL,
    needs={"issuer"},
    catches={"issuer-endpoint-http"},
    rows={"ISS-01"},
)
def test_endpoints_are_https(issuer: TokenIssuer, expect: Expect) -> None:
    """Every place that the metadata names must be https.

    Over plain http anybody on the way reads client secrets and tokens, or hands out keys of
    his own.
    """
    places = {
        name: str(url)
        for name, url in issuer.metadata.items()
        if name.endswith("_endpoint") or name == "jwks_uri"
    }
    plain = [f"{name} is {url}" for name, url in places.items() if not url.startswith("https://")]
    expect.that(not plain, "https:// in front of each", "; ".join(plain))


@check(
    req="rfc8414/grant-types",
    level=SHOULD,
    severity=LOW,
    needs={"issuer"},
    catches={"issuer-grant-unlisted"},
)
def test_metadata_lists_the_grant_that_works(issuer: TokenIssuer, expect: Expect) -> None:
    """The metadata should list client_credentials where clients get tokens that way.

    Libraries choose the way to a token by this list; services that they configure by themselves
    never ask.
    """
    expect.given(bool(issuer.usual.token), "no token by client credentials")
    listed = issuer.listed("grant_types_supported")
    expect.that(
        "client_credentials" in listed,
        "client_credentials among grant_types_supported",
        f"listed are {', '.join(listed) or 'none'}",
    )
