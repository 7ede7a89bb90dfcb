"""An issuer under the load of a community: what it answers; how fast is recorded, not judged."""

from lakeproof import CRITICAL, HIGH, MUST, SHOULD, Expect, IssuerLoad, check


@check(
    req="rfc6749/confidential",
    level=MUST,
    severity=CRITICAL,
    needs={"issuer", "intrusive"},
    catches={"issuer-load-mixed"},
    rows={"ISS-06"},
)
def test_answers_under_load_are_not_mixed_up(issuer_load: IssuerLoad, expect: Expect) -> None:
    """Of up to 64 requests at a time, each must be answered with the token that it gets alone.

    Where answers are mixed up, one job gets the rights of another, now and then and at the
    busiest hours only.
    """
    expect.given(issuer_load.tells_apart, "the issuer gives the same token whatever is asked for")
    expect.given(issuer_load.granted > 0, "no request under load got a token")
    expect.that(
        not issuer_load.mistaken,
        "the same token under load as alone",
        f"of {issuer_load.granted} tokens: {issuer_load.describe(issuer_load.mistaken)}",
    )


@check(
    req="rfc9110/issuer-overload",
    level=SHOULD,
    severity=HIGH,
    needs={"issuer", "intrusive"},
    catches={"issuer-load-503"},
)
def test_requests_under_load_are_answered_with_tokens(
    issuer_load: IssuerLoad, expect: Expect
) -> None:
    """Up to 64 requests at a time, no more a second than the target, should each get a token.

    Transfer services and jobs ask for tokens in bursts; who gets none fails, or tries again and
    adds to the burst.
    """
    expect.that(
        not issuer_load.refused,
        "a token for each request, also when it takes longer",
        f"of {issuer_load.asked} requests: {issuer_load.describe(issuer_load.refused)}",
    )
