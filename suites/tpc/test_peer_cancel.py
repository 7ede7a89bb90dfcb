"""HTTP third-party copy: the client goes away in the middle of a transfer."""

from lakeproof import HIGH, SHOULD, Expect, Observed, Observer, PayloadOf, StorageElement, check

MIB = 1024 * 1024


def _cancelled_pull(
    se: StorageElement, observer: Observer, payload: PayloadOf, expect: Expect
) -> Observed:
    """The source of a pull into `workdir/f` that we left after its first marker."""
    source = observer.file(payload(MIB), "endless")
    transfer = se.copy(
        se.workdir / "f",
        direction="pull",
        remote=source.url,
        remote_auth=source.credential,
        cancel_after_markers=1,
    )
    expect.given(transfer.end == "cancelled", f"it could not be cancelled: {transfer.describe()}")
    return source


@check(
    req="http-tpc/cancel",
    level=SHOULD,
    severity=HIGH,
    needs={"tpc-pull", "observer"},
    catches={"tpc-cancel-ignored"},
    rows={"TPE-16", "B3.20"},
)
def test_cancelled_pull_stops_reading(
    se: StorageElement, observer: Observer, payload: PayloadOf, expect: Expect
) -> None:
    """A pull should stop reading from the source soon after its client has gone.

    A transfer service that gives up tries again; transfers that live on then fill the network
    and write into the same file as the next attempt.
    """
    source = _cancelled_pull(se, observer, payload, expect)

    stopped = source.broken_off()

    expect.that(stopped, "the connection to the source is closed", "the source is still read")


@check(
    req="http-tpc/clean-up",
    level=SHOULD,
    severity=HIGH,
    needs={"tpc-pull", "observer"},
    catches={"tpc-cancel-keeps-partial"},
    rows={"TPE-16", "B3.20"},
)
def test_cancelled_pull_leaves_nothing(
    se: StorageElement, observer: Observer, payload: PayloadOf, expect: Expect
) -> None:
    """A pull whose client has gone should leave no file.

    What is left looks like a replica to everything that does not compare sizes, and stands in
    the way of the next attempt.
    """
    source = _cancelled_pull(se, observer, payload, expect)
    expect.given(source.broken_off(), "the source is still read")

    expect.absent(se, se.workdir / "f")


@check(
    req="http-tpc/cancel",
    level=SHOULD,
    severity=HIGH,
    needs={"tpc-push", "observer"},
    catches={"tpc-cancel-ignored"},
    rows={"TPE-16", "B3.20"},
)
def test_cancelled_push_stops_sending(
    se: StorageElement, observer: Observer, payload: PayloadOf, expect: Expect
) -> None:
    """A push should stop sending to the destination soon after its client has gone.

    Otherwise the file appears at the destination after the transfer service has told its user
    that it will not.
    """
    path, target = se.workdir / "f", observer.target("slow-reader")
    expect.control(se.put(path, payload(16 * MIB)))

    transfer = se.copy(
        path,
        direction="push",
        remote=target.url,
        remote_auth=target.credential,
        cancel_after_markers=1,
    )

    expect.given(transfer.end == "cancelled", f"it could not be cancelled: {transfer.describe()}")
    stopped = target.broken_off()
    arrived = max((each.received for each in target.seen()), default=0)
    expect.that(stopped, "the upload is broken off", f"all {arrived} bytes arrived")
