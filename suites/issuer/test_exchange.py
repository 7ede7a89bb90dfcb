"""Tokens made from tokens: exchange, refresh, introspection, revocation."""

from lakeproof import CRITICAL, HIGH, LOW, MUST, SHOULD, Expect, Grant, TokenIssuer, check

OFFLINE = "offline_access"


def _reading(issuer: TokenIssuer) -> str:
    return f"storage.read:{issuer.area or '/'}"


def _exchanged(issuer: TokenIssuer) -> Grant:
    """The usual token exchanged for one of a folder below its path."""
    scope = f"storage.read:{issuer.area}/exchanged"
    return issuer.kept("exchanged", lambda: issuer.exchange(issuer.usual, scope))


@check(
    req="rfc8693/issued-token-type",
    level=MUST,
    severity=LOW,
    needs={"issuer", "token-exchange"},
    catches={"issuer-exchange-type-missing"},
)
def test_exchange_names_type_of_token(issuer: TokenIssuer, expect: Expect) -> None:
    """The answer to a token exchange must say of what type the new token is.

    Libraries that follow the standard drop an answer without issued_token_type.
    """
    grant = _exchanged(issuer)
    expect.given(bool(grant.token), f"nothing was exchanged: {grant.describe()}")
    named = grant.answer.get("issued_token_type")
    expect.that(bool(named), "issued_token_type in the answer", "none")


@check(
    req="rfc8693/subject-token",
    level=MUST,
    severity=CRITICAL,
    needs={"issuer", "token-exchange"},
    catches={"issuer-exchange-unverified"},
)
def test_forged_token_is_not_exchanged(issuer: TokenIssuer, expect: Expect) -> None:
    """A token with a wrong signature must not be exchanged for a good one.

    Whoever may exchange could write himself any token and have it made genuine.
    """
    grant = _exchanged(issuer)
    expect.given(bool(grant.token), f"a genuine token is not exchanged: {grant.describe()}")
    forged = issuer.forged(issuer.usual)
    refused = issuer.exchange(forged, _reading(issuer))
    expect.that(not refused.token, "no token for a forged one", refused.describe())
    expect.refused(refused.reply)


@check(
    req="rfc8693/scope",
    level=SHOULD,
    severity=CRITICAL,
    needs={"issuer", "token-exchange"},
    catches={"issuer-exchange-widens"},
    rows={"ISS-06"},
)
def test_exchange_adds_no_right(issuer: TokenIssuer, expect: Expect) -> None:
    """A token that was exchanged should open no more than the one it was made from.

    Services exchange the tokens of users to work for them; with more rights than the user gave
    they can destroy what he cannot.
    """
    grant = _exchanged(issuer)
    expect.given(bool(grant.token), f"nothing was exchanged: {grant.describe()}")
    wide = f"storage.modify:{issuer.area or '/'}"
    wider = issuer.exchange(issuer.usual, f"{_reading(issuer)} {wide}")
    granted = " ".join(sorted(wider.storage_scopes))
    expect.that(wide not in wider.scopes, f"an error, or a token without {wide}", granted)


@check(
    req="rfc8693/audience",
    level=SHOULD,
    severity=HIGH,
    needs={"issuer", "token-exchange"},
    catches={"issuer-exchange-audience-ignored"},
    rows={"ISS-06"},
)
def test_exchanged_token_has_audience_as_asked(issuer: TokenIssuer, expect: Expect) -> None:
    """A token that was exchanged should be for the audience that was asked for, and no other.

    FTS exchanges tokens to narrow them to the two ends of a copy; one that stays wide can be
    used at every storage by either of them.
    """
    grant = _exchanged(issuer)
    expect.given(grant.facts is not None, f"no token to look at: {grant.describe()}")
    audience = grant.facts.audience if grant.facts else ()
    expect.that(
        audience == (issuer.audience,),
        f"aud: {issuer.audience}",
        f"aud: {', '.join(audience) or '(none)'}",
    )


@check(
    req="rfc6749/refresh",
    level=MUST,
    severity=HIGH,
    needs={"issuer", "token-exchange", "token-refresh"},
    catches={"issuer-refresh-fails"},
)
def test_refresh_token_gives_new_token(issuer: TokenIssuer, expect: Expect) -> None:
    """A refresh token must give a new access token of the same scopes.

    Transfers wait in queues for days; without a working refresh they fail when their turn comes.
    """
    first = issuer.refreshable()
    again = issuer.refresh(first)
    expect.success(again.reply)
    expect.that(
        again.storage_scopes == first.storage_scopes,
        " ".join(sorted(first.storage_scopes)),
        " ".join(sorted(again.storage_scopes)) or "(no scope)",
    )


@check(
    req="rfc6749/refresh-scope",
    level=MUST,
    severity=CRITICAL,
    needs={"issuer", "token-exchange", "token-refresh"},
    catches={"issuer-refresh-widens"},
)
def test_refresh_adds_no_right(issuer: TokenIssuer, expect: Expect) -> None:
    """A refreshed token must have no scope that the first one had not.

    A refresh token lives for weeks; whoever gets hold of it must not gain more than it was for.
    """
    first = issuer.refreshable()
    expect.given(bool(issuer.refresh(first).token), "the refresh token gives no token at all")
    wide = f"storage.modify:{issuer.area or '/'}"
    wider = issuer.refresh(first, f"{_reading(issuer)} {wide}")
    granted = " ".join(sorted(wider.storage_scopes))
    expect.that(wide not in wider.scopes, f"an error, or a token without {wide}", granted)


@check(
    req="rfc7009/invalidated",
    level=MUST,
    severity=HIGH,
    needs={"issuer", "token-exchange", "token-refresh", "revocation"},
    catches={"issuer-revocation-ignored"},
)
def test_revoked_refresh_token_is_refused(issuer: TokenIssuer, expect: Expect) -> None:
    """A refresh token that was revoked must give no token any more.

    It is the only way to stop a thief: a refresh token goes on for weeks.
    """
    first = issuer.refreshable()
    expect.given(bool(issuer.refresh(first).token), "the refresh token gives no token at all")
    form = {"token": str(first.answer["refresh_token"]), "token_type_hint": "refresh_token"}
    expect.control(issuer.post("revocation_endpoint", form))

    after = issuer.refresh(first)

    expect.that(not after.token, "no token for a revoked refresh token", after.describe())


@check(
    req="rfc7662/active",
    level=MUST,
    severity=HIGH,
    needs={"issuer", "introspection"},
    catches={"issuer-introspection-inactive"},
)
def test_introspection_knows_good_token(issuer: TokenIssuer, expect: Expect) -> None:
    """Introspection must call a token active that is in force.

    Services that ask the issuer instead of verifying by themselves refuse everybody otherwise.
    """
    grant = issuer.introspect(issuer.usual.token)
    expect.given(grant.reply.ok, f"our client may not ask: {grant.reply.describe()}")
    expect.equal(grant.answer.get("active"), True, "active")


@check(
    req="rfc7662/inactive",
    level=MUST,
    severity=CRITICAL,
    needs={"issuer", "introspection"},
    catches={"issuer-introspection-credulous"},
)
def test_introspection_knows_forged_token(issuer: TokenIssuer, expect: Expect) -> None:
    """Introspection must call a forged token inactive.

    Services that ask the issuer believe it: whatever a thief wrote himself would open them.
    """
    good = issuer.introspect(issuer.usual.token)
    expect.given(good.reply.ok, f"our client may not ask: {good.reply.describe()}")
    found = issuer.introspect(issuer.forged(issuer.usual).token)
    expect.that(
        found.answer.get("active") is not True,
        "active: false for a token with a wrong signature",
        "active: true",
    )


@check(
    req="rfc7662/authorization",
    level=MUST,
    severity=HIGH,
    needs={"issuer", "introspection"},
    catches={"issuer-introspection-anonymous"},
)
def test_introspection_wants_a_client(issuer: TokenIssuer, expect: Expect) -> None:
    """Introspection must be open to clients only.

    Anybody could try out guessed or found tokens, and read whose they are.
    """
    ours = issuer.introspect(issuer.usual.token)
    expect.given(ours.reply.ok, f"our client may not ask: {ours.reply.describe()}")
    nobody = issuer.introspect(issuer.usual.token, client="nobody")
    expect.refused(nobody.reply)
