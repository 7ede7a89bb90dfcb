"""A macaroon is good for the request that carries it, and for no other on the same connection."""

from collections.abc import Sequence

from lakeproof import (
    ANONYMOUS,
    CRITICAL,
    MUST,
    Apart,
    Expect,
    MacaroonFor,
    Reply,
    StorageElement,
    check,
)

READING = ("DOWNLOAD", "LIST")


def refused_or_closed(expect: Expect, replies: Sequence[Reply]) -> None:
    """Nothing after the first answer was carried out; a server may as well hang up."""
    for reply in replies[1:]:
        expect.refused(reply)


@check(
    req="rfc9110/stateless-authentication",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "macaroons"},
    catches={"macaroon-outlives-request"},
    rows={"B5.39"},
)
def test_macaroon_ends_with_its_request(
    se: StorageElement, macaroon: MacaroonFor, apart: Apart, expect: Expect
) -> None:
    """A request without a credential must be refused after one with a macaroon, too.

    Proxies and transfer services send the requests of many users over one connection; the
    next of them would act as the user before.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"secret"))
    expect.given(not apart().get(path, auth=ANONYMOUS).ok, "anonymous people may read anyway")
    reading = macaroon(se, path, *READING)

    answers = se.speak(
        se.raw("GET", path, auth=reading),
        se.raw("GET", path, auth=ANONYMOUS),
        in_turn=True,
        enough=2,
    ).replies

    expect.given(any(reply.taken for reply in answers[:1]), "the first request was not taken")
    refused_or_closed(expect, answers)


@check(
    req="rfc9110/stateless-authentication",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "macaroons"},
    catches={"macaroon-outlives-request"},
    rows={"B5.39"},
)
def test_requester_does_not_stay(
    se: StorageElement, macaroon: MacaroonFor, apart: Apart, expect: Expect
) -> None:
    """A request without a credential must not write after one with a macaroon for writing.

    What is written then is booked on somebody who has not asked for it, and nobody has
    allowed it.
    """
    path, new = se.workdir / "d", se.workdir / "new"
    expect.given(not apart().mkcol(path, auth=ANONYMOUS).ok, "anonymous people may write anyway")
    writing = macaroon(se, se.workdir, "UPLOAD", "MANAGE")

    answers = se.speak(
        se.raw("MKCOL", path, auth=writing),
        se.raw("MKCOL", new, auth=ANONYMOUS),
        in_turn=True,
        enough=2,
    ).replies

    expect.given(any(reply.taken for reply in answers[:1]), "the first request was not taken")
    expect.absent(se, new)
    refused_or_closed(expect, answers)


@check(
    req="rfc9110/stateless-authentication",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "macaroons"},
    catches={"macaroon-requester-stays"},
    rows={"B5.39", "MAC-04"},
)
def test_reading_first_does_not_let_write(
    se: StorageElement, limited: MacaroonFor, expect: Expect
) -> None:
    """A macaroon for reading must not write either when it has read over the same connection.

    The holder of the least macaroon of all would have every right of whoever asked for it.
    """
    path, new = se.workdir / "f", se.workdir / "new"
    expect.control(se.put(path, b"any"))
    reading = limited(se, se.workdir, *READING)

    answers = se.speak(
        se.raw("GET", path, auth=reading),
        se.raw("MKCOL", new, auth=reading),
        in_turn=True,
        enough=2,
    ).replies

    expect.given(any(reply.taken for reply in answers[:1]), "the first request was not taken")
    expect.absent(se, new)
    refused_or_closed(expect, answers)
