"""HTTP third-party copy, pull: sources that break, lie, hang or are slow."""

from pathlib import PurePosixPath
from typing import Any

from lakeproof import (
    ANONYMOUS,
    CRITICAL,
    HIGH,
    MEDIUM,
    MUST,
    SHOULD,
    Expect,
    Observed,
    Observer,
    PayloadOf,
    StorageElement,
    Transfer,
    check,
)

MIB = 1024 * 1024
OTHER_DIGEST = "adler32=:AAAAAQ==:"


def _pull(
    se: StorageElement,
    path: PurePosixPath,
    source: Observed,
    **how: Any,  # noqa: ANN401  handed through to copy, which is typed
) -> Transfer:
    return se.copy(path, direction="pull", remote=source.url, remote_auth=source.credential, **how)


def _control_pull(se: StorageElement, observer: Observer) -> None:
    """The endpoint can pull from our server at all; otherwise a failure says nothing."""
    observer.control(_pull(se, se.workdir / "control", observer.file(b"control")))


def _asked(source: Observed, expect: Expect) -> None:
    expect.given(source.visited(), "our server was not asked for the file")


@check(
    req="http-tpc/success",
    level=MUST,
    severity=CRITICAL,
    needs={"tpc-pull", "observer"},
    catches={"tpc-success-before-close", "tpc-pull-lies", "tpc-truncates"},
    rows={"B3.22"},
)
def test_success_means_stored(
    se: StorageElement, observer: Observer, payload: PayloadOf, expect: Expect
) -> None:
    """When a pull reports success all of the source's bytes must be there at once.

    The next step reads the checksum, then deletes the source; a file that is complete only
    seconds later fails the first, or is lost by the second.
    """
    source, path = observer.file(payload(MIB + 7)), se.workdir / "f"

    transfer = _pull(se, path, source)

    observer.control(transfer)
    expect.truth(se, path, source.payload)


@check(
    req="http-tpc/failure",
    level=MUST,
    severity=CRITICAL,
    needs={"tpc-pull", "observer"},
    catches={"tpc-truncated-source-accepted"},
    rows={"TPE-18", "B3.19", "B3.22"},
)
def test_short_source_fails(
    se: StorageElement, observer: Observer, payload: PayloadOf, expect: Expect
) -> None:
    """A pull from a source that closes before all announced bytes came must be reported failed.

    Half a file that counts as a replica is found when the other half is needed and gone.
    """
    source, path = observer.file(payload(MIB), "short"), se.workdir / "f"
    _control_pull(se, observer)

    transfer = _pull(se, path, source)

    _asked(source, expect)
    expect.not_transferred(transfer)


@check(
    req="http-tpc/clean-up",
    level=SHOULD,
    severity=HIGH,
    needs={"tpc-pull", "observer"},
    catches={"tpc-failure-keeps-partial"},
    rows={"TPE-18", "B3.19", "B3.22"},
)
def test_short_source_leaves_nothing(
    se: StorageElement, observer: Observer, payload: PayloadOf, expect: Expect
) -> None:
    """A pull from a source that closes too early should leave no file.

    What is left looks like a replica to everything that does not compare sizes, and stands in
    the way of the next attempt.
    """
    source, path = observer.file(payload(MIB), "short"), se.workdir / "f"
    _control_pull(se, observer)

    _pull(se, path, source)

    _asked(source, expect)
    expect.absent(se, path)


@check(
    req="http-tpc/failure",
    level=MUST,
    severity=CRITICAL,
    needs={"tpc-pull", "observer"},
    catches={"tpc-truncated-source-accepted"},
    rows={"B3.19", "B3.22"},
)
def test_resetting_source_fails(
    se: StorageElement, observer: Observer, payload: PayloadOf, expect: Expect
) -> None:
    """A pull whose connection to the source is reset must be reported failed.

    Servers that crash or are restarted end connections like that, many at a time.
    """
    source, path = observer.file(payload(MIB), "reset"), se.workdir / "f"
    _control_pull(se, observer)

    transfer = _pull(se, path, source)

    _asked(source, expect)
    expect.not_transferred(transfer)


@check(
    req="http-tpc/failure",
    level=MUST,
    severity=CRITICAL,
    needs={"tpc-pull", "observer"},
    catches={"tpc-failure-is-success", "tpc-stores-error-page"},
    rows={"B3.19", "B3.22"},
)
def test_unavailable_source_fails(
    se: StorageElement, observer: Observer, payload: PayloadOf, expect: Expect
) -> None:
    """A pull from a source that answers 503 must be reported failed.

    An overloaded source answers like that; a success would make a replica of its apology.
    """
    source, path = observer.file(payload(1000), "unavailable"), se.workdir / "f"
    _control_pull(se, observer)

    transfer = _pull(se, path, source)

    _asked(source, expect)
    expect.not_transferred(transfer)


@check(
    req="http-tpc/bounded",
    level=SHOULD,
    severity=MEDIUM,
    needs={"tpc-pull", "observer", "intrusive"},
    catches={"tpc-stalled-source-hangs"},
    rows={"B3.22"},
)
def test_stalled_source_comes_to_an_end(
    se: StorageElement, observer: Observer, payload: PayloadOf, expect: Expect
) -> None:
    """A pull from a source that sends nothing more should be given up within the time allowed.

    A transfer that never ends holds its slot for ever; a few of them stop all transfers.
    """
    source, path = observer.file(payload(MIB), "stalled"), se.workdir / "f"
    _control_pull(se, observer)

    transfer = _pull(se, path, source)

    _asked(source, expect)
    expect.that(transfer.ended, "a last line, success or failure", transfer.describe())


@check(
    req="http-tpc/pull",
    level=MUST,
    severity=HIGH,
    needs={"tpc-pull", "observer"},
    catches={"tpc-slow-source-refused"},
    rows={"B3.22"},
)
def test_slow_source_is_copied_whole(
    se: StorageElement, observer: Observer, payload: PayloadOf, expect: Expect
) -> None:
    """A pull from a source that pauses between its pieces must bring all of the file.

    Disks are busy and networks are shared; a storage that gives up after a second of quiet
    never gets a large file.
    """
    source, path = observer.file(payload(MIB), "slow"), se.workdir / "f"
    _control_pull(se, observer)

    transfer = _pull(se, path, source)

    expect.transferred(transfer)
    expect.content(se, path, source.payload)


@check(
    req="http-tpc/verification",
    level=SHOULD,
    severity=CRITICAL,
    needs={"tpc-pull", "observer"},
    catches={"tpc-wrong-digest-accepted"},
    rows={"TPE-18", "B3.22"},
)
def test_corrupt_source_fails(
    se: StorageElement, observer: Observer, payload: PayloadOf, expect: Expect
) -> None:
    """A pull should fail when what arrives does not have the checksum that the source states.

    The source said what the file is; comparing costs nothing and is the only chance to notice
    a byte that changed on the way.
    """
    source, path = observer.file(payload(100_000), "corrupt"), se.workdir / "f"
    _control_pull(se, observer)

    transfer = _pull(se, path, source, headers={"RequireChecksumVerification": "true"})

    _asked(source, expect)
    expect.not_transferred(transfer)
    expect.absent(se, path)


@check(
    req="http-tpc/verification",
    level=SHOULD,
    severity=HIGH,
    needs={"tpc-pull", "observer"},
    catches={"tpc-verification-ignored"},
    rows={"TPE-23"},
)
def test_required_verification_needs_a_checksum(
    se: StorageElement, observer: Observer, expect: Expect
) -> None:
    """With RequireChecksumVerification: true a pull should fail if the source states no checksum.

    The client asked for a verified copy; a success without one is a promise nobody checked.
    """
    source, path = observer.file(b"no checksum", "undigested"), se.workdir / "f"
    _control_pull(se, observer)

    transfer = _pull(se, path, source, headers={"RequireChecksumVerification": "true"})

    _asked(source, expect)
    expect.not_transferred(transfer)


@check(
    req="http-tpc/verification",
    level=SHOULD,
    severity=HIGH,
    needs={"tpc-pull", "observer"},
    catches={"tpc-verification-false-ignored"},
    rows={"TPE-23"},
)
def test_waived_verification_lets_the_copy_pass(
    se: StorageElement, observer: Observer, expect: Expect
) -> None:
    """With RequireChecksumVerification: false a source without checksums should be copied from.

    The transfer service sends it where it compares itself; a storage that insists can never
    fetch from storages which have no checksum in their answers.
    """
    source, path = observer.file(b"no checksum", "undigested"), se.workdir / "f"
    _control_pull(se, observer)

    transfer = _pull(se, path, source, headers={"RequireChecksumVerification": "false"})

    expect.transferred(transfer)
    expect.content(se, path, source.payload)


@check(
    req="http-tpc/authorisation",
    level=MUST,
    severity=CRITICAL,
    needs={"tpc-pull", "observer"},
    catches={"tpc-denied-yet-done", "tpc-unauthorised-accepted"},
    rows={"B3.21"},
)
def test_refused_pull_asks_nothing(se: StorageElement, observer: Observer, expect: Expect) -> None:
    """A pull without credentials must not make the storage fetch anything.

    Otherwise anybody can have it send requests from inside the site, whatever it answers.
    """
    source, path = observer.file(b"any"), se.workdir / "f"
    _control_pull(se, observer)

    _pull(se, path, source, auth=ANONYMOUS)

    gets = source.visited() and [each.method for each in source.seen() if each.method == "GET"]
    expect.equal(gets or [], [], "requests that our server got")
    expect.absent(se, path)
