"""The endpoint's name and its addresses."""

from lakeproof import HIGH, MEDIUM, MUST, SHOULD, Expect, Probe, check


@check(
    req="rfc9110/https-origin",
    level=MUST,
    severity=HIGH,
    needs=(),
    catches={"name-does-not-resolve"},
    rows={"NET-01"},
)
def test_name_resolves(probe: Probe, expect: Expect) -> None:
    """The endpoint's host name must resolve to at least one address.

    Without an address nobody reaches the storage: every transfer, every job and every
    deletion at this endpoint fails.
    """
    expect.that(
        bool(probe.addresses),
        f"{probe.host} has an A or AAAA record",
        probe.dns_error or "the name has no address",
    )


@check(
    req="rfc9110/https-origin",
    level=MUST,
    severity=HIGH,
    needs=(),
    catches={"door-closed"},
    rows={"NET-02"},
)
def test_some_address_accepts(probe: Probe, expect: Expect) -> None:
    """At least one address of the endpoint must accept TCP connections.

    A name whose port is closed or filtered is an endpoint that is down: transfers to and
    from it time out and block the queues of the whole lake.
    """
    expect.given(bool(probe.addresses), "the name does not resolve")
    reasons = "; ".join(probe.unreachable.values())
    expect.that(
        len(probe.unreachable) < len(probe.addresses),
        "one of the addresses accepts a connection",
        f"none does: {reasons}",
    )


@check(
    req="lakeproof/every-address",
    level=SHOULD,
    severity=MEDIUM,
    needs=(),
    catches={"one-address-closed"},
    rows={"NET-02", "B10.47"},
)
def test_every_address_accepts(probe: Probe, expect: Expect) -> None:
    """Every address behind the endpoint's name should accept TCP connections.

    One dead door of four makes a quarter of the transfers fail or start late, at random,
    and only for those clients that prefer that address or address family.
    """
    expect.given(
        len(probe.unreachable) < len(probe.addresses), "no address accepts a connection at all"
    )
    dead = {ip: why for ip, why in probe.unreachable.items() if ip not in probe.without_route}
    shown = "; ".join(f"{address}: {reason}" for address, reason in dead.items())
    expect.that(not dead, "every address accepts a connection", shown)
    unseen = ", ".join(probe.without_route)
    expect.given(not unseen, f"this machine has no route to {unseen}: nothing is known of it")
