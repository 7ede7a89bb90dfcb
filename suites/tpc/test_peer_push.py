"""HTTP third-party copy, push: destinations that refuse late, break or lie."""

from pathlib import PurePosixPath
from typing import Any

from lakeproof import (
    CRITICAL,
    MAY,
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


def _push(
    se: StorageElement,
    path: PurePosixPath,
    target: Observed,
    **how: Any,  # noqa: ANN401  handed through to copy, which is typed
) -> Transfer:
    return se.copy(path, direction="push", remote=target.url, remote_auth=target.credential, **how)


def _control_push(se: StorageElement, observer: Observer, expect: Expect) -> None:
    """The endpoint can push to our server at all; otherwise a failure says nothing."""
    path = se.workdir / "control"
    expect.control(se.put(path, b"control"))
    observer.control(_push(se, path, observer.target()))


@check(
    req="http-tpc/push",
    level=MUST,
    severity=CRITICAL,
    needs={"tpc-push", "observer"},
    catches={"tpc-push-lies", "tpc-truncates", "tpc-corrupts"},
    rows={"B3.22"},
)
def test_push_sends_the_whole_file(
    se: StorageElement, observer: Observer, payload: PayloadOf, expect: Expect
) -> None:
    """A push that reports success must have sent every byte of the file.

    Counted where it arrives, nobody's checksum or size can be mistaken.
    """
    path, target, data = se.workdir / "f", observer.target(guarded=True), payload(MIB + 7)
    expect.control(se.put(path, data))

    transfer = _push(se, path, target)

    observer.control(transfer)
    puts = [(each.received, each.adler32) for each in target.seen() if each.received]
    expect.equal(puts, [(data.size, data.adler32)], "size and adler32 that arrived")


@check(
    req="http-tpc/failure",
    level=MUST,
    severity=CRITICAL,
    needs={"tpc-push", "observer"},
    catches={"tpc-push-failure-is-success"},
    rows={"B3.19", "B3.22"},
)
def test_push_waits_for_the_answer(
    se: StorageElement, observer: Observer, payload: PayloadOf, expect: Expect
) -> None:
    """A push whose destination takes everything and then answers 500 must be reported failed.

    A disk that is full or a checksum that differs shows at the end; who says success when
    the last byte is sent has lost a file.
    """
    path, target = se.workdir / "f", observer.target("late-refusal")
    expect.control(se.put(path, payload(100_000)))
    _control_push(se, observer, expect)

    transfer = _push(se, path, target)

    expect.given(target.visited(), "nothing was sent to our server")
    expect.not_transferred(transfer)


@check(
    req="http-tpc/failure",
    level=MUST,
    severity=CRITICAL,
    needs={"tpc-push", "observer"},
    catches={"tpc-push-broken-is-success"},
    rows={"B3.19", "B3.22"},
)
def test_push_to_resetting_destination_fails(
    se: StorageElement, observer: Observer, payload: PayloadOf, expect: Expect
) -> None:
    """A push whose connection is reset in the middle must be reported failed.

    Servers that crash or are restarted end connections like that, many at a time.
    """
    path, target = se.workdir / "f", observer.target("reset")
    expect.control(se.put(path, payload(MIB)))
    _control_push(se, observer, expect)

    transfer = _push(se, path, target)

    expect.given(target.visited(), "nothing was sent to our server")
    expect.not_transferred(transfer)


@check(
    req="http-tpc/verification",
    level=SHOULD,
    severity=CRITICAL,
    needs={"tpc-push", "observer"},
    catches={"tpc-wrong-digest-accepted"},
    rows={"B3.22"},
)
def test_push_compares_what_arrived(
    se: StorageElement, observer: Observer, payload: PayloadOf, expect: Expect
) -> None:
    """A push should fail when the destination states another checksum for what it got.

    The destination says itself that the copy is damaged; only the storage that sent it can
    know.
    """
    path, target = se.workdir / "f", observer.target("corrupt")
    expect.control(se.put(path, payload(1000)))
    _control_push(se, observer, expect)

    transfer = _push(se, path, target, headers={"RequireChecksumVerification": "true"})

    expect.given(target.visited(), "nothing was sent to our server")
    expect.not_transferred(transfer)


@check(
    req="http-tpc/repr-digest",
    level=MAY,
    severity=MEDIUM,
    needs={"tpc-push", "observer"},
    catches={"tpc-push-digest-dropped"},
    rows={"TPE-19"},
)
def test_push_passes_the_clients_digest_on(
    se: StorageElement, observer: Observer, expect: Expect
) -> None:
    """A push can pass the client's Repr-Digest on to the destination.

    With it the destination refuses damaged data by itself, while the good copy still exists.
    """
    path, target = se.workdir / "f", observer.target()
    expect.control(se.put(path, b"hello"))

    transfer = _push(se, path, target, headers={"Repr-Digest": "adler32=:BiwCFQ==:"})

    observer.control(transfer)
    puts = [each for each in target.seen() if each.method == "PUT" and each.received]
    sent = {each.header("Repr-Digest") for each in puts}
    expect.equal(sent, {"adler32=:BiwCFQ==:"}, "Repr-Digest that arrived")
