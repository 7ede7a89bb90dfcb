"""Tokens that nobody issued: made from a genuine one, each wrong in one way."""

from lakeproof import (
    CRITICAL,
    MUST,
    Bearer,
    Expect,
    Sample,
    StorageElement,
    Tampered,
    check,
)

ONE_BYTE = "bytes=0-0"


@check(
    req="wlcg-jwt/verification",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "sample", "tokens"},
    catches={"token-signature-ignored", "token-verdict-cached"},
    rows={"TKN-12", "B1.1"},
)
def test_flipped_signature_is_refused(
    se: StorageElement, sample: Sample, genuine: Bearer, tampered: Tampered, expect: Expect
) -> None:
    """A token whose signature was altered must be refused.

    A storage that does not verify signatures accepts whatever rights a client writes into
    its own token.
    """
    expect.control(se.part(sample.path, ONE_BYTE, auth=genuine))

    expect.refused(se.part(sample.path, ONE_BYTE, auth=tampered("flipped-signature")))


@check(
    req="wlcg-jwt/verification",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "sample", "tokens"},
    catches={"token-signature-ignored", "token-verdict-cached"},
    rows={"TKN-12", "B1.1"},
)
def test_truncated_signature_is_refused(
    se: StorageElement, sample: Sample, genuine: Bearer, tampered: Tampered, expect: Expect
) -> None:
    """A token whose signature was cut short must be refused.

    A comparison that stops at the end of the shorter text can be met by trying a few bytes.
    """
    expect.control(se.part(sample.path, ONE_BYTE, auth=genuine))

    expect.refused(se.part(sample.path, ONE_BYTE, auth=tampered("truncated-signature")))


@check(
    req="wlcg-jwt/verification",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "tokens"},
    catches={"token-signature-ignored", "token-verdict-cached"},
    rows={"TKN-12", "B1.1"},
)
def test_widened_payload_is_refused(
    se: StorageElement, genuine: Bearer, tampered: Tampered, expect: Expect
) -> None:
    """A token whose scopes were widened after signing must be refused.

    Every holder of a read token could give himself the right to delete the whole area.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"secret"))
    expect.control(se.get(path, auth=genuine))

    reply = se.put(path, b"replaced", auth=tampered("widened-payload"))

    expect.unchanged(se, path, b"secret")
    expect.refused(reply)


@check(
    req="wlcg-jwt/asymmetric-signature",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "sample", "tokens"},
    catches={"token-alg-none", "token-signature-ignored"},
    rows={"TKN-11", "B1.1"},
)
def test_alg_none_is_refused(
    se: StorageElement, sample: Sample, genuine: Bearer, tampered: Tampered, expect: Expect
) -> None:
    """A token that claims to need no signature (alg none) must be refused.

    The oldest hole in token libraries: anybody writes himself any token without a key.
    """
    expect.control(se.part(sample.path, ONE_BYTE, auth=genuine))

    expect.refused(se.part(sample.path, ONE_BYTE, auth=tampered("alg-none")))


@check(
    req="wlcg-jwt/asymmetric-signature",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "sample", "tokens"},
    catches={"token-alg-none-spelling"},
    rows={"TKN-11", "B1.1"},
)
def test_alg_none_in_another_spelling_is_refused(
    se: StorageElement, sample: Sample, genuine: Bearer, tampered: Tampered, expect: Expect
) -> None:
    """A token that claims to need no signature must be refused however it spells that (nOnE).

    Libraries that were repaired for one spelling let the others pass.
    """
    expect.control(se.part(sample.path, ONE_BYTE, auth=genuine))

    expect.refused(se.part(sample.path, ONE_BYTE, auth=tampered("alg-none-spelt")))


@check(
    req="wlcg-jwt/asymmetric-signature",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "sample", "tokens"},
    catches={"token-hs256-confusion", "token-signature-ignored"},
    rows={"TKN-11", "B1.1"},
)
def test_hmac_with_public_key_is_refused(
    se: StorageElement, sample: Sample, genuine: Bearer, tampered: Tampered, expect: Expect
) -> None:
    """A token signed by HMAC with the issuer's public key must be refused.

    The public key is public; a library that lets the token choose the algorithm takes it
    for a shared secret, and anybody can sign.
    """
    expect.control(se.part(sample.path, ONE_BYTE, auth=genuine))

    expect.refused(se.part(sample.path, ONE_BYTE, auth=tampered("hs256-public-key")))


@check(
    req="wlcg-jwt/key-lookup",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "sample", "tokens"},
    catches={"token-foreign-key", "token-signature-ignored"},
    rows={"TKN-12", "B1.1"},
)
def test_foreign_key_of_same_id_is_refused(
    se: StorageElement, sample: Sample, genuine: Bearer, tampered: Tampered, expect: Expect
) -> None:
    """A token signed by a foreign key under the issuer's key id must be refused.

    The key id is only a name: a storage that trusts it, or takes the key out of the token,
    trusts everybody.
    """
    expect.control(se.part(sample.path, ONE_BYTE, auth=genuine))

    expect.refused(se.part(sample.path, ONE_BYTE, auth=tampered("same-kid-new-key")))


@check(
    req="wlcg-jwt/key-lookup",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "sample", "tokens"},
    catches={"token-signature-ignored"},
    rows={"TKN-13", "B1.1"},
)
def test_unknown_key_id_is_refused(
    se: StorageElement, sample: Sample, genuine: Bearer, tampered: Tampered, expect: Expect
) -> None:
    """A token whose key id the issuer does not publish must be refused.

    A storage that skips the verification because it finds no key accepts any token with an
    invented id.
    """
    expect.control(se.part(sample.path, ONE_BYTE, auth=genuine))

    expect.refused(se.part(sample.path, ONE_BYTE, auth=tampered("unknown-kid")))


@check(
    req="wlcg-jwt/algorithms-known",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "sample", "tokens"},
    catches={"token-signature-ignored"},
    rows={"TKN-11"},
)
def test_unknown_algorithm_is_refused(
    se: StorageElement, sample: Sample, genuine: Bearer, tampered: Tampered, expect: Expect
) -> None:
    """A token that names an algorithm which nobody has must be refused.

    A library that finds nothing to verify with, and goes on, accepts any token.
    """
    expect.control(se.part(sample.path, ONE_BYTE, auth=genuine))

    expect.refused(se.part(sample.path, ONE_BYTE, auth=tampered("unknown-algorithm")))


@check(
    req="rfc6750/invalid-token",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "sample", "tokens"},
    catches={"anonymous-fallback"},
    rows={"TKN-21"},
)
def test_garbage_is_refused(
    se: StorageElement, sample: Sample, genuine: Bearer, expect: Expect
) -> None:
    """A bearer that is no token at all must be refused.

    A storage that lets pass what it cannot read is open to everybody who sends nonsense.
    """
    expect.control(se.part(sample.path, ONE_BYTE, auth=genuine))

    reply = se.part(sample.path, ONE_BYTE, auth=Bearer("this-is-not-a-token", label="garbage"))

    expect.refused(reply)
