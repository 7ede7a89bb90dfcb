"""What a storage says to a token that it does not take, and that it always says the same."""

from lakeproof import (
    ANONYMOUS,
    CRITICAL,
    HIGH,
    LOW,
    MEDIUM,
    SHOULD,
    Bearer,
    ClientCert,
    Expect,
    Sample,
    StorageElement,
    Tampered,
    check,
)

ONE_BYTE = "bytes=0-0"
UNAUTHORIZED, FORBIDDEN = 401, 403
TIMES = 4


@check(
    req="rfc6750/invalid-token",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "sample", "tokens"},
    catches={"token-garbage-500"},
    rows={"TKN-21", "B1.4"},
)
def test_garbage_answers_401_or_403(se: StorageElement, sample: Sample, expect: Expect) -> None:
    """A bearer that is no token at all should be answered 401 or 403.

    With 500 every mistyped token rings at the storage's operators, and transfers try it again
    for hours.
    """
    expect.control(se.part(sample.path, ONE_BYTE))
    garbage = Bearer("this-is-not-a-token", label="garbage")
    reply = se.part(sample.path, ONE_BYTE, auth=garbage)
    expect.given(not reply.ok, "it was accepted, which is a check of its own")

    expect.status(reply, UNAUTHORIZED, FORBIDDEN)


@check(
    req="rfc6750/challenge-scheme",
    level=SHOULD,
    severity=LOW,
    needs={"webdav", "sample", "tokens"},
    catches={"challenge-not-bearer", "challenge-missing"},
    rows={"TKN-22", "B1.4"},
)
def test_challenge_asks_for_a_bearer_token(
    se: StorageElement, sample: Sample, expect: Expect
) -> None:
    """An answer 401 without credentials should say that a bearer token would do.

    Clients that can get a token get one only when they are asked for it; else they ask their
    user for a password.
    """
    expect.control(se.part(sample.path, ONE_BYTE))
    reply = se.part(sample.path, ONE_BYTE, auth=ANONYMOUS)
    expect.given(not reply.ok, "anybody may read, which is a check of its own")

    said = reply.headers.get("WWW-Authenticate", "")
    expect.that(
        reply.status != UNAUTHORIZED or "bearer" in said.lower(),
        "WWW-Authenticate: Bearer with 401",
        f"WWW-Authenticate: {said or 'none'}",
    )


@check(
    req="rfc6750/challenge-error",
    level=SHOULD,
    severity=LOW,
    needs={"webdav", "sample", "tokens"},
    catches={"challenge-without-error", "challenge-missing"},
    rows={"TKN-22", "B1.4"},
)
def test_challenge_says_that_the_token_is_invalid(
    se: StorageElement, sample: Sample, genuine: Bearer, tampered: Tampered, expect: Expect
) -> None:
    """An answer 401 to a token should say in WWW-Authenticate that it is invalid.

    A client cannot tell a token that it should renew from a storage that wants something else.
    """
    expect.control(se.part(sample.path, ONE_BYTE, auth=genuine))
    reply = se.part(sample.path, ONE_BYTE, auth=tampered("flipped-signature"))
    expect.given(not reply.ok, "the token was accepted, which is a check of its own")

    said = reply.headers.get("WWW-Authenticate", "")
    expect.that(
        reply.status != UNAUTHORIZED or "invalid_token" in said,
        'WWW-Authenticate: Bearer error="invalid_token" with 401',
        f"WWW-Authenticate: {said or 'none'}",
    )


@check(
    req="rfc6750/safeguard",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "sample", "tokens"},
    catches={"token-echoed"},
    rows={"TKN-25", "B1.5"},
)
def test_refusal_does_not_repeat_the_token(
    se: StorageElement, sample: Sample, genuine: Bearer, tampered: Tampered, expect: Expect
) -> None:
    """An answer that refuses a token should not repeat it.

    Answers are logged and pasted into tickets; a token that was refused here may be good
    elsewhere.
    """
    expect.control(se.part(sample.path, ONE_BYTE, auth=genuine))
    forged = tampered("flipped-signature")
    reply = se.part(sample.path, ONE_BYTE, auth=forged)
    expect.given(not reply.ok, "the token was accepted, which is a check of its own")

    said = [*reply.headers.values(), reply.body.decode(errors="replace")]
    repeated = any(forged.token in text for text in said)
    expect.that(not repeated, "an answer without the token", "the token stands in the answer")


@check(
    req="lakeproof/certificate-and-token",
    level=SHOULD,
    severity=CRITICAL,
    needs={"webdav", "sample", "tokens", "x509"},
    catches={"x509-and-token-by-turns"},
    rows={"TKN-24"},
)
def test_certificate_and_token_are_always_judged_alike(
    se: StorageElement,
    sample: Sample,
    tampered: Tampered,
    certificate: ClientCert,
    expect: Expect,
) -> None:
    """A certificate with a bad token beside it should always have the same outcome.

    Which of the two counts is the storage's choice; where it changes from request to request,
    transfers fail now and then, and nobody can say why.
    """
    expect.control(se.part(sample.path, ONE_BYTE))
    header = {"Authorization": f"Bearer {tampered('flipped-signature').token}"}

    replies = [
        se.part(sample.path, ONE_BYTE, auth=certificate, headers=header) for _ in range(TIMES)
    ]

    codes = sorted({reply.status for reply in replies})
    expect.that(len(codes) == 1, f"one outcome {TIMES} times", f"answers {codes}")
