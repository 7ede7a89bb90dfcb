"""How a refusal is said: an answer, the right kind of code, a reason that gives nothing away."""

import re

from lakeproof import HIGH, LOW, MEDIUM, MUST, SHOULD, Expect, StorageElement, check

SERVER_ERROR = 500
# What a Java, Python or C++ program prints when it has lost its way.
TRACE = re.compile(
    r"Traceback \(most recent call last\)|^\s*at [\w.$<>]+\([\w.]+(:\d+)?\)|^#\d+ +0x[0-9a-f]+ in ",
    re.MULTILINE,
)


@check(
    req="lakeproof/no-trace",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"error-leaks-trace"},
    rows={"B4.29"},
)
def test_errors_show_no_stack_trace(se: StorageElement, expect: Expect) -> None:
    """The body of an error should not hold a stack trace of the server.

    It tells an attacker which libraries of which version to look at, and a user nothing.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"a file"))

    replies = [se.get(se.workdir / "none"), se.put(path / "below", b"x"), se.delete(path / "below")]

    for reply in replies:
        expect.refused(reply)
        found = TRACE.search(reply.body.decode("utf-8", "replace"))
        shown = found[0].strip() if found else ""
        expect.that(not shown, "no stack trace in an error's body", f"{reply.method}: {shown}")


@check(
    req="rfc9112/response",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"error-empty-reply"},
    rows={"B4.29"},
)
def test_refusals_are_answered(se: StorageElement, expect: Expect) -> None:
    """A request that fails must be answered, not just cut off.

    A closed connection looks like a network problem: clients try again for hours what can never
    work, and the log of the site shows nothing.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"a file"))

    expect.answered(se.get(se.workdir / "none"))
    expect.answered(se.head(se.workdir / "none"))
    expect.answered(se.delete(se.workdir / "none"))
    expect.answered(se.put(path / "below", b"x"))


@check(
    req="rfc9110/status-describes-result",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"error-html-login"},
    rows={"B4.29"},
)
def test_failure_is_no_page_with_success_code(se: StorageElement, expect: Expect) -> None:
    """What fails must not be answered with a success code and a page for people.

    Programs look at the code only: they store the login page as the file, register its checksum,
    and the loss is noticed when somebody opens it.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"a file"))

    expect.refused(se.get(se.workdir / "none"))
    expect.refused(se.delete(se.workdir / "none"))
    expect.refused(se.put(path / "below", b"x"))


@check(
    req="rfc4918/put-parent",
    level=SHOULD,
    severity=LOW,
    needs={"webdav", "write"},
    catches={"put-parent-500"},
    rows={"DAV-06", "B4.29"},
)
def test_put_without_parent_creates_or_refuses(se: StorageElement, expect: Expect) -> None:
    """An upload below a missing collection should create it, or be refused with 404 or 409.

    Upload tools make the directory and try again when they see 409; after a server error they
    give up or try the same again.
    """
    path = se.workdir / "nowhere" / "f"

    reply = se.put(path, b"content")

    if reply.ok:
        expect.content(se, path, b"content")
    else:
        expect.status(reply, 403, 404, 409)


@check(
    req="rfc9110/server-error",
    level=SHOULD,
    severity=LOW,
    needs={"webdav", "write"},
    catches={"put-parent-is-file-500"},
    rows={"DAV-06", "B4.29"},
)
def test_put_below_a_file_is_a_client_error(se: StorageElement, expect: Expect) -> None:
    """An upload to a path below a file should be refused as the client's mistake (4xx).

    A server error is tried again and again by transfer services, and sends the site's admin
    looking for a fault that is not there.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"a file"))

    reply = se.put(path / "below", b"content")

    expect.unchanged(se, path, b"a file")
    expect.refused(reply)
    expect.that(
        reply.status < SERVER_ERROR, "PUT is refused with a code below 500", reply.describe()
    )


@check(
    req="rfc4918/put-collection",
    level=SHOULD,
    severity=LOW,
    needs={"webdav", "write"},
    catches={"put-over-collection-500"},
    rows={"DAV-07", "B4.29"},
)
def test_put_over_collection_is_a_client_error(se: StorageElement, expect: Expect) -> None:
    """An upload onto a collection should be refused as the client's mistake (4xx).

    A server error is tried again and again by transfer services, although it can never work.
    """
    path = se.workdir / "d"
    expect.control(se.mkcol(path))

    reply = se.put(path, b"not a directory")

    expect.refused(reply)
    expect.that(
        reply.status < SERVER_ERROR, "PUT is refused with a code below 500", reply.describe()
    )
