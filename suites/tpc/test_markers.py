"""What the active party of a third-party copy says while it copies."""

from pathlib import PurePosixPath

from lakeproof import (
    HIGH,
    LOW,
    MEDIUM,
    MUST,
    SHOULD,
    Expect,
    PayloadOf,
    StorageElement,
    Transfer,
    check,
)

MIB = 1024 * 1024


def _pull(
    se: StorageElement, target: PurePosixPath, partner: StorageElement, source: PurePosixPath
) -> Transfer:
    """`se` fetches `source` of the partner as `target`."""
    return se.copy(
        target,
        direction="pull",
        remote=partner.url_of(source),
        remote_auth=partner.credential("GET", source),
    )


@check(
    req="http-tpc/final-line",
    level=MUST,
    severity=HIGH,
    needs={"tpc-pull", "partner"},
    catches={"tpc-no-terminal-line", "tpc-two-terminal-lines", "tpc-status-200"},
    rows={"TPE-14", "B3.18"},
)
def test_exactly_one_final_line(
    se: StorageElement, partner: StorageElement, payload: PayloadOf, expect: Expect
) -> None:
    """A transfer's report must end with exactly one line of success or failure.

    Without it FTS does not know what happened, deletes the copy and starts again; with two
    it believes the one that suits it.
    """
    source, target = partner.workdir / "source", se.workdir / "copy"
    expect.control(partner.put(source, payload(MIB)))

    transfer = _pull(se, target, partner, source)

    expect.control(transfer.reply)
    expect.equal(transfer.terminal_lines, 1, "final lines")


@check(
    req="http-tpc/marker-grammar",
    level=MUST,
    severity=MEDIUM,
    needs={"tpc-pull", "partner"},
    catches={"tpc-marker-garbage", "tpc-marker-no-end"},
    rows={"TPE-11", "B3.18"},
)
def test_reports_follow_the_grammar(
    se: StorageElement, partner: StorageElement, payload: PayloadOf, expect: Expect
) -> None:
    """Progress reports must consist of "Perf Marker", lines of key and value, and "End".

    Clients that meet anything else lose track of the transfer, report no throughput or give
    it up as stalled.
    """
    source, target = partner.workdir / "source", se.workdir / "copy"
    expect.control(partner.put(source, payload(8 * MIB)))

    transfer = _pull(se, target, partner, source)

    expect.control(transfer.reply)
    shown = "; ".join(repr(line) for line in transfer.junk[:3])
    expect.that(not transfer.junk, "only reports and a final line", f"also: {shown}")


@check(
    req="http-tpc/marker-bytes",
    level=SHOULD,
    severity=LOW,
    needs={"tpc-pull", "partner"},
    catches={"tpc-marker-beyond-size", "tpc-marker-decreasing"},
    rows={"TPE-13", "B3.18"},
)
def test_reported_bytes_are_plausible(
    se: StorageElement, partner: StorageElement, payload: PayloadOf, expect: Expect
) -> None:
    """The bytes reported as transferred should only grow and never exceed the file.

    Dashboards add these numbers up to throughput; stalled transfers are found by them.
    """
    source, target = partner.workdir / "source", se.workdir / "copy"
    data = payload(64 * MIB)
    expect.control(partner.put(source, data))

    transfer = _pull(se, target, partner, source)

    expect.control_transfer(transfer)
    seen = [m.stripe_bytes for m in transfer.markers if m.stripe_bytes is not None]
    expect.that(
        seen == sorted(seen) and all(count <= data.size for count in seen),
        f"numbers that grow up to {data.size}",
        f"{seen}",
    )


@check(
    req="http-tpc/content-type",
    level=SHOULD,
    severity=LOW,
    needs={"tpc-pull", "partner"},
    catches={"tpc-content-type-html"},
    rows={"TPC-07", "B3.18"},
)
def test_content_type_is_perf_marker_stream(
    se: StorageElement, partner: StorageElement, expect: Expect
) -> None:
    """A transfer's report should be of type text/perf-marker-stream.

    Proxies and clients tell a running transfer from an error page by it.
    """
    source, target = partner.workdir / "source", se.workdir / "copy"
    expect.control(partner.put(source, b"any"))

    transfer = _pull(se, target, partner, source)

    expect.control_transfer(transfer)
    media_type = transfer.content_type.partition(";")[0].strip().lower()
    expect.equal(media_type, "text/perf-marker-stream", "Content-Type")


@check(
    req="http-tpc/accepted",
    level=SHOULD,
    severity=LOW,
    needs={"tpc-pull", "partner"},
    catches={"tpc-accepted-200"},
    rows={"TPC-07"},
)
def test_accepted_copy_is_answered_202(
    se: StorageElement, partner: StorageElement, expect: Expect
) -> None:
    """A COPY that was accepted and not finished yet should be answered 202.

    Programs that know only the standard take 201 for "the copy is complete" and stop
    reading before the line that tells whether it is.
    """
    source, target = partner.workdir / "source", se.workdir / "copy"
    expect.control(partner.put(source, b"any"))

    transfer = _pull(se, target, partner, source)

    expect.control_transfer(transfer)
    expect.status(transfer.reply, 202)
