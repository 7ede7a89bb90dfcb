"""Each expectation: what passes, what raises, and the words it raises with."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import cast

import pytest
from requests.structures import CaseInsensitiveDict

from lakeproof import Expect, Payload, StorageElement
from lakeproof.expect import expect
from lakeproof.expect.leaks import KEPT
from lakeproof.session.rse import RuleEnd
from lakeproof.verdict import Blame, Blocked, Unjudged, Violation
from lakeproof.wire.clients.running import ProgramRun, Ran
from lakeproof.wire.payload import Enough
from lakeproof.wire.reply import Failure, NotReached, Reply
from lakeproof.wire.root.frames import Flags, Hello
from lakeproof.wire.root.reply import Chunk, RootReply
from lakeproof.wire.root.speech import Offer
from lakeproof.wire.sample import Sample, sample_of
from lakeproof.wire.tpc import TpcEnd, Transfer

PATH = PurePosixPath("/area/f")
DATA = Payload.of(b"abc")
SECRET = Payload.generated(7919, 1)
SECRET_BYTES = b"".join(SECRET.blocks())
SAMPLE = sample_of(PATH, DATA)
SLOW = Failure("timeout", "no answer within 60 s")
CLOSED = Failure("closed", "the connection was closed without an answer")
MULTISTATUS = b"""<D:multistatus xmlns:D="DAV:"><D:response><D:href>/area/f</D:href><D:propstat>
<D:prop><D:getcontentlength>3</D:getcontentlength></D:prop><D:status>HTTP/1.1 200 OK</D:status>
</D:propstat></D:response></D:multistatus>"""


def _reply(
    status: int = 200,
    reason: str = "OK",
    *,
    method: str = "PUT",
    failure: Failure | None = None,
    body: bytes = b"",
    length: int = 0,
    **headers: str,
) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(
        method=method,
        url="https://se.example.org/area/f",
        status=status,
        reason=reason,
        failure=failure,
        body=body,
        length=length,
        headers=CaseInsensitiveDict(named),
    )


SECRET_KEPT = _reply(403, "Forbidden", body=b"Permission denied", ETag='"of the page"')


def _no_answer(failure: Failure, method: str = "PUT") -> Reply:
    return _reply(0, "", failure=failure, method=method)


class FakeStorage:
    """Answers HEAD and GET as it is told."""

    def __init__(
        self, content: bytes = b"abc", *, head: Reply | None = None, get: Reply | None = None
    ) -> None:
        self.content = content
        self._head = head or _reply(method="HEAD")
        self._get = get or _reply(method="GET")

    def get(self, path: PurePosixPath, *, sink: Callable[[bytes], None], **_: object) -> Reply:
        assert path == PATH
        if self._get.ok:
            try:
                for at in range(0, len(self.content), 2):
                    sink(self.content[at : at + 2])
            except Enough as enough:
                return _reply(method="GET", failure=Failure("oversized", str(enough)))
        return self._get

    def head(self, path: PurePosixPath, **_: object) -> Reply:
        assert path == PATH
        return self._head

    def digest(self, path: PurePosixPath, algorithm: str) -> Reply:
        assert (path, algorithm) == (PATH, "adler32")
        return self._head


def _storage(
    content: bytes = b"abc", *, head: Reply | None = None, get: Reply | None = None
) -> StorageElement:
    return cast(StorageElement, FakeStorage(content, head=head, get=get))


def _transfer(end: TpcEnd, message: str = "") -> Transfer:
    status = 403 if end is TpcEnd.REFUSED else 202
    reply = _reply(status, "Forbidden" if status == 403 else "Accepted", method="COPY")
    return Transfer(reply=reply, markers=[], end=end, message=message)


def _leaking() -> Transfer:
    transfer = _transfer(TpcEnd.FAILURE, "failure: headers were …")
    transfer.repeated = ("the partner's token",)
    return transfer


def _timed_out() -> Transfer:
    transfer = _transfer(TpcEnd.UNKNOWN)
    transfer.reply.failure = Failure("timeout", "the answer was not complete within 300 s")
    return transfer


def _refuse() -> None:
    raise Violation("201", "403")


Case = tuple[str, tuple[object, ...]]
OK, CREATED = _reply(), _reply(201, "Created")
GONE, DENIED, BROKEN = _reply(404, "Not Found"), _reply(403, "Forbidden"), _reply(500, "Error")
TRUNCATED = _reply(200, "OK", failure=Failure("truncated", "it ended after 3 of 5 bytes"))
ANSWERS = iter([False, True])
RIGHT = _reply(method="HEAD", Digest=f"adler32={DATA.adler32}", Content_Length="3")
NOTHING = _storage(head=_reply(404, "Not Found", method="HEAD"))


@dataclass(frozen=True)
class _Door:
    address: str | None


def _not_second(door: _Door) -> None:
    expect.that(door.address != "192.0.2.2", "an answer", "none")


WHOLE = _reply(method="GET", body=b"abc", length=3)
SHORT = _reply(method="GET", body=b"ab", length=2)


def _part(body: bytes, said: str) -> Reply:
    return _reply(206, "Partial", method="GET", body=body, Content_Range=said)


LAST = _part(b"bc", "bytes 1-2/3")
OTHER = _part(b"xc", "bytes 1-2/3")
LONG = Sample(PATH, 5, "0" * 8, "", "", b"ab", b"e")
LONG_200 = _reply(body=b"abc", length=3, failure=Failure("oversized", "it is longer than 3 bytes"))
REPR = _reply(Repr_Digest="adler=:Ak0BJw==:, x-new=:AAAA:")


def _kept_out() -> Reply:
    raise NotReached("tls", "no TLS connection: the server does not accept our client certificate")


def _root(value: object = None, *, body: bytes = b"", status: int = 200) -> RootReply:
    return RootReply("read", "root://se.example.org//f", status, value=value, body=body)


class _RootDoor:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def read(self, path: PurePosixPath, auth: object = None) -> RootReply:
        return _root(body=self._body)


class _Speech:
    def __init__(self, why: NotReached | None = None) -> None:
        self._why = why

    def greet(self) -> Offer:
        if self._why is not None:
            raise self._why
        return GREETED


GREETED = Offer(Hello(0x511, Flags.SERVER), inside_tls=False, methods=())
HUNG_UP = NotReached("unreachable", "the server hung up")
WRONG_NAME = NotReached("tls", "the certificate names another host")

_RUN = ProgramRun("RUN", "https://localhost:1", {}, line="client")
_DONE = Ran("client 1.2", "does it", 0, "one\ntwo\n", "", _RUN, file=Path(__file__))
_FAILED = Ran("client 1.2", "does it", 1, "", "error 400", _RUN)
_THIS = Path(__file__).read_bytes()

PASSES: list[Case] = [
    ("read_over_root", (_RootDoor(b"abc"), PATH, DATA)),
    ("same_bytes", (b"abc", DATA)),
    ("ranges", (_root([Chunk(1, b"b"), Chunk(0, b"ab")]), b"abc", [(1, 1), (0, 2)])),
    ("root_checksum", (_root("adler32 024D0127"), "adler32", DATA)),
    ("tls_stands", (_Speech().greet,)),
    ("greeted", (_Speech(),)),
    ("managed", (_DONE, OK)),
    ("said", (_DONE, "two", "one")),
    ("received", (_DONE, _THIS)),
    ("let_in", (lambda: OK,)),
    ("turned_away", (lambda: DENIED,)),
    ("turned_away", (lambda: _no_answer(Failure("closed", "closed without an answer")),)),
    ("turned_away", (_kept_out,)),
    ("part", (LAST, SAMPLE, 1, 2)),
    ("part", (WHOLE, SAMPLE, 1, 2)),
    ("parts", (WHOLE, SAMPLE)),
    ("parts", (LONG_200, LONG)),
    ("parts", (_part(b"b", "bytes 1-1/*"), SAMPLE)),
    ("whole", (WHOLE, SAMPLE)),
    ("same", (_storage(), SAMPLE)),
    ("stated_digests", (RIGHT, SAMPLE)),
    ("stated_digests", (OK, SAMPLE)),
    ("stated_repr_digests", (REPR, SAMPLE)),
    ("stated_repr_digests", (OK, SAMPLE)),
    ("repr_digest_form", (REPR,)),
    ("no_hang", (OK, OK)),
    ("no_hang", (_no_answer(SLOW), BROKEN)),
    ("no_hang", (_no_answer(CLOSED), OK)),
    ("repr_digest_form", (OK,)),
    ("same_digest", (RIGHT, RIGHT, "adler32")),
    ("same_digest", (RIGHT, OK, "adler32")),
    ("control", (CREATED,)),
    ("control_transfer", (_transfer(TpcEnd.SUCCESS),)),
    ("given", (True, "not given")),
    ("that", (True, "a", "b")),
    ("equal", (1, 1, "one")),
    ("every", ([_Door("192.0.2.1")], _not_second)),
    ("answered", (BROKEN,)),
    ("success", (CREATED,)),
    ("success", (_reply(299, ""),)),
    ("status", (CREATED, 200, 201)),
    ("refused", (DENIED,)),
    ("refused", (BROKEN,)),
    ("nothing_read", (SECRET_KEPT, SECRET)),
    ("nothing_read", (_reply(body=SECRET_BYTES[:7]), SECRET)),
    ("nothing_learned", (SECRET_KEPT, SECRET, '"v1"')),
    ("nothing_learned", (_reply(403, body=b"a7919b-7919x is closed"), SECRET)),
    ("nothing_listed", (SECRET_KEPT, PATH)),
    ("nothing_listed", (_reply(207, body=MULTISTATUS), PATH.with_name("another"))),
    ("kept", (SECRET_KEPT, SECRET, '"v1"')),
    ("kept", (_reply(403, ETag='"v1"'), SECRET, '"v1"')),
    ("not_found", (GONE,)),
    ("not_found", (_reply(410, "Gone"),)),
    ("multistatus", (_reply(207, "Multi-Status", body=MULTISTATUS),)),
    ("content", (_storage(), PATH, b"abc")),
    ("content", (_storage(), PATH, DATA)),
    ("truth", (_storage(head=RIGHT), PATH, DATA)),
    ("truth", (_storage(head=_reply(405, "", method="HEAD")), PATH, b"abc")),
    ("unchanged", (_storage(), PATH, b"abc")),
    ("absent", (_storage(head=_reply(404, "Not Found", method="HEAD")), PATH)),
    ("eventually", (lambda: None,)),
    ("eventually", (lambda: expect.that(next(ANSWERS), "yes", "no"),)),
    ("digest", (RIGHT, "adler32", DATA)),
    ("digest", (_reply(Digest="ADLER32=24D0127"), "adler32", DATA)),
    ("transferred", (_transfer(TpcEnd.SUCCESS),)),
    ("not_transferred", (_transfer(TpcEnd.REFUSED),)),
    ("not_transferred", (_transfer(TpcEnd.FAILURE, "no such file"),)),
    ("not_transferred", (_transfer(TpcEnd.ABORTED),)),
    ("ended", (_transfer(TpcEnd.FAILURE, "failure: no such file"),)),
    ("ended", (_transfer(TpcEnd.UNKNOWN),)),
    ("reason_given", (_transfer(TpcEnd.FAILURE, "failure: rejected GET: 404 Not Found"),)),
    ("reason_given", (_transfer(TpcEnd.FAILURE, "Failed: нет такого файла"),)),
    ("reason_given", (_transfer(TpcEnd.REFUSED),)),
    ("no_secret_shown", (_transfer(TpcEnd.FAILURE, "failure: no such file"),)),
    ("failed_cleanly", (_transfer(TpcEnd.FAILURE, "failure: no such file"), NOTHING, PATH)),
    ("through", (True, "a", "b", lambda: None)),
    ("ruled", (RuleEnd("OK", copied=1), lambda: None)),
]
VIOLATES: list[tuple[str, tuple[object, ...], str, str]] = [
    ("read_over_root", (_RootDoor(b"abd"), PATH, DATA), "3 bytes", "differs at byte 2"),
    ("same_bytes", (b"ab", DATA), "3 bytes", "ends after 2 of 3 bytes"),
    ("same_bytes", (b"abcd", DATA), "3 bytes", "1 bytes too many"),
    ("ranges", (_root([Chunk(0, b"b")]), b"abc", [(0, 1)]), "all 1 ranges", "at byte 0"),
    ("ranges", (_root([]), b"abc", [(0, 1)]), "1 ranges", "0 ranges"),
    ("root_checksum", (_root("adler32 1"), "adler32", DATA), "024d0127", "adler32 1"),
    ("root_checksum", (_root("md5 024d0127"), "adler32", DATA), "024d0127", "md5"),
    ("tls_stands", (_Speech(WRONG_NAME).greet,), "clients accept", "another host"),
    ("greeted", (_Speech(HUNG_UP),), "greets a client", "hung up"),
    ("managed", (_FAILED, OK), "client 1.2 does it", "does it for a plain PUT (200); client 1.2"),
    ("said", (_DONE, "one"), "client 1.2 says one", "client 1.2 says one, two"),
    ("received", (_DONE, _THIS[:-1]), "client 1.2 writes", "at least 1 bytes too many"),
    ("received", (_DONE, b"x" + _THIS[1:]), "client 1.2 writes", "differs at byte 0"),
    ("received", (_FAILED, _THIS), "client 1.2 writes", "it wrote no file"),
    ("part", (LAST, SAMPLE, 0, 1), "bytes 0-1", "bytes 1-2"),
    ("part", (OTHER, SAMPLE, 1, 2), "bytes 1-2 of the file", "other bytes"),
    ("parts", (_part(b"b", "bytes 1-2/3"), SAMPLE), "2 bytes after", "1 bytes"),
    ("parts", (_part(b"cd", "bytes 2-3/4"), SAMPLE), "inside the file (0-2)", "bytes 2-3"),
    ("parts", (_part(b"b", "bytes one"), SAMPLE), "a Content-Range", "bytes one"),
    ("parts", (BROKEN, SAMPLE), "206 with the bytes", "500"),
    ("parts", (SHORT, SAMPLE), "the whole file (3 bytes", "2 bytes"),
    ("whole", (LAST, SAMPLE), "200 with the whole file", "206"),
    ("whole", (_reply(body=b"abd", length=3), SAMPLE), "200 with the whole", "other bytes"),
    ("same", (_storage(b"abd"), SAMPLE), "f holds 3 bytes", "differs at byte 2"),
    ("same", (_storage(b"abcd"), SAMPLE), "f holds 3 bytes", "has 4 of 3 bytes"),
    ("same", (_storage(get=GONE), SAMPLE), "f holds 3 bytes", "404"),
    ("stated_digests", (_reply(Digest="adler32=1"), SAMPLE), "adler32 024d0127", "adler32=1"),
    ("stated_repr_digests", (_reply(Repr_Digest="adler=:AAAA:"), SAMPLE), "024d0127", "AAAA"),
    ("no_hang", (_no_answer(SLOW), OK), "an answer, as PUT", "no answer within 60 s"),
    ("repr_digest_form", (_reply(Repr_Digest="md5=AA"),), "<base64>:", "md5=AA"),
    ("same_digest", (RIGHT, _reply(Digest="adler32=1"), "adler32"), "024d0127", "00000001 by PUT"),
    ("stated_repr_digests", (_reply(Repr_Digest="adler=AAAA"), SAMPLE), "<base64>:", "adler=AAAA"),
    ("that", (False, "a is so", "a is not"), "a is so", "a is not"),
    ("equal", (2, 1, "size"), "size: 1", "size: 2"),
    (
        "every",
        ([_Door("192.0.2.1"), _Door("192.0.2.2")], _not_second),
        "an answer",
        "at 1 of 2 addresses: 192.0.2.2: none",
    ),
    ("answered", (_no_answer(CLOSED),), "a complete answer to PUT", CLOSED.sentence),
    ("answered", (TRUNCATED,), "a complete answer to PUT", "200 OK, but it ended after 3 of 5"),
    ("success", (GONE,), "PUT succeeds", "PUT answered 404 Not Found"),
    ("success", (TRUNCATED,), "PUT succeeds", "it ended after 3 of 5 bytes"),
    ("success", (_reply(302, "Found"),), "PUT succeeds", "302 Found"),
    ("status", (OK, 201, 204), "PUT answers 201 or 204", "PUT answered 200 OK"),
    ("status", (TRUNCATED, 200), "PUT answers 200", "it ended after"),
    ("refused", (CREATED,), "PUT is refused", "PUT answered 201 Created"),
    ("refused", (_reply(302, "Found"),), "PUT is refused", "302"),
    ("refused", (_no_answer(CLOSED),), "PUT is refused", CLOSED.sentence),
    ("nothing_read", (_reply(403, body=SECRET_BYTES), SECRET), KEPT, "read 7919 of 7919 bytes"),
    ("nothing_read", (_reply(206, body=SECRET_BYTES[9:99]), SECRET), KEPT, "read 90 of 7919 bytes"),
    ("nothing_learned", (_reply(Content_Length="7919"), SECRET), KEPT, "the size (7919 bytes)"),
    ("nothing_learned", (_reply(Content_Range="bytes 0-1/7919"), SECRET), KEPT, "the size"),
    ("nothing_learned", (_reply(403, body=b"has 7919 bytes"), SECRET), KEPT, "the size"),
    ("nothing_learned", (_reply(Digest=f"adler32={SECRET.adler32}"), SECRET), KEPT, "adler32"),
    ("nothing_learned", (_reply(403, body=SECRET.md5.encode()), SECRET), KEPT, "md5"),
    ("nothing_learned", (_reply(ETag='"v1"'), SECRET, '"v1"'), KEPT, "version"),
    ("nothing_listed", (_reply(207, body=MULTISTATUS), PATH), KEPT, "saw the name f"),
    (
        "nothing_listed",
        (_reply(body=b"<a>the-file</a>"), PATH / "the-file"),
        KEPT,
        "saw the name the-file",
    ),
    ("kept", (_reply(206, body=SECRET_BYTES[9:99]), SECRET), KEPT, "read 90 of"),
    ("kept", (_reply(Content_Length="7919"), SECRET), KEPT, "learned the size"),
    ("kept", (OK, SECRET), KEPT, "200 OK"),
    ("kept", (_no_answer(CLOSED), SECRET), KEPT, "closed"),
    ("not_found", (OK,), "PUT answers 404 or 410", "200 OK"),
    ("multistatus", (OK,), "PUT answers 207", "200 OK"),
    ("multistatus", (_reply(207, "", body=b"<html>hi"),), "a WebDAV multistatus body", "<html>hi"),
    ("content", (_storage(b"abd"), PATH, DATA), "f holds 3 bytes, adler32 024d0127", "at byte 2"),
    ("content", (_storage(b"ab"), PATH, DATA), "f holds 3 bytes", "ends after 2 of 3 bytes"),
    ("content", (_storage(b"abcd"), PATH, DATA), "f holds 3 bytes", "too many"),
    ("content", (_storage(get=GONE), PATH, DATA), "f holds 3 bytes", "404"),
    (
        "truth",
        (_storage(head=_reply(Digest="adler32=00000001")), PATH, DATA),
        "adler32 024d0127 at the storage",
        "adler32 00000001",
    ),
    ("truth", (_storage(head=_reply(Content_Length="4")), PATH, DATA), "3 bytes", "4 bytes"),
    ("truth", (_storage(b"xbc", head=RIGHT), PATH, DATA), "f holds 3 bytes", "byte 0"),
    ("unchanged", (_storage(b"two"), PATH, DATA), "content unchanged (3 bytes", "byte 0"),
    ("unchanged", (_storage(get=GONE), PATH, DATA), "content unchanged (3 bytes", "404"),
    (
        "absent",
        (_storage(head=_reply(Content_Length="7")), PATH),
        "nothing is left at f",
        "it exists (7 bytes)",
    ),
    ("absent", (_storage(head=BROKEN), PATH), "nothing is left at f", "500"),
    ("eventually", (lambda: expect.absent(_storage(), PATH), 0), "nothing is left", "it exists"),
    ("digest", (OK, "adler32", DATA), "adler32=024d0127", "no Digest header"),
    ("digest", (_reply(Digest="md5=x"), "adler32", DATA), "adler32=024d0127", "Digest: md5=x"),
    ("let_in", (lambda: DENIED,), "succeeds", "answered 403"),
    ("let_in", (_kept_out,), "the certificate is let in", "does not accept"),
    ("turned_away", (lambda: OK,), "is refused", "answered 200"),
    ("transferred", (_transfer(TpcEnd.FAILURE, "broken"),), "final line 'success", "broken"),
    ("transferred", (_transfer(TpcEnd.UNKNOWN),), "final line 'success", "COPY"),
    ("transferred", (_transfer(TpcEnd.REFUSED),), "final line 'success", "403"),
    ("not_transferred", (_transfer(TpcEnd.SUCCESS),), "the copy is refused", "COPY"),
    ("not_transferred", (_transfer(TpcEnd.UNKNOWN),), "the copy is refused", "COPY"),
    ("ended", (_timed_out(),), "the copy ends within the total time-out", "within 300 s"),
    ("reason_given", (_transfer(TpcEnd.FAILURE, "failure:"),), "an explanation", "failure:"),
    ("reason_given", (_transfer(TpcEnd.FAILURE, "failed: 22 - -"),), "an explanation", "22"),
    ("no_secret_shown", (_leaking(),), "without credentials", "the partner's token"),
    (
        "failed_cleanly",
        (_transfer(TpcEnd.FAILURE, "failure: no such file"), _storage(), PATH),
        "nothing is left at f",
        "it exists",
    ),
    ("failed_cleanly", (_transfer(TpcEnd.SUCCESS), NOTHING, PATH), "the copy is refused", "COPY"),
    (
        "failed_cleanly",
        (_transfer(TpcEnd.FAILURE, "failure: "), NOTHING, PATH),
        "an explanation",
        "failure",
    ),
    ("failed_cleanly", (_leaking(), NOTHING, PATH), "without credentials", "the partner's token"),
    (
        "through",
        (False, "it is uploaded", "no", _refuse),
        "it is uploaded",
        "no; asked directly: 403",
    ),
    (
        "ruled",
        (RuleEnd("STUCK", "no route"), _refuse),
        "the rule is OK, copies: 1",
        "the rule is STUCK: no route, copies: 0 of 1; asked directly: 403",
    ),
]
BLOCKS: list[tuple[str, tuple[object, ...], str]] = [
    ("control", (DENIED,), "the control request did not succeed: PUT answered 403"),
    ("control", (TRUNCATED,), "it ended after 3 of 5 bytes"),
    ("control_transfer", (_transfer(TpcEnd.UNKNOWN),), "the control copy did not succeed"),
    ("control_transfer", (_transfer(TpcEnd.REFUSED),), "403"),
    ("given", (False, "there is no md5"), "there is no md5"),
]
SLOWS: list[Case] = [
    ("parts", (_no_answer(SLOW), SAMPLE)),
    ("whole", (_no_answer(SLOW), SAMPLE)),
    ("success", (_no_answer(SLOW),)),
    ("status", (_no_answer(SLOW), 201)),
    ("refused", (_no_answer(SLOW),)),
    ("turned_away", (lambda: _no_answer(SLOW),)),
    ("nothing_read", (_no_answer(SLOW), SECRET)),
    ("nothing_learned", (_no_answer(SLOW), SECRET)),
    ("nothing_listed", (_no_answer(SLOW), PATH)),
    ("kept", (_no_answer(SLOW), SECRET)),
    ("not_found", (_no_answer(SLOW),)),
    ("multistatus", (_no_answer(SLOW),)),
    ("content", (_storage(get=_no_answer(SLOW)), PATH, b"abc")),
    ("truth", (_storage(head=_no_answer(SLOW)), PATH, b"abc")),
    ("unchanged", (_storage(get=_no_answer(SLOW)), PATH, b"abc")),
    ("absent", (_storage(head=_no_answer(SLOW)), PATH)),
    ("digest", (_no_answer(SLOW), "adler32", DATA)),
    (
        "failed_cleanly",
        (_transfer(TpcEnd.FAILURE, "failure: gone"), _storage(head=_no_answer(SLOW)), PATH),
    ),
]


def _say(method: str, arguments: tuple[object, ...]) -> None:
    getattr(expect, method)(*arguments)


@pytest.mark.parametrize(("method", "arguments"), PASSES)
def test_passes(method: str, arguments: tuple[object, ...]) -> None:
    _say(method, arguments)


@pytest.mark.parametrize(("method", "arguments", "expected", "actual"), VIOLATES)
def test_violation(method: str, arguments: tuple[object, ...], expected: str, actual: str) -> None:
    with pytest.raises(Violation) as caught:
        _say(method, arguments)

    assert expected in caught.value.expected
    assert actual in caught.value.actual


@pytest.mark.parametrize(("method", "arguments", "reason"), BLOCKS)
def test_control_blocks(method: str, arguments: tuple[object, ...], reason: str) -> None:
    with pytest.raises(Blocked) as caught:
        _say(method, arguments)

    assert reason in str(caught.value)


@pytest.mark.parametrize(("method", "arguments"), SLOWS)
def test_slow_is_not_wrong(method: str, arguments: tuple[object, ...]) -> None:
    with pytest.raises(Unjudged, match="no answer within 60 s") as caught:
        _say(method, arguments)

    assert caught.value.blame is Blame.ENDPOINT


def test_every_expectation_is_tested_both_ways() -> None:
    names = {
        name
        for name, _ in inspect.getmembers(Expect, inspect.isfunction)
        if not name.startswith("_")
    }

    assert {method for method, _ in PASSES} == names
    assert {row[0] for row in VIOLATES} | {row[0] for row in BLOCKS} == names


def test_multistatus_gives_its_entries() -> None:
    (entry,) = expect.multistatus(_reply(207, body=MULTISTATUS))

    assert (entry.path, entry.size) == (PATH, 3)


class TestEvery:
    def test_blocked_counts_only_when_nothing_is_wrong(self) -> None:
        def judge(door: _Door) -> None:
            expect.given(door.address != "192.0.2.1", "not reached")
            expect.that(door.address != "192.0.2.2", "an answer", "none")

        with pytest.raises(Blocked):
            expect.every([_Door("192.0.2.1"), _Door("192.0.2.3")], judge)
        with pytest.raises(Violation):
            expect.every([_Door("192.0.2.1"), _Door("192.0.2.2")], judge)

    def test_no_door_proves_nothing(self) -> None:
        with pytest.raises(Blocked):
            expect.every((), lambda door: None)


@pytest.mark.parametrize("state", ["STUCK", "REPLICATING"])
def test_rule_says_nothing_when_the_endpoint_copies_directly(state: str) -> None:
    with pytest.raises(Unjudged, match=f"{state}.*asked directly") as caught:
        expect.ruled(RuleEnd(state, "TRANSFER [110] time-out"), lambda: None)

    assert caught.value.blame is Blame.PARTNER
