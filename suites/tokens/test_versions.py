"""Which tokens a storage understands: versions of the profile, and the token's kind."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from lakeproof import (
    CRITICAL,
    HIGH,
    MEDIUM,
    MUST,
    SHOULD,
    Expect,
    OddTokenFor,
    StorageElement,
    check,
)

LEEWAY = timedelta(seconds=30)
PADDING = "x" * 5500
LENGTH = 8192


@check(
    req="wlcg-jwt/major-version",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write", "odd-tokens"},
    catches={"token-major-version-accepted"},
    rows={"TKN-17", "B1.2"},
)
def test_unknown_major_version_is_refused(
    se: StorageElement, odd_token: OddTokenFor, expect: Expect
) -> None:
    """A token of a major version of the profile that the storage does not know must be refused.

    In another version the same scope may grant less: taken for the old one it grants too much.
    """
    path = se.workdir / "f"
    scopes = [f"storage.read:{se.workdir}"]
    expect.control(se.put(path, b"secret"))
    expect.control(se.get(path, auth=odd_token(scopes=scopes)))

    expect.refused(se.get(path, auth=odd_token(scopes=scopes, claims={"wlcg.ver": "99.0"})))


@check(
    req="wlcg-jwt/minor-version",
    level=MUST,
    severity=MEDIUM,
    needs={"webdav", "write", "odd-tokens"},
    catches={"token-minor-version-refused"},
    rows={"TKN-17", "B1.2"},
)
def test_newer_minor_version_is_accepted(
    se: StorageElement, odd_token: OddTokenFor, expect: Expect
) -> None:
    """A token of a newer minor version of the profile must be accepted.

    As long as one storage of the lake refuses it, no issuer can move on to a newer version.
    """
    path = se.workdir / "f"
    scopes = [f"storage.read:{se.workdir}"]
    expect.control(se.put(path, b"any"))
    expect.control(se.get(path, auth=odd_token(scopes=scopes)))

    expect.success(se.get(path, auth=odd_token(scopes=scopes, claims={"wlcg.ver": "1.9"})))


@check(
    req="wlcg-jwt/id-token",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "odd-tokens"},
    catches={"token-id-token-accepted"},
    rows={"TKN-20", "B1.7", "B1.2"},
)
def test_id_token_is_refused(se: StorageElement, odd_token: OddTokenFor, expect: Expect) -> None:
    """A token that says who somebody is (ID token) must not be taken for an access token.

    Every web page that a scientist logs in to holds one; it could read his data with it.
    """
    path = se.workdir / "f"
    scopes = [f"storage.read:{se.workdir}"]
    expect.control(se.put(path, b"secret"))
    expect.control(se.get(path, auth=odd_token(scopes=scopes)))

    claims = {"scope": None, "nonce": "n-0S6_WzA2Mj", "at_hash": "77QmUPtjPfzWtF2AnpK9RQ"}
    expect.refused(se.get(path, auth=odd_token(scopes=scopes, claims=claims)))


@check(
    req="wlcg-jwt/leeway",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write", "odd-tokens"},
    catches={"token-nbf-no-skew"},
    rows={"TKN-10", "B1.2"},
)
def test_clocks_may_differ_by_half_a_minute(
    se: StorageElement, odd_token: OddTokenFor, expect: Expect
) -> None:
    """A token that becomes valid half a minute from now should be accepted already.

    Clocks differ; every transfer that begins right after its token was issued would fail.
    """
    path = se.workdir / "f"
    scopes = [f"storage.read:{se.workdir}"]
    expect.control(se.put(path, b"any"))
    valid = se.get(path, auth=odd_token(scopes=scopes))
    expect.control(valid)
    said = valid.headers.get("Date")  # its own clock, where it tells it

    soon = (parsedate_to_datetime(said) if said else datetime.now(UTC)) + LEEWAY
    early = odd_token(scopes=scopes, claims={"nbf": int(soon.timestamp())})
    expect.success(se.get(path, auth=early))


@check(
    req="lakeproof/long-tokens",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write", "odd-tokens"},
    catches={"token-long-refused"},
    rows={"TKN-26"},
)
def test_long_token_is_accepted(se: StorageElement, odd_token: OddTokenFor, expect: Expect) -> None:
    """A token of 8 KiB should be accepted.

    Members of many groups have such tokens, and only they get errors that nobody else sees.
    """
    path = se.workdir / "f"
    scopes = [f"storage.read:{se.workdir}"]
    expect.control(se.put(path, b"any"))
    expect.control(se.get(path, auth=odd_token(scopes=scopes)))

    long = odd_token(scopes=scopes, claims={"x_padding": PADDING})
    expect.given(len(long.token) >= LENGTH, "the issuer made a shorter token")
    expect.success(se.get(path, auth=long))
