"""What the broken root:// door answers: without asking the real one, or another thing than it."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace

from lakeproof.emulator.faults import Faults
from lakeproof.emulator.root_asked import Asked, Memory, checked, normal
from lakeproof.wire.payload import Payload
from lakeproof.wire.root.frames import Frame, Open, Request, RootLine, Status, split_pages

SEGMENT = struct.Struct("!4siq")
FEW, SMALL = 16, 4096
SET_ATTRIBUTE, SPACE_OF_FILE_SYSTEM, WITH_FACTS = 3, 1, 2
CHECKSUM, SPACE, CONFIG = 3, 5, 7
TOO_LONG, FAILED, NOT_AUTHORIZED, NOT_FOUND, UNSUPPORTED = 3002, 3005, 3010, 3011, 3013
SERVER_ERROR = 3012
KNOWN = range(3000, 3033)
FIRST_REQUEST = 3000
Almighty = Callable[[], RootLine]
LOST = {
    Request.MKDIR: "root-mkdir-lost",
    Request.REMOVE: "root-rm-lost",
    Request.MOVE: "root-mv-lost",
    Request.TRUNCATE: "root-truncate-lost",
    Request.CHMOD: "root-chmod-lost",
}


def error(number: int, words: str) -> Frame:
    """An answer that says no."""
    return Frame(Status.ERROR, struct.pack("!i", number) + words.encode() + b"\0")


def done(body: bytes = b"") -> Frame:
    """An answer that says yes."""
    return Frame(Status.OK, body)


def pretended(faults: Faults, memory: Memory, asked: Asked, almighty: Almighty) -> Frame | None:
    """What is answered without asking the real door; None where it is asked."""
    if asked.request in LOST and faults.has(LOST[Request(asked.request)]):
        return done()
    if asked.request not in KNOWN and faults.has("root-unknown-request-ok"):
        return done()
    for name, request, answer in INSTEAD:
        if asked.request == request and faults.has(name):
            found = answer(asked, memory, almighty)
            if found is not None:
                return found
    return _not_allowed(faults, asked)


def _around(asked: Asked, _: Memory, almighty: Almighty) -> Frame | None:
    return _ask_as_anybody(normal(asked), almighty) if "/../" in asked.path else None


def _without_parents(asked: Asked, _: Memory, almighty: Almighty) -> Frame | None:
    """That the parent is missing, where it is and should be made."""
    if not asked.options & Open.PARENTS:
        return None
    parent = asked.bringing(asked.path.rpartition("/")[0].encode())
    question = replace(parent, request=Request.STAT, parameters=bytes(16))
    found = _ask_as_anybody(question, almighty)
    return None if found.ok else found


def _many_refused(asked: Asked, _: Memory, __: Almighty) -> Frame | None:
    many = len(asked.body) > FEW * SEGMENT.size
    return error(TOO_LONG, "Read vector is too long") if many else None


def _not_allowed(faults: Faults, asked: Asked) -> Frame | None:
    makes = asked.request == Request.MKDIR or (asked.writes and not asked.options & Open.DELETE)
    changes = asked.request in (Request.REMOVE, Request.MOVE) or bool(
        asked.writes and asked.options & Open.DELETE
    )
    reads = asked.request == Request.OPEN and not asked.writes
    refused = (
        (reads and faults.has("root-scope-read-refused"))
        or (makes and faults.has("root-scope-write-refused"))
        or (changes and faults.has("root-scope-change-refused"))
    )
    return error(NOT_AUTHORIZED, "permission denied") if refused else None


def _ask_as_anybody(asked: Asked, almighty: Almighty) -> Frame:
    line = almighty()
    try:
        return line.ask(asked.request, asked.parameters, asked.body)
    finally:
        line.close()


def _attribute_set(asked: Asked, _: Memory, __: Almighty) -> Frame | None:
    """As if the one attribute were set: no error, one attribute, and its name with a zero."""
    if asked.parameters[4] != SET_ATTRIBUTE:
        return None
    told = asked.body.partition(b"\0")[2]
    name = told[2:].partition(b"\0")[0]
    return done(b"\0\1\0\0" + name + b"\0")


def answered(faults: Faults, memory: Memory, asked: Asked, frame: Frame) -> Frame:
    """What the client is told instead of what the real door answered."""
    for name, request, change in CHANGES:
        if asked.request == request and faults.has(name):
            frame = change(asked, frame)
    of_checksum = asked.request == Request.QUERY and asked.parameters[1] == CHECKSUM
    if of_checksum and frame.ok and faults.has("root-checksum-stale"):
        frame = done(memory.checksums.setdefault(asked.path, frame.body))
    copies = asked.is_about_a_copy and b"tpc.src" in asked.body and asked.writes
    if copies and frame.ok and faults.has("root-tpc-lost"):
        memory.copied[frame.body[:4]] = asked.path.encode()
    return frame


def status_frame(asked: Asked, part: bytes, *, last: bool) -> bytes:
    """A kXR_status answer on the wire: `part` is an offset, and what is there."""
    information, data = part[:8], part[8:]
    code = asked.request - FIRST_REQUEST
    told = struct.pack("!2sBB4xI", asked.stream, code, not last, len(data)) + information
    crc = bytes.fromhex(Payload.of(told).crc32c)
    head = struct.pack("!2sHI", asked.stream, Status.STATUS, len(crc + told))
    return head + crc + told + data


def _stat(change: Callable[[list[str]], None]) -> Callable[[Asked, Frame], Frame]:
    """Change the words of an answer to stat: id, size, flags, time."""

    def apply(asked: Asked, frame: Frame) -> Frame:
        if not frame.ok or asked.parameters[0] == SPACE_OF_FILE_SYSTEM:
            return frame
        words = frame.body.rstrip(b"\0").decode().split()
        change(words)
        return done(" ".join(words).encode() + b"\0")

    return apply


def _larger(words: list[str]) -> None:
    words[1] = str(int(words[1]) + 1)


def _other_kind(words: list[str]) -> None:
    words[2] = str(int(words[2]) ^ 2)


def _of_1970(words: list[str]) -> None:
    words[3:] = ["0"]


def _no_space(asked: Asked, frame: Frame) -> Frame:
    if frame.ok and asked.parameters[0] == SPACE_OF_FILE_SYSTEM:
        return done(b"1 0 100 0 0 0\0")
    return frame


def _no_space_by_query(asked: Asked, frame: Frame) -> Frame:
    if frame.ok and asked.parameters[1] == SPACE:
        return done(b"oss.space=0&oss.free=0&oss.maxf=0&oss.used=0&oss.quota=-1\0")
    return frame


def _silent(asked: Asked, frame: Frame) -> Frame:
    if asked.parameters[1] != CONFIG:
        return frame
    return done(b"\n".join(asked.body.rstrip(b"\0").split()) + b"\n")


def _missing_as(number: int) -> Callable[[Asked, Frame], Frame]:
    return lambda _, frame: error(number, "failed") if frame.error == NOT_FOUND else frame


def _exists(asked: Asked, frame: Frame) -> Frame:
    return done(b"1 5 48 1700000000\0") if frame.error == NOT_FOUND else frame


def _listing(change: Callable[[list[str]], list[str]]) -> Callable[[Asked, Frame], Frame]:
    """Change a listing with facts, of which the first two lines are no entry."""

    def apply(asked: Asked, frame: Frame) -> Frame:
        if not frame.ok or not asked.parameters[15] & WITH_FACTS:
            return frame
        lines = frame.body.rstrip(b"\0").decode().split("\n")
        return done("\n".join(lines[:2] + change(lines[2:])).encode() + b"\0")

    return apply


def _sizes(lines: list[str]) -> list[str]:
    for place in range(1, len(lines), 2):
        words = lines[place].split()
        _larger(words)
        lines[place] = " ".join(words)
    return lines


def _checksum(algorithm: str) -> Callable[[Asked, Frame], Frame]:
    def apply(asked: Asked, frame: Frame) -> Frame:
        name, _, value = frame.body.rstrip(b"\0").decode(errors="replace").partition(" ")
        if not frame.ok or asked.parameters[1] != CHECKSUM or name != algorithm:
            return frame
        wrong = f"{int(value, 16) ^ 1:0{len(value)}x}"
        return done(f"{name} {wrong}\0".encode())

    return apply


def _other_checksum(asked: Asked, frame: Frame) -> Frame:
    wrong = asked.parameters[1] == CHECKSUM and frame.status == Status.ERROR
    return done(b"adler32 00000001\0") if wrong else frame


def _md5_first(asked: Asked, frame: Frame) -> Frame:
    asked_for_any = asked.parameters[1] == CHECKSUM and b"cks.type" not in asked.body
    return done(b"md5 d41d8cd98f00b204e9800998ecf8427e\0") if frame.ok and asked_for_any else frame


def _read(change: Callable[[bytes], bytes]) -> Callable[[Asked, Frame], Frame]:
    return lambda _, frame: done(change(frame.body)) if frame.ok and frame.body else frame


def _garbled(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


def _one_less(asked: Asked, frame: Frame) -> Frame:
    (size,) = struct.unpack("!i", asked.parameters[12:16])
    return done(frame.body[:-1]) if frame.ok and len(frame.body) == size else frame


def _past_end(asked: Asked, frame: Frame) -> Frame:
    (size,) = struct.unpack("!i", asked.parameters[12:16])
    return done(b"x" * size) if frame.ok and not frame.body and size <= SMALL else frame


def _segments(body: bytes) -> list[tuple[bytes, bytes]]:
    """Head and data of each range of a vector read."""
    found = []
    while body:
        head = body[: SEGMENT.size]
        end = SEGMENT.size + SEGMENT.unpack(head)[1]
        found.append((head, body[SEGMENT.size : end]))
        body = body[end:]
    return found


def _mixed_up(asked: Asked, frame: Frame) -> Frame:
    """Whatever ranges have the same length change places, without saying so."""
    if not frame.ok:
        return frame
    found = _segments(frame.body)
    lengths = [len(data) for _, data in found]
    shifted = list(found)
    for length in set(lengths):
        places = [place for place, each in enumerate(lengths) if each == length]
        for place, other in zip(places, places[1:] + places[:1], strict=True):
            shifted[place] = (found[place][0], found[other][1])
    return done(b"".join(head + data for head, data in shifted))


def _vector_past_end(asked: Asked, frame: Frame) -> Frame:
    if frame.error != FAILED:
        return frame
    wanted = [asked.body[at : at + SEGMENT.size] for at in range(0, len(asked.body), SEGMENT.size)]
    return done(b"".join(head + bytes(SEGMENT.unpack(head)[1]) for head in wanted))


def _pages(change: Callable[[bytes, int], bytes]) -> Callable[[Asked, Frame], Frame]:
    """Change each page; what comes back is the page behind its checksum."""

    def apply(asked: Asked, frame: Frame) -> Frame:
        parts = []
        for part in frame.parts:
            (begin,) = struct.unpack("!q", part[:8])
            pages = split_pages(part[8:], begin)
            parts.append(part[:8] + b"".join(change(page.data, page.crc32c) for page in pages))
        return replace(frame, parts=tuple(parts))

    return apply


def _removed_full(asked: Asked, frame: Frame) -> Frame:
    return done() if frame.error and frame.error not in (NOT_FOUND, NOT_AUTHORIZED) else frame


CHANGES: tuple[tuple[str, int, Callable[[Asked, Frame], Frame]], ...] = (
    ("root-stat-size", Request.STAT, _stat(_larger)),
    ("root-stat-kind", Request.STAT, _stat(_other_kind)),
    ("root-stat-time", Request.STAT, _stat(_of_1970)),
    ("root-space-zero", Request.STAT, _no_space),
    ("root-space-zero", Request.QUERY, _no_space_by_query),
    ("root-missing-as-failure", Request.STAT, _missing_as(SERVER_ERROR)),
    ("root-missing-as-failure", Request.OPEN, _missing_as(SERVER_ERROR)),
    ("root-missing-exists", Request.STAT, _exists),
    ("root-listing-drops", Request.LISTING, _listing(lambda lines: lines[:-2])),
    ("root-listing-size", Request.LISTING, _listing(_sizes)),
    ("root-locate-empty", Request.LOCATE, lambda _, frame: done() if frame.ok else frame),
    ("root-config-silent", Request.QUERY, _silent),
    ("root-adler32-wrong", Request.QUERY, _checksum("adler32")),
    ("root-md5-wrong", Request.QUERY, _checksum("md5")),
    ("root-crc32c-wrong", Request.QUERY, _checksum("crc32c")),
    ("root-checksum-other-kind", Request.QUERY, _other_checksum),
    ("root-checksum-first-is-md5", Request.QUERY, _md5_first),
    ("root-rmdir-full-ok", Request.RMDIR, _removed_full),
    ("root-read-garbled", Request.READ, _read(_garbled)),
    ("root-read-short", Request.READ, _read(lambda data: data[: len(data) // 2])),
    ("root-read-past-end", Request.READ, _past_end),
    ("root-read-full-short", Request.READ, _one_less),
    ("root-readv-order", Request.READV, _mixed_up),
    ("root-readv-past-end", Request.READV, _vector_past_end),
    (
        "root-page-checksum",
        Request.PGREAD,
        _pages(lambda data, crc: struct.pack("!I", crc ^ 1) + data),
    ),
    ("root-page-garbled", Request.PGREAD, _pages(lambda data, _: checked(_garbled(data)))),
    ("root-read-garbled", Request.PGREAD, _pages(lambda data, _: checked(_garbled(data)))),
)
INSTEAD: tuple[tuple[str, int, Callable[[Asked, Memory, Almighty], Frame | None]], ...] = (
    ("root-traversal", Request.STAT, _around),
    (
        "root-scope-stat-refused",
        Request.STAT,
        lambda _, __, ___: error(NOT_AUTHORIZED, "permission denied"),
    ),
    ("root-parents-refused", Request.OPEN, _without_parents),
    (
        "root-prepare-refused",
        Request.PREPARE,
        lambda _, __, ___: error(UNSUPPORTED, "prepare is not supported"),
    ),
    (
        "root-tpc-refused",
        Request.OPEN,
        lambda a, _, __: error(UNSUPPORTED, "tpc not supported") if a.is_about_a_copy else None,
    ),
    (
        "root-endless-redirect",
        Request.OPEN,
        lambda _, m, __: Frame(Status.REDIRECT, struct.pack("!i", m.port) + b"localhost"),
    ),
    (
        "root-hint-refused",
        Request.OPEN,
        lambda a, _, __: error(UNSUPPORTED, "unknown option") if b"oss.asize" in a.body else None,
    ),
    ("root-attribute-lost", Request.ATTRIBUTES, _attribute_set),
    ("root-readv-few", Request.READV, _many_refused),
)
