"""By whose key a token is verified: the issuer's published one, and no other that it names."""

from lakeproof import (
    CRITICAL,
    HIGH,
    LOW,
    MAY,
    MEDIUM,
    MUST,
    SHOULD,
    Bearer,
    Expect,
    Observer,
    OddTokenFor,
    OwnKey,
    Sample,
    StorageElement,
    check,
)

ONE_BYTE = "bytes=0-0"
EXTENSION = "x-lakeproof"


@check(
    req="wlcg-jwt/key-lookup",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "sample", "tokens"},
    catches={"token-embedded-key"},
    rows={"TKN-16", "B1.1"},
)
def test_key_in_the_header_is_not_believed(
    se: StorageElement, sample: Sample, genuine: Bearer, own_key: OwnKey, expect: Expect
) -> None:
    """A token that brings the key to verify it along in its header (jwk) must be refused.

    Anybody can make a key and a token that fits it; such a storage is open to everybody.
    """
    expect.control(se.part(sample.path, ONE_BYTE, auth=genuine))

    forged = Bearer(own_key.sign(genuine.token, jwk=own_key.jwk), label="forged: jwk")
    expect.refused(se.part(sample.path, ONE_BYTE, auth=forged))


@check(
    req="wlcg-jwt/key-lookup",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "sample", "tokens"},
    catches={"token-x5c-believed"},
    rows={"TKN-16", "B1.1"},
)
def test_certificate_in_the_header_is_not_believed(
    se: StorageElement, sample: Sample, genuine: Bearer, own_key: OwnKey, expect: Expect
) -> None:
    """A token that brings a certificate to verify it along in its header (x5c) must be refused.

    Anybody can sign a certificate for his own key; such a storage is open to everybody.
    """
    expect.control(se.part(sample.path, ONE_BYTE, auth=genuine))

    forged = Bearer(own_key.sign(genuine.token, x5c=own_key.chain), label="forged: x5c")
    expect.refused(se.part(sample.path, ONE_BYTE, auth=forged))


@check(
    req="wlcg-jwt/key-lookup",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "sample", "tokens", "observer"},
    catches={"token-jku-believed"},
    rows={"TKN-16", "B1.1"},
)
def test_key_set_named_in_the_header_is_not_believed(
    se: StorageElement,
    sample: Sample,
    genuine: Bearer,
    own_key: OwnKey,
    observer: Observer,
    expect: Expect,
) -> None:
    """A token whose header says where the keys to verify it are (jku) must be refused.

    Anybody can publish a key set on his own web server; such a storage is open to everybody.
    """
    expect.control(se.part(sample.path, ONE_BYTE, auth=genuine))

    keys = observer.file(own_key.key_set)
    forged = Bearer(own_key.sign(genuine.token, jku=keys.url), label="forged: jku")
    reply = se.part(sample.path, ONE_BYTE, auth=forged)

    keys.seen()  # for the transcript
    expect.refused(reply)


@check(
    req="rfc8725/no-fetch",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "sample", "tokens", "observer"},
    catches={"token-x5u-fetched", "token-jku-believed"},
    rows={"TKN-16"},
)
def test_nothing_named_in_the_header_is_fetched(
    se: StorageElement,
    sample: Sample,
    genuine: Bearer,
    own_key: OwnKey,
    observer: Observer,
    expect: Expect,
) -> None:
    """A storage should fetch nothing from addresses that a token's header names (jku, x5u).

    Anybody, without a valid token, could have it send requests into the site's own network.
    """
    expect.control(se.part(sample.path, ONE_BYTE, auth=genuine))

    keys, certificate = observer.file(own_key.key_set), observer.file(own_key.certificate)
    header = {"jku": keys.url, "x5u": certificate.url}
    forged = Bearer(own_key.sign(genuine.token, **header), label="forged: jku and x5u")
    se.part(sample.path, ONE_BYTE, auth=forged)

    came = [*keys.seen(), *certificate.seen()]
    expect.that(not came, "no request to our server", f"{len(came)} requests to our server")


@check(
    req="wlcg-jwt/key-id",
    level=MUST,
    severity=LOW,
    needs={"webdav", "sample", "odd-tokens"},
    catches={"token-kid-missing-accepted"},
    rows={"TKN-13", "B1.2"},
)
def test_token_without_key_id_is_refused(
    se: StorageElement, sample: Sample, odd_token: OddTokenFor, expect: Expect
) -> None:
    """A token that does not name the key that signed it must be refused.

    A storage that tries the keys one after the other accepts a withdrawn one as well, for as long
    as it has it, and hides from the issuer that its tokens lack the name.
    """
    scopes = [f"storage.read:{sample.path.parent}"]
    expect.control(se.part(sample.path, ONE_BYTE, auth=odd_token(scopes=scopes)))

    nameless = odd_token(scopes=scopes, header={"kid": None})
    expect.refused(se.part(sample.path, ONE_BYTE, auth=nameless))


@check(
    req="rfc7515/crit",
    level=MUST,
    severity=LOW,
    needs={"webdav", "sample", "odd-tokens"},
    catches={"token-crit-ignored"},
    rows={"TKN-16", "B1.2"},
)
def test_unknown_critical_extension_is_refused(
    se: StorageElement, sample: Sample, odd_token: OddTokenFor, expect: Expect
) -> None:
    """A token whose header demands an extension that the storage does not know must be refused.

    An issuer restricts tokens by such an extension (crit); a storage that reads over it accepts
    what the issuer wanted to be refused.
    """
    scopes = [f"storage.read:{sample.path.parent}"]
    expect.control(se.part(sample.path, ONE_BYTE, auth=odd_token(scopes=scopes)))

    demanding = odd_token(scopes=scopes, header={"crit": [EXTENSION], EXTENSION: True})
    expect.refused(se.part(sample.path, ONE_BYTE, auth=demanding))


@check(
    req="wlcg-jwt/key-cache",
    level=MAY,
    severity=MEDIUM,
    needs={"webdav", "sample", "odd-tokens"},
    catches={"jwks-never-refetched"},
    rows={"TKN-13"},
)
def test_new_key_of_the_issuer_is_found_at_once(
    se: StorageElement, sample: Sample, odd_token: OddTokenFor, expect: Expect
) -> None:
    """A token signed by a key that the issuer has just published may be accepted at once.

    The profile lets a storage keep the key set for hours. Until it fetches it again, everybody
    whose token is signed by the new key is locked out, and issuers have to publish keys ahead.
    """
    scopes = [f"storage.read:{sample.path.parent}"]
    expect.control(se.part(sample.path, ONE_BYTE, auth=odd_token(scopes=scopes)))
    fresh = odd_token(scopes=scopes, new_key=True)

    expect.eventually(
        lambda: expect.success(se.part(sample.path, ONE_BYTE, auth=fresh)), within_s=1.5
    )
