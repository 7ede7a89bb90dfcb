"""Asking for a macaroon: with a certificate, with a token, with nothing, and for how long."""

from datetime import UTC, datetime, timedelta

from lakeproof import (
    ANONYMOUS,
    CRITICAL,
    HIGH,
    LOW,
    MAY,
    MEDIUM,
    MUST,
    SHOULD,
    Apart,
    ClientCert,
    Expect,
    MacaroonBy,
    MacaroonEnd,
    MacaroonFor,
    StorageElement,
    TokenFor,
    check,
)

READING = ("DOWNLOAD", "LIST")
REQUEST = {"Content-Type": "application/macaroon-request"}
TEN_YEARS = "PT87600H"
LONGEST = timedelta(days=31)
CLOCKS_MAY_DIFFER = timedelta(minutes=2)


@check(
    req="macaroons/request",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "write", "macaroons", "x509"},
    catches={"macaroon-request-500", "macaroon-not-json"},
    rows={"MAC-01"},
)
def test_certificate_gets_macaroon(
    se: StorageElement, certificate: ClientCert, expect: Expect
) -> None:
    """A request with a certificate should be answered with JSON that holds a macaroon.

    FTS and gfal2 ask like this before each transfer to or from a site without tokens.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"any", auth=certificate))

    grant = se.macaroon(path, activities=READING, auth=certificate)

    expect.success(grant.reply)
    found = "a macaroon" if grant.bearer else f"no macaroon: {grant.reply.text[:60]}"
    expect.equal(found, "a macaroon", "the answer holds")


@check(
    req="macaroons/requester",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write", "macaroons", "token-scopes"},
    catches={"macaroon-of-token-useless"},
    rows={"MAC-02"},
)
def test_macaroon_for_token_is_of_use(
    se: StorageElement, macaroon_by: MacaroonBy, token: TokenFor, apart: Apart, expect: Expect
) -> None:
    """A macaroon that is handed out for a token should allow what the token allows.

    A client that asked for one and got it drops its token, and then fails with 403.
    """
    path = se.workdir / "f"
    read = token(f"storage.read:{se.workdir}")
    expect.control(se.put(path, b"any"))
    expect.control(se.get(path, auth=read))

    derived = macaroon_by(read, path, *READING)

    expect.success(apart().get(path, auth=derived))


@check(
    req="macaroons/authenticated",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write", "macaroons"},
    catches={"macaroon-anonymous"},
    rows={"MAC-08"},
)
def test_anonymous_gets_no_macaroon(
    se: StorageElement, macaroon: MacaroonFor, expect: Expect
) -> None:
    """Somebody without a credential should be given no macaroon.

    Whatever it allows, it is a signed permission that nobody has to answer for.
    """
    macaroon(se, se.workdir, *READING)

    expect.refused(se.macaroon(se.workdir, auth=ANONYMOUS).reply)


@check(
    req="macaroons/requester",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "macaroons"},
    catches={"macaroon-anonymous"},
    rows={"MAC-08"},
)
def test_anonymous_macaroon_opens_nothing(
    se: StorageElement, macaroon: MacaroonFor, apart: Apart, expect: Expect
) -> None:
    """A macaroon asked for without a credential must not read what anonymous people may not.

    It would be a key to the whole storage that the storage hands to everybody who asks.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"secret"))
    expect.control(apart().get(path, auth=macaroon(se, path, *READING)))

    grant = se.macaroon(path, auth=ANONYMOUS)

    if grant.bearer is not None:
        expect.refused(apart().get(path, auth=grant.bearer))


@check(
    req="macaroons/authenticated",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write", "macaroons"},
    catches={"macaroon-anonymous"},
    rows={"MAC-08"},
)
def test_anonymous_macaroon_tells_nothing(
    se: StorageElement, macaroon: MacaroonFor, apart: Apart, expect: Expect
) -> None:
    """A macaroon asked for without a credential should not even tell the size of a private file.

    Names and sizes say what a group is working on, and which name to try next.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"secret"))
    expect.control(apart().head(path, auth=macaroon(se, path, *READING)))
    hidden = apart().head(path, auth=ANONYMOUS)
    expect.given(not hidden.ok, "anonymous people may see the file anyway")

    grant = se.macaroon(path, auth=ANONYMOUS)

    if grant.bearer is not None:
        expect.refused(apart().head(path, auth=grant.bearer))


@check(
    req="macaroons/validity",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "write", "macaroons"},
    catches={"macaroon-never-ends"},
    rows={"MAC-06"},
)
def test_macaroon_without_validity_ends(
    se: StorageElement, macaroon: MacaroonFor, macaroon_end: MacaroonEnd, expect: Expect
) -> None:
    """A request without a validity should be refused, or answered with a macaroon that ends.

    A macaroon cannot be called back; one without an end is a password for ever.
    """
    macaroon(se, se.workdir, *READING)

    grant = se.macaroon(se.workdir, activities=READING, validity=None)

    if grant.bearer is not None:
        end = macaroon_end(grant.bearer)
        expect.that(end is not None, "a macaroon with an end (before:)", "it has none")


@check(
    req="macaroons/validity",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "write", "macaroons"},
    catches={"macaroon-validity-ignored", "macaroon-never-ends"},
    rows={"MAC-06"},
)
def test_macaroon_lasts_no_longer_than_asked(
    se: StorageElement, macaroon: MacaroonFor, macaroon_end: MacaroonEnd, expect: Expect
) -> None:
    """A macaroon asked for ten minutes should end after ten minutes.

    Short lives are all that protects from a macaroon that leaked with a job's log.
    """
    latest = datetime.now(UTC) + timedelta(minutes=10) + CLOCKS_MAY_DIFFER

    end = macaroon_end(macaroon(se, se.workdir, *READING))

    said = "it has no end" if end is None else f"it ends {end:%Y-%m-%d %H:%M:%S}"
    expected = f"an end until {latest:%Y-%m-%d %H:%M:%S} UTC"
    expect.that(end is not None and end <= latest, expected, said)


@check(
    req="macaroons/longest-validity",
    level=MAY,
    severity=LOW,
    needs={"webdav", "write", "macaroons"},
    catches={"macaroon-lifetime-unbounded", "macaroon-never-ends"},
    rows={"MAC-06"},
)
def test_macaroon_for_ten_years_is_cut(
    se: StorageElement, macaroon: MacaroonFor, macaroon_end: MacaroonEnd, expect: Expect
) -> None:
    """A macaroon asked for ten years may be refused or cut to a month at most.

    Its requester will have left by then, and nobody can take it back.
    """
    macaroon(se, se.workdir, *READING)
    latest = datetime.now(UTC) + LONGEST

    grant = se.macaroon(se.workdir, activities=READING, validity=TEN_YEARS)

    if grant.bearer is not None:
        end = macaroon_end(grant.bearer)
        said = "it has no end" if end is None else f"it ends {end:%Y-%m-%d}"
        expected = f"no macaroon, or one that ends by {latest:%Y-%m-%d}"
        expect.that(end is not None and end <= latest, expected, said)


@check(
    req="macaroons/bad-request",
    level=SHOULD,
    severity=LOW,
    needs={"webdav", "write", "macaroons"},
    catches={"macaroon-request-garbage-500"},
    rows={"MAC-01"},
)
def test_broken_request_is_client_error(
    se: StorageElement, macaroon: MacaroonFor, expect: Expect
) -> None:
    """A macaroon request that is no JSON should be answered with a client error (4xx).

    On a 5xx clients take the storage for broken and try again and again.
    """
    macaroon(se, se.workdir, *READING)
    asking = se.wallet.for_macaroon(se.workdir)

    reply = se.request("POST", se.workdir, auth=asking, headers=REQUEST, body=b"{no JSON")

    expect.status(reply, *range(400, 500))
