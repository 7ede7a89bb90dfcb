"""Requests that contradict themselves must not hide further requests (request smuggling)."""

from pathlib import PurePosixPath

from lakeproof import (
    ANONYMOUS,
    CRITICAL,
    HIGH,
    MUST,
    Expect,
    RawAnswers,
    RawRequest,
    StorageElement,
    check,
)

CHUNKED = ("Transfer-Encoding", "chunked")
LAST_CHUNK = b"0\r\n\r\n"


def _control(se: StorageElement, expect: Expect) -> None:
    """Making a directory works over such a connection, so that a hidden one would be made."""
    made = se.speak(se.raw("MKCOL", se.workdir / "control"), enough=1)
    expect.given(bool(made.replies), f"no answer to a plain request: {made.describe()}")
    expect.control(made.replies[0])


def _hidden(se: StorageElement) -> tuple[PurePosixPath, RawRequest]:
    """A request that must not be carried out, with all rights that it needs."""
    path = se.workdir / "hidden"
    return path, se.raw("MKCOL", path)


def _length(request: RawRequest, se: StorageElement) -> int:
    return len(request.render(se.url.partition("://")[2]))


def _say(se: StorageElement, outer: RawRequest) -> RawAnswers:
    """`outer`, and then one more request, which only an open connection answers."""
    follower = se.raw("GET", se.workdir / "follower", auth=ANONYMOUS)
    return se.speak(outer, follower, in_turn=True)


def _nothing_hidden_was_done(
    se: StorageElement, path: PurePosixPath, said: RawAnswers, expect: Expect
) -> None:
    expect.absent(se, path)
    expect.that(
        len(said.replies) <= 1,
        "one answer at most, as the connection is closed after it",
        said.describe(),
    )


def _refused(said: RawAnswers, expect: Expect) -> None:
    for reply in said.replies[:1]:
        expect.refused(reply)


@check(
    req="rfc9112/coding-overrides-length",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "intrusive"},
    catches={"smuggling-accepted"},
    rows={"NET-17", "B4.36"},
)
def test_length_besides_chunks_hides_no_request(se: StorageElement, expect: Expect) -> None:
    """A request with Transfer-Encoding must not be read by its Content-Length.

    A proxy reads it by its chunks, so the end of a stranger's upload is carried out as a
    request of its own, over a connection that others share and past the proxy's rules.
    """
    path, end = se.workdir / "kept", b"\r\n" + LAST_CHUNK
    expect.control(se.put(path, b"kept"))
    expect.control(se.put(se.workdir / "control", b"control"))
    expect.control(se.delete(se.workdir / "control"))
    # Read on its own, the hidden request takes the end of the outer one for its body.
    hidden = se.raw("DELETE", path, ("Content-Length", str(len(end))))
    size = f"{_length(hidden, se):x}\r\n".encode()
    short = ("Content-Length", str(len(size)))
    _say(se, se.raw("PUT", se.workdir / "outer", short, CHUNKED, body=(size, hidden, end)))
    expect.unchanged(se, path, b"kept")


@check(
    req="rfc9112/length-and-coding",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write", "intrusive"},
    catches={"smuggling-accepted", "length-besides-chunks-kept-open"},
    rows={"NET-17", "B4.36"},
)
def test_length_besides_chunks_ends_the_connection(se: StorageElement, expect: Expect) -> None:
    """A request with Transfer-Encoding and Content-Length must be the last of its connection.

    Where a proxy believes the other one of the two, all further answers are one off: the next
    user gets the answer to a stranger's request, or has his own carried out for a stranger.
    """
    _control(se, expect)
    path, hidden = _hidden(se)
    whole = ("Content-Length", str(len(LAST_CHUNK) + _length(hidden, se)))
    outer = se.raw("PUT", se.workdir / "outer", CHUNKED, whole, body=(LAST_CHUNK, hidden))
    _nothing_hidden_was_done(se, path, _say(se, outer), expect)


@check(
    req="rfc9112/invalid-length",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "intrusive"},
    catches={"length-conflict-accepted"},
    rows={"NET-17", "B4.36"},
)
def test_two_lengths_are_refused(se: StorageElement, expect: Expect) -> None:
    """A request with two different Content-Lengths must be refused and the connection closed.

    A proxy that believes the other one of the two lets a hidden request through, which is
    carried out with rights and rules that are not its own.
    """
    _control(se, expect)
    path, hidden = _hidden(se)
    short = ("Content-Length", "4")
    whole = ("Content-Length", str(4 + _length(hidden, se)))
    for lengths in ((short, whole), (whole, short)):
        outer = se.raw("PUT", se.workdir / "outer", *lengths, body=(b"data", hidden))
        said = _say(se, outer)
        _nothing_hidden_was_done(se, path, said, expect)
        _refused(said, expect)


@check(
    req="rfc9112/invalid-length",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write", "intrusive"},
    catches={"length-invalid-accepted"},
    rows={"NET-17", "B4.36"},
)
def test_impossible_length_is_refused(se: StorageElement, expect: Expect) -> None:
    """A request with a negative Content-Length, or one that is no number, must be refused.

    What follows it is taken for the next request or for nothing at all, according to who
    reads it; at worst the number is used as it is, and memory is read that nobody wrote.
    """
    _control(se, expect)
    path, hidden = _hidden(se)
    for length in ("-1", "4x"):
        bad = ("Content-Length", length)
        said = _say(se, se.raw("PUT", se.workdir / "outer", bad, body=(hidden,)))
        _nothing_hidden_was_done(se, path, said, expect)
        _refused(said, expect)


@check(
    req="rfc9112/coding-not-chunked",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write", "intrusive"},
    catches={"coding-unknown-accepted"},
    rows={"NET-17", "B4.36"},
)
def test_unknown_transfer_encoding_is_refused(se: StorageElement, expect: Expect) -> None:
    """A request whose Transfer-Encoding is not chunked must be refused and the connection closed.

    Nobody can tell where its body ends; a server that guesses takes a part of one user's data
    for the next request, or stores the framing as data.
    """
    _control(se, expect)
    path, hidden = _hidden(se)
    for body in ((hidden,), (LAST_CHUNK, hidden)):
        odd = ("Transfer-Encoding", "xchunked")
        said = _say(se, se.raw("PUT", se.workdir / "outer", odd, body=body))
        _nothing_hidden_was_done(se, path, said, expect)
        _refused(said, expect)
