"""For whom a token was issued: which values of its audience a storage takes for itself."""

from lakeproof import (
    CRITICAL,
    HIGH,
    LOW,
    MAY,
    MEDIUM,
    MUST,
    SHOULD,
    Expect,
    OddTokenFor,
    StorageElement,
    Survey,
    TokenFor,
    check,
)

ANY = "https://wlcg.cern.ch/jwt/v1/any"
FOREIGN = ["https://one-storage.example.org", "https://another-storage.example.org"]
HTTPS_PORT = ":443"


@check(
    req="wlcg-jwt/aud-array",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write", "odd-tokens"},
    catches={"token-audience-array-refused"},
    rows={"TKN-03", "B1.2"},
)
def test_list_with_the_right_audience_is_accepted(
    se: StorageElement, odd_token: OddTokenFor, audience: str, expect: Expect
) -> None:
    """A token for several services must be accepted by each of them.

    Transfer services ask for one token for all storages of a transfer; it would fail here.
    """
    path = se.workdir / "f"
    scopes = [f"storage.read:{se.workdir}"]
    expect.control(se.put(path, b"any"))
    expect.control(se.get(path, auth=odd_token(scopes=scopes, claims={"aud": audience})))

    several = odd_token(scopes=scopes, claims={"aud": [*FOREIGN, audience]})
    expect.success(se.get(path, auth=several))


@check(
    req="wlcg-jwt/aud",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "odd-tokens"},
    catches={"token-audience-array-any-element"},
    rows={"TKN-04", "B1.2"},
)
def test_list_of_other_audiences_is_refused(
    se: StorageElement, odd_token: OddTokenFor, expect: Expect
) -> None:
    """A token issued for several other services must be refused.

    Each of those services could use it here; one broken one would open this storage.
    """
    path = se.workdir / "f"
    scopes = [f"storage.read:{se.workdir}"]
    expect.control(se.put(path, b"secret"))
    expect.control(se.get(path, auth=odd_token(scopes=scopes)))

    expect.refused(se.get(path, auth=odd_token(scopes=scopes, claims={"aud": FOREIGN})))


@check(
    req="wlcg-jwt/aud-comparison",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "odd-tokens"},
    catches={"token-audience-prefix"},
    rows={"TKN-06", "B1.2"},
)
def test_longer_audience_is_refused(
    se: StorageElement, odd_token: OddTokenFor, audience: str, expect: Expect
) -> None:
    """A token for a service whose name merely begins like this one's must be refused.

    Whoever owns https://storage.org.example.com would get tokens that open https://storage.org.
    """
    path = se.workdir / "f"
    scopes = [f"storage.read:{se.workdir}"]
    expect.control(se.put(path, b"secret"))
    expect.control(se.get(path, auth=odd_token(scopes=scopes)))

    longer = f"{audience}.example.com"
    expect.refused(se.get(path, auth=odd_token(scopes=scopes, claims={"aud": longer})))


@check(
    req="wlcg-jwt/aud-comparison",
    level=MUST,
    severity=LOW,
    needs={"webdav", "write", "odd-tokens"},
    catches={"token-audience-case"},
    rows={"TKN-06", "B1.2"},
)
def test_audience_in_another_case_is_refused(
    se: StorageElement, odd_token: OddTokenFor, audience: str, expect: Expect
) -> None:
    """A token for an audience that differs in upper and lower case must be refused.

    Storages that compare otherwise disagree about the same token, and its owner cannot see why.
    """
    path = se.workdir / "f"
    scopes = [f"storage.read:{se.workdir}"]
    expect.control(se.put(path, b"secret"))
    expect.control(se.get(path, auth=odd_token(scopes=scopes)))

    other = audience.swapcase()
    expect.refused(se.get(path, auth=odd_token(scopes=scopes, claims={"aud": other})))


@check(
    req="wlcg-jwt/aud-recommended",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write", "token-audience"},
    catches={"token-audience-url-refused"},
    rows={"TKN-01", "B1.3"},
)
def test_audience_made_from_the_url_is_accepted(
    se: StorageElement, token: TokenFor, expect: Expect
) -> None:
    """A token for the audience https://host[:port] of the endpoint's own URL should be accepted.

    A client knows nothing but the URL; where that is not enough, each user has to be told a
    name by word of mouth, and tools that make the audience from the URL fail.
    """
    path = se.workdir / "f"
    read = f"storage.read:{se.workdir}"
    expect.control(se.put(path, b"any"))
    expect.control(se.get(path, auth=token(read)))

    made = se.url.removesuffix(HTTPS_PORT)
    expect.success(se.get(path, auth=token(read, audience=made)))


@check(
    req="lakeproof/aud-host",
    level=MAY,
    severity=LOW,
    needs={"webdav", "write", "token-audience"},
    catches={"token-audience-host-refused"},
    rows={"B1.3"},
)
def test_bare_host_name_is_accepted(
    se: StorageElement, token: TokenFor, survey: Survey, expect: Expect
) -> None:
    """A token for the bare host name as its audience may be accepted, for Rucio asks for that.

    Where it is not, the lake's transfers need another setting for this one storage. Which other
    forms of the audience are accepted is noted with the result.
    """
    path = se.workdir / "f"
    read = f"storage.read:{se.workdir}"
    expect.control(se.put(path, b"any"))
    expect.control(se.get(path, auth=token(read)))
    forms = {
        "audience_any": ANY,
        "audience_https_host": f"https://{se.host}",
        "audience_https_host_port": se.url,
        "audience_https_host_slash": f"{se.url.removesuffix(HTTPS_PORT)}/",
        "audience_host_port": se.url.removeprefix("https://"),
    }
    for name, form in forms.items():
        survey(name, se.get(path, auth=token(read, audience=form)).ok)

    bare = se.get(path, auth=token(read, audience=se.host))
    survey("audience_host", bare.ok)
    expect.success(bare)
