"""The endpoint's certificate and the TLS versions it speaks."""

import ipaddress
from datetime import UTC, datetime, timedelta

from lakeproof import CRITICAL, HIGH, MEDIUM, MUST, SHOULD, Expect, Probe, check

TWO_WEEKS = timedelta(days=14)


def _names(san: str, host: str) -> bool:
    """Whether this alternative name stands for the host (RFC 9525: `*` is one whole label)."""
    if san.startswith("*."):
        return san[2:].lower() == host.partition(".")[2].lower()
    try:
        return ipaddress.ip_address(san) == ipaddress.ip_address(host)
    except ValueError:
        return san.lower() == host.lower()


def _validity(probe: Probe, expect: Expect) -> tuple[datetime, datetime]:
    """From when until when the certificate is valid; blocked when none was shown."""
    started, ends = probe.tls.not_before, probe.tls.not_after
    expect.given(ends is not None, f"no certificate was shown: {probe.tls.error}")
    return started or datetime.min.replace(tzinfo=UTC), ends or datetime.max.replace(tzinfo=UTC)


@check(
    req="rfc9110/https-origin",
    level=MUST,
    severity=HIGH,
    needs={"tls"},
    catches={"tls-handshake-stalls"},
    rows={"NET-03"},
)
def test_handshake_completes(probe: Probe, expect: Expect) -> None:
    """The endpoint must complete a TLS handshake.

    A door that takes the connection and then says nothing holds every client until its
    time-out; transfers pile up behind it.
    """

    def completes(at: Probe) -> None:
        expected = "a TLS handshake, whoever the certificate is from"
        expect.that(at.handshake_error is None, expected, at.handshake_error or "")

    expect.every(probe.each, completes)


@check(
    req="rfc5280/path-validation",
    level=MUST,
    severity=CRITICAL,
    needs={"tls"},
    catches={"tls-self-signed"},
    rows={"NET-03", "B10.48"},
)
def test_chain_is_trusted(probe: Probe, expect: Expect) -> None:
    """The certificate chain must lead to a trusted certificate authority.

    Clients and other storages refuse to talk to this endpoint; whoever switches the
    verification off to get around it hands his tokens to anyone in between.
    """

    def trusted(at: Probe) -> None:
        started, ends = _validity(at, expect)
        named = any(_names(san, at.host) for san in at.tls.san)
        expect.given(named, "the certificate is for another host, which is its own check")
        in_force = started <= datetime.now(UTC) < ends
        expect.given(in_force, "the certificate is not in force, which is its own check")
        expect.that(
            at.tls.chain_ok,
            "a chain up to one of the trusted certificate authorities",
            at.tls.error or "the chain is not trusted",
        )

    expect.every(probe.each, trusted)


@check(
    req="rfc9110/certificate-identity",
    level=MUST,
    severity=CRITICAL,
    needs={"tls"},
    catches={"tls-wrong-host", "one-address-wrong-certificate"},
    rows={"NET-03", "B10.48"},
)
def test_host_name_is_in_certificate(probe: Probe, expect: Expect) -> None:
    """The certificate must name the host that the endpoint's URL names.

    Every client that verifies names, and every other storage in a third-party copy, breaks
    the connection off; often only one alias of several is missing.
    """

    def named(at: Probe) -> None:
        expect.that(
            any(_names(san, at.host) for san in at.tls.san),
            f"{at.host} among the certificate's subject alternative names",
            f"the certificate is for {', '.join(at.tls.san) or 'no name at all'}",
        )

    expect.every(probe.each, named)


@check(
    req="rfc5280/validity",
    level=MUST,
    severity=CRITICAL,
    needs={"tls"},
    catches={"tls-expired", "tls-not-yet-valid"},
    rows={"NET-04", "B10.48"},
)
def test_certificate_is_in_force(probe: Probe, expect: Expect) -> None:
    """The certificate must be within its validity period.

    From the hour it expires nobody can read from or write to the endpoint, and third-party
    copies fail at the other end with messages that do not name the certificate.
    """

    def in_force(at: Probe) -> None:
        started, ends = _validity(at, expect)
        expect.that(
            started <= datetime.now(UTC) < ends,
            "a certificate that is valid today",
            f"valid from {started:%Y-%m-%d} to {ends:%Y-%m-%d %H:%M} UTC",
        )

    expect.every(probe.each, in_force)


@check(
    req="lakeproof/certificate-renewal",
    level=SHOULD,
    severity=MEDIUM,
    needs={"tls"},
    catches={"tls-expires-soon"},
    rows={"NET-04"},
)
def test_certificate_renewal_is_not_due(probe: Probe, expect: Expect) -> None:
    """The certificate should stay valid for two more weeks, or a quarter of a short lifetime.

    A manual renewal at a certificate authority takes up to ten working days. An automatic
    one is overdue when less than a quarter of the lifetime is left: it has failed already.
    """

    def lasts(at: Probe) -> None:
        started, ends = _validity(at, expect)
        left = ends - datetime.now(UTC)
        expect.given(left > timedelta(0), "the certificate has expired, which is its own check")
        wanted = min(TWO_WEEKS, (ends - started) / 4)
        expect.that(
            left >= wanted,
            f"at least {wanted.days} days of validity left",
            f"{left.days} days left (until {ends:%Y-%m-%d})",
        )

    expect.every(probe.each, lasts)


@check(
    req="rfc9325/tls-1.2",
    level=MUST,
    severity=HIGH,
    needs={"tls"},
    catches={"tls-1.1-only"},
    rows={"NET-05", "B10.48"},
)
def test_tls_1_2_or_newer_is_offered(probe: Probe, expect: Expect) -> None:
    """The endpoint must speak TLS 1.2 or TLS 1.3.

    Clients of every current operating system offer nothing older, so to them the endpoint
    is down.
    """

    def modern(at: Probe) -> None:
        offered = at.offers("TLSv1.3") or at.offers("TLSv1.2")
        expect.that(offered, "a handshake with TLS 1.2 or TLS 1.3", "neither is accepted")

    expect.every(probe.each, modern)


@check(
    req="rfc8996/tls-1.0",
    level=MUST,
    severity=MEDIUM,
    needs={"tls"},
    catches={"tls-1.0"},
    rows={"NET-06", "B10.48"},
)
def test_tls_1_0_is_refused(probe: Probe, expect: Expect) -> None:
    """The endpoint must not accept TLS 1.0.

    Tokens and data travel under ciphers that are broken; security scans then block the
    endpoint at the site's border.
    """

    def refuses(at: Probe) -> None:
        expected = "a TLS 1.0 handshake is refused"
        expect.that(not at.offers("TLSv1"), expected, "TLS 1.0 was accepted")

    expect.every(probe.each, refuses)


@check(
    req="rfc8996/tls-1.1",
    level=MUST,
    severity=MEDIUM,
    needs={"tls"},
    catches={"tls-1.1"},
    rows={"NET-06", "B10.48"},
)
def test_tls_1_1_is_refused(probe: Probe, expect: Expect) -> None:
    """The endpoint must not accept TLS 1.1.

    Tokens and data travel under ciphers that are broken; security scans then block the
    endpoint at the site's border.
    """

    def refuses(at: Probe) -> None:
        expected = "a TLS 1.1 handshake is refused"
        expect.that(not at.offers("TLSv1.1"), expected, "TLS 1.1 was accepted")

    expect.every(probe.each, refuses)


@check(
    req="rfc9325/no-weak-ciphers",
    level=MUST,
    severity=HIGH,
    needs={"tls"},
    catches={"tls-null-cipher"},
    rows={"NET-07", "B10.48"},
)
def test_weak_ciphers_are_refused(probe: Probe, expect: Expect) -> None:
    """The endpoint must not agree to a cipher suite without encryption or authentication.

    Whoever sits between a client and the storage reads the token, or pretends to be the
    storage, as soon as one of the two can be talked into it.
    """

    def refuses(at: Probe) -> None:
        weak = at.weak_cipher
        expected = (
            "a client that offers only NULL, anonymous, RC4, DES and export suites is refused"
        )
        expect.that(not weak, expected, f"{weak} was agreed to")

    expect.every(probe.each, refuses)


@check(
    req="wlcg-jwt/bearer-suffices",
    level=SHOULD,
    severity=HIGH,
    needs={"tls", "tokens"},
    catches={"tls-client-certificate-required"},
    rows={"NET-08"},
)
def test_client_certificate_is_optional(probe: Probe, expect: Expect) -> None:
    """A door for tokens should let clients in that have no certificate.

    Jobs and transfer services come with a token alone; they are turned away before they can
    show it, with a message about TLS.
    """

    def optional(at: Probe) -> None:
        expect.given(at.handshake_error is None, "no TLS handshake, which is its own check")
        said = at.certificate_demand
        expected = "a client without a certificate may send a request"
        expect.that(said is None, expected, said or "")

    expect.every(probe.each, optional)
