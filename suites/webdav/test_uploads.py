"""Uploads that go wrong, meet each other, or are looked at too early."""

from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

from lakeproof import (
    CRITICAL,
    HIGH,
    MEDIUM,
    MUST,
    SHOULD,
    Expect,
    Payload,
    PayloadOf,
    Reply,
    StorageElement,
    Together,
    check,
)

MIB = 1024 * 1024


@check(
    req="rfc9112/incomplete",
    level=SHOULD,
    severity=CRITICAL,
    needs={"webdav", "write"},
    catches={"put-aborted-kept"},
    rows={"DAV-11", "B4.32"},
)
def test_aborted_upload_leaves_no_file(
    se: StorageElement, payload: PayloadOf, expect: Expect
) -> None:
    """An upload that breaks off should leave no file behind.

    Whoever looks whether the file is there finds it and registers it; the first job that reads
    it fails, when the source is long deleted.
    """
    path = se.workdir / "aborted"
    expect.control(se.put(se.workdir / "whole", b"uploads work"))

    reply = se.abort_put(path, payload(MIB), after=MIB // 2)

    expect.given(reply.broken_off, f"the upload could not be begun: {reply.describe()}")
    expect.eventually(lambda: expect.absent(se, path))


@check(
    req="rfc9112/incomplete",
    level=SHOULD,
    severity=CRITICAL,
    needs={"webdav", "write"},
    catches={"put-aborted-kept", "put-chunked-cut-kept"},
    rows={"DAV-11", "B4.32"},
)
def test_chunked_upload_without_end_leaves_no_file(
    se: StorageElement, payload: PayloadOf, expect: Expect
) -> None:
    """An upload in chunks whose last chunk never comes should leave no file behind.

    Without a length the last chunk is all that tells a whole file from half of one: a server
    that does not wait for it takes every broken connection for a finished upload.
    """
    path = se.workdir / "cut"
    expect.control(se.put(se.workdir / "whole", iter([b"uploads in ", b"chunks work"])))

    reply = se.abort_put(path, payload(MIB), after=MIB // 2, chunked=True)

    expect.given(reply.broken_off, f"the upload could not be begun: {reply.describe()}")
    expect.eventually(lambda: expect.absent(se, path))


@check(
    req="rfc9112/incomplete",
    level=SHOULD,
    severity=CRITICAL,
    needs={"webdav", "write"},
    catches={"put-aborted-kept"},
    rows={"DAV-11", "B4.32"},
)
def test_aborted_overwrite_leaves_nothing_partial(
    se: StorageElement, payload: PayloadOf, expect: Expect
) -> None:
    """An upload over a file that breaks off should leave the old file, whole, or nothing.

    A retried transfer that dies must not turn a good replica into a broken one that still has
    its entry in every catalogue.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"the old content"))

    reply = se.abort_put(path, payload(MIB), after=MIB // 2)

    expect.given(reply.broken_off, f"the upload could not be begun: {reply.describe()}")
    expect.eventually(lambda: _whole_or_gone(se, path, expect))


def _whole_or_gone(se: StorageElement, path: PurePosixPath, expect: Expect) -> None:
    if se.head(path).status not in (404, 410):
        expect.unchanged(se, path, b"the old content")


@check(
    req="lakeproof/no-partial-file",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"put-in-progress-visible"},
    rows={"B4.32"},
)
def test_upload_in_progress_is_not_served(
    se: StorageElement, payload: PayloadOf, expect: Expect
) -> None:
    """A file that is still being uploaded should not be served as if it were complete.

    A reader gets the first part with a success code and no sign that the rest is missing; a
    third-party copy of it is a truncated replica that looks whole.
    """
    path, data = se.workdir / "growing", payload(MIB)
    looks: list[Reply] = []

    def watched() -> Iterator[bytes]:
        for piece in data.chunks():
            yield piece
            looks.append(se.get(path))

    # The length is known, and a redirect is followed before the first piece is sent.
    framing = {"Content-Length": str(data.size), "Expect": "100-continue"}
    expect.control(se.put(path, watched(), headers=framing))

    served = [look.length for look in looks if look.ok and look.length < data.size]
    expect.equal(served, [], f"bytes served before all {data.size} had been sent")


@check(
    req="rfc9110/put",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write"},
    catches={"put-concurrent-mixed"},
    rows={"B4.32"},
)
def test_concurrent_uploads_leave_one_whole_file(
    se: StorageElement, together: Together, expect: Expect
) -> None:
    """Of uploads to one name at the same time, exactly one must be there afterwards, whole.

    A transfer that is retried while the first attempt is still running writes through it: the
    file has the right size and a content that nobody ever had.
    """
    path = se.workdir / "wanted"
    contents = [Payload.generated(MIB // 2 + n, seed=n) for n in range(4)]

    replies = together(*(_upload(path, data) for data in contents))

    accepted = [data for data, reply in zip(contents, replies, strict=True) if reply.ok]
    expect.given(bool(accepted), f"no upload was accepted: {replies[0].describe()}")
    found = se.get(path)
    expect.success(found)
    whole = [data for data in accepted if Payload.of(found.body).md5 == data.md5]
    expect.equal(len(whole), 1, "accepted uploads that the content is equal to")


def _upload(path: PurePosixPath, data: Payload) -> Callable[[StorageElement], Reply]:
    return lambda one: one.put(path, data)


@check(
    req="rfc9110/put",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"put-early-201", "put-lies"},
    rows={"DAV-01", "B4.32"},
)
def test_accepted_upload_is_visible_at_once(
    se: StorageElement, payload: PayloadOf, expect: Expect
) -> None:
    """A file must be there, with its whole size, as soon as its upload is answered.

    Rucio and FTS look at once; what appears later is a failed transfer to them, is uploaded
    again, and meets the first copy.
    """
    path, data = se.workdir / "new", payload(3 * MIB)

    reply = se.put(path, data)
    seen = se.head(path)
    read = se.get(path, sink=lambda _: None)

    expect.control(reply)
    expect.success(seen)
    expect.equal(seen.headers.get("Content-Length", str(data.size)), str(data.size), "size in HEAD")
    expect.equal(read.length if read.ok else read.describe(), data.size, "bytes read at once")


@check(
    req="rfc9110/expect-continue",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"put-expect-417", "put-expect-ignored"},
    rows={"NET-15"},
)
def test_client_that_waits_is_told_to_go_on(se: StorageElement, expect: Expect) -> None:
    """An upload with Expect: 100-continue should be answered before its body is sent.

    curl, davix and other storages wait for the 100 so as not to send gigabytes to a door that
    redirects or refuses; without it each upload begins with a pause, or never begins.
    """
    path = se.workdir / "f"

    reply = se.put(path, b"after the 100", headers={"Expect": "100-continue"}, continue_s=5)

    expect.success(reply)
    expect.content(se, path, b"after the 100")
    expect.that(reply.interim, "100 Continue before the body is sent", "nothing within 5 s")


@check(
    req="rfc9110/content-range-put",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"put-content-range-replaces"},
    rows={"DAV-13"},
)
def test_partial_put_never_replaces_the_file(se: StorageElement, expect: Expect) -> None:
    """PUT with Content-Range should be refused, or change that range and nothing else.

    A server that ignores the header replaces a file of gigabytes by the few bytes of the part,
    and says that all went well.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"0123456789"))

    reply = se.put(path, b"abc", headers={"Content-Range": "bytes 3-5/10"})

    expect.unchanged(se, path, b"012abc6789" if reply.ok else b"0123456789")
