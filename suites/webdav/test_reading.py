"""GET and HEAD of what is there: exact bytes, headers that agree, collections."""

from urllib.parse import quote

from lakeproof import CRITICAL, HIGH, LOW, MEDIUM, MUST, SHOULD, Expect, StorageElement, check

SERVER_ERROR = 500


@check(
    req="rfc9110/get",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write"},
    catches={"get-extra-bytes", "get-empty", "get-reset", "get-endless", "get-short"},
    rows={"DAV-14"},
)
def test_get_sends_the_content_and_nothing_else(se: StorageElement, expect: Expect) -> None:
    """GET must send the bytes of the file, no more and no fewer.

    Downloads without a checksum are the rule in analysis jobs: what a server adds or leaves out
    goes into the results.
    """
    path, data = se.workdir / "f", bytes(range(256)) * 64
    expect.control(se.put(path, data))

    expect.content(se, path, data)


@check(
    req="rfc9110/server-error",
    level=SHOULD,
    severity=LOW,
    needs={"webdav", "write"},
    catches={"get-collection-500"},
    rows={"DAV-16", "B4.29"},
)
def test_get_of_collection_is_no_server_error(se: StorageElement, expect: Expect) -> None:
    """GET of a collection should give a listing or be refused, but not as a server error.

    Browsers and monitoring probes ask for directories all day: each server error among them is
    an alarm at night, or hides the real one.
    """
    path = se.workdir / "d"
    expect.control(se.mkcol(path))

    reply = se.get(f"{quote(str(path))}/")

    expect.answered(reply)
    expect.that(reply.status < SERVER_ERROR, "GET answers below 500", reply.describe())


@check(
    req="rfc9110/head-no-content",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"head-sends-body"},
    rows={"DAV-17"},
)
def test_head_sends_no_body(se: StorageElement, expect: Expect) -> None:
    """The answer to HEAD must not have a body.

    On a connection that is kept, a client takes those bytes for the next answer: from then on
    every file gets the answer that belongs to another.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"thirteen byte"))
    expect.control(se.get(path))

    expect.success(se.head(path, headers={"Connection": "close"}))


@check(
    req="rfc9110/head-same-fields",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"head-wrong-length", "etag-unstable"},
    rows={"DAV-17"},
)
def test_head_and_get_agree(se: StorageElement, expect: Expect) -> None:
    """What HEAD and GET both say about a file should be the same.

    Clients ask with HEAD and compare with what they then get; where the two disagree, each
    download looks like a file that was changed on the way.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"thirteen byte"))
    head, get = se.head(path), se.get(path)
    expect.control(get)
    expect.control(head)

    told = ("Content-Length", "ETag", "Last-Modified", "Content-Type")
    both = [name for name in told if name in head.headers and name in get.headers]
    by_head = {name: head.headers[name] for name in both}
    expect.equal(by_head, {name: get.headers[name] for name in both}, "headers of HEAD")
