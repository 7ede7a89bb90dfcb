"""What an issuer answers to those who should get no token."""

import json

from lakeproof import CRITICAL, LOW, MEDIUM, MUST, Expect, Grant, Reply, TokenIssuer, check

ASKED = {"grant_type": "client_credentials"}


def _wrong_secret(issuer: TokenIssuer) -> Grant:
    """The answer to our client's name with a wrong secret."""
    form = {**ASKED, "scope": f"storage.read:{issuer.area or '/'}"}

    def ask() -> Grant:
        return Grant.of(issuer.post("token_endpoint", form, client="wrong-secret"))

    return issuer.kept("wrong-secret", ask)


def _unknown_grant(issuer: TokenIssuer) -> Grant:
    """The answer to a grant that does not exist."""
    form = {"grant_type": "urn:lakeproof:no-such-grant", "scope": "storage.read:/"}
    return issuer.kept("unknown-grant", lambda: Grant.of(issuer.post("token_endpoint", form)))


def _is_json(reply: Reply) -> bool:
    try:
        return isinstance(json.loads(reply.body), dict)
    except ValueError:
        return False


@check(
    req="rfc6749/client-authentication",
    level=MUST,
    severity=CRITICAL,
    needs={"issuer"},
    catches={"issuer-secret-ignored"},
)
def test_wrong_secret_gets_no_token(issuer: TokenIssuer, expect: Expect) -> None:
    """A client that shows a wrong secret must get no token.

    Client names are no secret: with the name alone anybody would read and overwrite the data.
    """
    expect.given(bool(issuer.usual.token), "the right secret gets no token either")
    grant = _wrong_secret(issuer)
    expect.that(not grant.token, "no token for a wrong secret", grant.describe())
    expect.refused(grant.reply)


@check(
    req="rfc6749/invalid-client",
    level=MUST,
    severity=LOW,
    needs={"issuer"},
    catches={"issuer-wrong-client-400"},
)
def test_wrong_secret_answers_401(issuer: TokenIssuer, expect: Expect) -> None:
    """A wrong secret in the Authorization header must be answered 401 with a challenge.

    By another code clients take it for a passing trouble and try again without end, instead of
    telling somebody that the secret has changed.
    """
    grant = _wrong_secret(issuer)
    expect.given(not grant.token, "a wrong secret gets a token, which is its own check")
    expect.status(grant.reply, 401)
    challenged = "WWW-Authenticate" in grant.reply.headers
    expect.that(challenged, "a header WWW-Authenticate", "401 without a challenge")


@check(
    req="rfc6749/client-authentication",
    level=MUST,
    severity=CRITICAL,
    needs={"issuer"},
    catches={"issuer-anonymous-token"},
)
def test_nobody_gets_no_token(issuer: TokenIssuer, expect: Expect) -> None:
    """Who shows no client at all must get no token.

    Anybody on the network would hold the rights of the community.
    """
    expect.given(bool(issuer.usual.token), "our own client gets no token either")
    form = {**ASKED, "scope": f"storage.read:{issuer.area or '/'}"}
    grant = Grant.of(issuer.post("token_endpoint", form, client="nobody"))
    expect.that(not grant.token, "no token for nobody", grant.describe())
    expect.refused(grant.reply)


@check(
    req="rfc6749/errors",
    level=MUST,
    severity=LOW,
    needs={"issuer"},
    catches={"issuer-unknown-grant-500", "issuer-unknown-grant-granted"},
)
def test_unknown_grant_answers_400(issuer: TokenIssuer, expect: Expect) -> None:
    """A grant that the issuer does not know must be answered 400.

    Clients try the ways that they know one after another; at a 500 they stop and report an outage.
    """
    expect.given(bool(issuer.usual.token), "a grant that it knows gets no token either")
    grant = _unknown_grant(issuer)
    expect.that(not grant.token, "no token for an unknown grant", grant.describe())
    expect.status(grant.reply, 400)


@check(
    req="rfc6749/errors",
    level=MUST,
    severity=MEDIUM,
    needs={"issuer"},
    catches={"issuer-error-html"},
)
def test_errors_are_json_with_a_code(issuer: TokenIssuer, expect: Expect) -> None:
    """An error must be a JSON object that names one of the standard codes.

    Otherwise people read "token request failed" where the scope or the client is wrong.
    """
    grant = _unknown_grant(issuer)
    expect.given(grant.reply.status < 500, "it is a server error, which is its own check")  # noqa: PLR2004
    expect.given(not grant.token, "an unknown grant gets a token, which is its own check")
    named = _is_json(grant.reply) and bool(grant.error)
    seen = f"{grant.reply.headers.get('Content-Type', 'no content type')}: {grant.reply.text[:80]}"
    expect.that(named, 'a JSON object with a member "error"', seen)


@check(
    req="rfc6749/no-store",
    level=MUST,
    severity=CRITICAL,
    needs={"issuer"},
    catches={"issuer-token-kept"},
)
def test_answers_with_tokens_are_not_kept(issuer: TokenIssuer, expect: Expect) -> None:
    """An answer with a token must forbid caches to keep it.

    A proxy on the way would hand one client's token to the next.
    """
    control = issuer.usual.reply.headers.get("Cache-Control", "")
    expect.that(
        "no-store" in control.lower(),
        "Cache-Control: no-store",
        f"Cache-Control: {control}" if control else "no Cache-Control",
    )
