"""Whether an issuer grants what was asked for, and never more."""

from lakeproof import CRITICAL, HIGH, MAY, MEDIUM, MUST, SHOULD, Expect, Grant, TokenIssuer, check

UNREGISTERED = "lakeproof.no-such-scope:/"
SECOND_AUDIENCE = "https://lakeproof.invalid"


def _shown(scopes: frozenset[str]) -> str:
    return " ".join(sorted(scopes)) or "(none)"


def _narrow(issuer: TokenIssuer) -> tuple[str, Grant]:
    """A scope for one folder below our area, and the token for it."""
    scope = f"storage.read:{issuer.area}/narrow"
    return scope, issuer.kept("narrow", lambda: issuer.grant(scope, issuer.audience))


@check(
    req="rfc6749/scope",
    level=SHOULD,
    severity=CRITICAL,
    needs={"issuer"},
    catches={"issuer-scope-added"},
    rows={"ISS-06"},
)
def test_no_scope_is_added(issuer: TokenIssuer, expect: Expect) -> None:
    """A token should open no more of a storage than what was asked for.

    Whoever asks for reading hands the token to jobs and strangers' machines; a right that he
    did not ask for, such as to delete, goes with it unseen.
    """
    scope, grant = _narrow(issuer)
    kinds = {each.partition(":")[0] for each in grant.storage_scopes}
    expect.that(
        kinds <= {"storage.read"},
        f"no storage scope beside {scope}",
        f"granted: {_shown(grant.storage_scopes)}",
    )


@check(
    req="wlcg-jwt/scope-path",
    level=SHOULD,
    severity=CRITICAL,
    needs={"issuer"},
    catches={"issuer-path-widened"},
    rows={"ISS-06"},
)
def test_scope_path_is_kept(issuer: TokenIssuer, expect: Expect) -> None:
    """The path of a scope should be granted as it was asked for.

    A path that is cut short opens the neighbours' folders to a token meant for one.
    """
    scope, grant = _narrow(issuer)
    reading = {each for each in grant.storage_scopes if each.startswith("storage.read")}
    expect.that(
        reading == {scope},
        f"exactly {scope}",
        f"granted for reading: {_shown(frozenset(reading))}",
    )


@check(
    req="rfc6749/scope-told",
    level=MUST,
    severity=HIGH,
    needs={"issuer"},
    catches={"issuer-scope-dropped"},
    rows={"ISS-06"},
)
def test_other_scope_than_asked_is_told(issuer: TokenIssuer, expect: Expect) -> None:
    """When a token has other scopes than were asked for, the answer must say which.

    A client that is not told starts transfers which the storage then refuses.
    """
    area = issuer.area
    asked = frozenset({f"storage.read:{area}/one", f"storage.read:{area}/two"})
    grant = issuer.grant(" ".join(sorted(asked)), issuer.audience)
    stated = grant.answer.get("scope")
    told = frozenset(str(stated).split()) if stated is not None else asked
    named = {scope for scope in told if scope.startswith("storage.")}
    expect.that(
        named == grant.storage_scopes,
        f"the scopes in the answer ({_shown(frozenset(named))}) in the token as well",
        f"in the token: {_shown(grant.storage_scopes)}",
    )


@check(
    req="wlcg-jwt/entitlement",
    level=MUST,
    severity=CRITICAL,
    needs={"issuer"},
    catches={"issuer-unknown-scope-granted"},
    rows={"ISS-06"},
)
def test_unregistered_scope_is_not_granted(issuer: TokenIssuer, expect: Expect) -> None:
    """A scope to which the client is not entitled must not be in its token.

    An issuer that writes down whatever is asked makes every client an administrator.
    """
    expect.given(bool(issuer.usual.facts), "the token is no JWT, which is its own check")
    grant = issuer.ask(f"storage.read:{issuer.area or '/'} {UNREGISTERED}", issuer.audience)
    expect.that(
        UNREGISTERED not in grant.scopes,
        f"an error, or a token without {UNREGISTERED}",
        f"granted: {_shown(grant.scopes)}",
    )


@check(
    req="wlcg-jwt/path-required",
    level=MUST,
    severity=HIGH,
    needs={"issuer"},
    catches={"issuer-pathless-scope-granted"},
    rows={"ISS-06"},
)
def test_storage_scope_without_path_is_not_granted(issuer: TokenIssuer, expect: Expect) -> None:
    """A storage scope without a path must not be in a token.

    Storages must refuse such a token as a whole; one that does not takes it for a right to
    everything.
    """
    expect.given(bool(issuer.usual.facts), "the token is no JWT, which is its own check")
    grant = issuer.ask("storage.read", issuer.audience)
    expect.that(
        "storage.read" not in grant.scopes,
        "an error, or a token without storage.read",
        f"granted: {_shown(grant.scopes)}",
    )


@check(
    req="rfc8693/audience",
    level=SHOULD,
    severity=HIGH,
    needs={"issuer"},
    catches={"issuer-audience-added"},
    rows={"ISS-06"},
)
def test_audience_is_as_asked(issuer: TokenIssuer, expect: Expect) -> None:
    """A token should be for the audience that was asked for, and for no other.

    A storage to which a token is shown could use it at all others in the holder's name.
    """
    grant = _narrow(issuer)[1]
    audience = grant.facts.audience if grant.facts else ()
    expect.that(
        audience == (issuer.audience,),
        f"aud: {issuer.audience}",
        f"aud: {', '.join(audience) or '(none)'}",
    )


@check(
    req="rfc8693/several-audiences",
    level=MAY,
    severity=MEDIUM,
    needs={"issuer"},
    catches={"issuer-audience-first-only"},
    rows={"ISS-06"},
)
def test_several_audiences_are_granted(issuer: TokenIssuer, expect: Expect) -> None:
    """A token may be asked for that is for two storages at once.

    Third-party copies and jobs with inputs at two sites otherwise need a token for each.
    """
    wanted = (*issuer.audiences, SECOND_AUDIENCE)[:2]
    grant = issuer.grant(f"storage.read:{issuer.area or '/'}", " ".join(wanted))
    audience = grant.facts.audience if grant.facts else ()
    expect.that(
        set(wanted) <= set(audience),
        f"aud: {', '.join(wanted)}",
        f"aud: {', '.join(audience) or '(none)'}",
    )
