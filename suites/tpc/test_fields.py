"""What single lines of a transfer's report say, and how often they come."""

import re
from datetime import UTC, datetime

from lakeproof import LOW, MEDIUM, MUST, SHOULD, Expect, PayloadOf, Pull, StorageElement, check

MIB = 1024 * 1024
HOUR_S = 3600
FEW = 3
NUMBERS = ("timestamp", "stripe index", "stripe bytes transferred", "total stripe count")
CONNECTION = re.compile(r"\w+:(\[[0-9A-Fa-f:.]+\]|[0-9.]+):[0-9]+")


@check(
    req="http-tpc/marker-grammar",
    level=SHOULD,
    severity=MEDIUM,
    needs={"tpc-pull", "partner"},
    catches={"tpc-marker-not-number"},
    rows={"TPE-11", "B3.18"},
)
def test_reported_numbers_are_numbers(
    se: StorageElement,
    partner: StorageElement,
    pull: Pull,
    payload: PayloadOf,
    expect: Expect,
) -> None:
    """Times, bytes and counts in a transfer's report should be whole numbers.

    Clients that read anything else as zero take the transfer for stalled and cancel it.
    """
    source, target = partner.workdir / "source", se.workdir / "copy"
    expect.control(partner.put(source, payload(8 * MIB)))

    transfer = pull(source, target)

    expect.control_transfer(transfer)
    odd = [
        f"{name}: {marker.fields[name]}"
        for marker in transfer.markers
        for name in NUMBERS
        if name in marker.fields and not marker.fields[name].isdecimal()
    ]
    expect.that(not odd, "whole numbers", "; ".join(odd[:FEW]))


@check(
    req="http-tpc/marker-timestamp",
    level=SHOULD,
    severity=LOW,
    needs={"tpc-pull", "partner"},
    catches={"tpc-marker-timestamp"},
    rows={"TPE-15"},
)
def test_reported_times_are_now(
    se: StorageElement,
    partner: StorageElement,
    pull: Pull,
    payload: PayloadOf,
    expect: Expect,
) -> None:
    """The Timestamp in a transfer's report should be the current time in seconds.

    Dashboards compute throughput from it; in milliseconds, or by a wrong clock, it is nonsense.
    """
    source, target = partner.workdir / "source", se.workdir / "copy"
    expect.control(partner.put(source, payload(8 * MIB)))

    transfer = pull(source, target)

    expect.control_transfer(transfer)
    now = datetime.now(UTC).timestamp()
    times = [marker.timestamp for marker in transfer.markers if marker.timestamp is not None]
    off = [time for time in times if abs(time - now) > HOUR_S]
    expect.that(not off, f"about {now:.0f}", f"Timestamp: {off[:FEW]}")


@check(
    req="http-tpc/marker-connections",
    level=SHOULD,
    severity=LOW,
    needs={"tpc-pull", "partner"},
    catches={"tpc-marker-connections"},
    rows={"TPE-15", "B3.18"},
)
def test_reported_connections_are_addresses(
    se: StorageElement,
    partner: StorageElement,
    pull: Pull,
    payload: PayloadOf,
    expect: Expect,
) -> None:
    """RemoteConnections in a transfer's report should be a list of tcp:address:port.

    Network monitoring tells IPv6 traffic from IPv4 by it; an IPv6 address needs its brackets.
    """
    source, target = partner.workdir / "source", se.workdir / "copy"
    expect.control(partner.put(source, payload(8 * MIB)))

    transfer = pull(source, target)

    expect.control_transfer(transfer)
    odd = sorted(
        connection
        for connection in {c for marker in transfer.markers for c in marker.connections}
        if not CONNECTION.fullmatch(connection)
    )
    expect.that(not odd, "tcp:address:port", f"RemoteConnections: {', '.join(odd[:FEW])}")


@check(
    req="http-tpc/report-coding",
    level=MUST,
    severity=LOW,
    needs={"tpc-pull", "partner"},
    catches={"tpc-report-latin-1"},
    rows={"B3.18"},
)
def test_report_is_utf_8(
    se: StorageElement, partner: StorageElement, pull: Pull, expect: Expect
) -> None:
    """A transfer's report must be written in UTF-8, whatever name failed.

    Clients stop with an error of their own at the first byte that is none, and the reason of
    the failure is lost.
    """
    expect.control_transfer(pull.trial())

    transfer = pull(partner.workdir / "größe-文件", se.workdir / "größe-文件")

    lines = [transfer.message, *transfer.junk]
    lines += [value for marker in transfer.markers for value in marker.fields.values()]
    broken = [line for line in lines if "\N{REPLACEMENT CHARACTER}" in line]
    expect.that(not broken, "a report in UTF-8", "; ".join(broken[:FEW]))


@check(
    req="http-tpc/marker-interval",
    level=SHOULD,
    severity=MEDIUM,
    needs={"tpc-pull", "partner"},
    catches={"tpc-no-markers"},
    rows={"TPE-12", "B3.18"},
)
def test_running_transfer_gives_signs_of_life(
    se: StorageElement,
    partner: StorageElement,
    pull: Pull,
    payload: PayloadOf,
    expect: Expect,
) -> None:
    """A transfer that goes on should send a report at least every thirty seconds.

    FTS gives up a transfer from which it hears nothing, and starts the whole file again.
    """
    source, target = partner.workdir / "source", se.workdir / "copy"
    expect.control(partner.put(source, payload(64 * MIB)))

    transfer = pull(source, target)

    expect.that(
        transfer.longest_silence_s <= se.longest_silence_s,
        f"a report every {se.longest_silence_s:g} s",
        f"nothing for {transfer.longest_silence_s:.1f} s",
    )
    expect.control_transfer(transfer)


@check(
    req="http-tpc/marker-bytes",
    level=SHOULD,
    severity=MEDIUM,
    needs={"tpc-pull", "partner"},
    catches={"tpc-marker-scheduled"},
    rows={"TPE-13"},
)
def test_reported_bytes_were_transferred(
    se: StorageElement,
    partner: StorageElement,
    pull: Pull,
    payload: PayloadOf,
    expect: Expect,
) -> None:
    """The bytes reported at first should be those that arrived by then, not all of the file.

    A transfer that says at once that everything is there looks finished and stalled, and is
    cancelled.
    """
    source, target = partner.workdir / "source", se.workdir / "copy"
    data = payload(64 * MIB)
    expect.control(partner.put(source, data))

    transfer = pull(source, target)

    expect.control_transfer(transfer)
    counts = [m.stripe_bytes for m in transfer.markers if m.stripe_bytes is not None]
    expect.given(len(counts) >= FEW, f"only {len(counts)} reports came: the copy was too fast")
    expect.that(counts[0] < data.size, f"less than {data.size} bytes at first", f"{counts[0]}")
