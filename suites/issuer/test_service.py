"""The issuer as a service: its certificate, its TLS, its clock, its health."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from lakeproof import CRITICAL, HIGH, MEDIUM, MUST, SHOULD, Expect, Probe, TokenIssuer, check

MAX_SKEW_S = 60


@check(
    req="wlcg-jwt/https",
    level=MUST,
    severity=CRITICAL,
    needs={"issuer", "tls"},
    catches={"issuer-tls-wrong-host"},
    rows={"ISS-01"},
)
def test_certificate_is_trusted_and_names_it(issuer_probe: Probe, expect: Expect) -> None:
    """The issuer's certificate must be from a trusted authority and name its host.

    Storages fetch the keys over this connection: where it cannot be verified they accept no
    token, or keys from anybody in between.
    """

    def trusted(at: Probe) -> None:
        expect.that(
            at.tls.chain_ok and at.tls.host_ok,
            f"a certificate for {at.host} from a trusted authority",
            at.tls.error,
        )

    expect.every(issuer_probe.each, trusted)


@check(
    req="rfc8996/tls-1.0",
    level=MUST,
    severity=HIGH,
    needs={"issuer", "tls"},
    catches={"issuer-tls-1.0"},
)
def test_old_tls_is_refused(issuer_probe: Probe, expect: Expect) -> None:
    """The issuer must not offer TLS 1.0.

    Client secrets and tokens of the whole community go over this connection.
    """

    def refuses(at: Probe) -> None:
        expect.given(bool(at.tls.version), "no TLS handshake comes about")
        expect.that(not at.offers("TLSv1"), "TLS 1.2 or newer only", "TLS 1.0 was accepted")

    expect.every(issuer_probe.each, refuses)


@check(
    req="wlcg-jwt/clock-skew",
    level=SHOULD,
    severity=HIGH,
    needs={"issuer"},
    catches={"issuer-clock-ahead"},
)
def test_clock_agrees(issuer: TokenIssuer, expect: Expect) -> None:
    """The issuer's clock should be within 60 seconds of ours.

    Its tokens begin and end by that clock; storages then refuse them as not yet valid or as
    expired, and no message mentions time.
    """
    reply = issuer.get(f"{issuer.url.rstrip('/')}/.well-known/openid-configuration")
    expect.control(reply)
    expect.given("Date" in reply.headers, "the answer has no Date")
    theirs = parsedate_to_datetime(reply.headers["Date"])
    apart_s = abs((theirs - datetime.now(UTC)).total_seconds())
    expect.that(
        apart_s <= MAX_SKEW_S,
        f"at most {MAX_SKEW_S} s between the issuer's clock and ours",
        f"{apart_s:.0f} s apart (the issuer says {theirs:%Y-%m-%d %H:%M:%S} UTC)",
    )


@check(
    req="lakeproof/issuer-health",
    level=SHOULD,
    severity=MEDIUM,
    needs={"issuer", "issuer-health"},
    catches={"issuer-health-down"},
    rows={"ISS-04"},
)
def test_health_page_says_up(issuer: TokenIssuer, expect: Expect) -> None:
    """The issuer's health page should say that it is up.

    Load balancers and monitoring go by it; one that says DOWN takes the issuer out of service.
    """
    page = issuer.health
    expect.given(page is not None, "there is no health page")
    if page is not None:
        expect.status(page, 200)
        expect.that('"UP"' in page.text, "status UP", page.text[:80])
