"""What the door says about methods, and what it does with those it does not have."""

from lakeproof import HIGH, LOW, MEDIUM, SHOULD, Bearer, Expect, StorageElement, check

READING_AND_WRITING = {"GET", "HEAD", "PUT", "DELETE", "PROPFIND"}


def _allowed(said: str) -> set[str]:
    return {method.strip().upper() for method in said.split(",") if method.strip()}


@check(
    req="rfc4918/dav-header",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"options-no-allow", "options-500"},
    rows={"NET-14"},
)
def test_options_states_webdav_class_1(se: StorageElement, expect: Expect) -> None:
    """OPTIONS should succeed and say in a DAV header that WebDAV class 1 is supported.

    gfal, davix, rclone and every file manager ask this first and talk plain HTTP, without
    listing or renaming, to a server that does not say so.
    """
    reply = se.options(se.workdir)

    expect.success(reply)
    classes = _allowed(reply.headers.get("DAV", ""))
    expect.that("1" in classes, "a DAV header with class 1", f"DAV: {', '.join(classes) or 'none'}")


@check(
    req="rfc9110/allow",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"options-no-allow", "options-incomplete", "options-500"},
    rows={"NET-14"},
)
def test_allow_lists_reading_and_writing(se: StorageElement, expect: Expect) -> None:
    """OPTIONS should list GET, HEAD, PUT, DELETE and PROPFIND in Allow.

    Clients and monitoring decide by this list what an endpoint is good for, and take one
    that does not list PUT for read-only.
    """
    reply = se.options(se.workdir)

    expect.success(reply)
    missing = READING_AND_WRITING - _allowed(reply.headers.get("Allow", ""))
    expect.equal(sorted(missing), [], "methods that Allow leaves out")


@check(
    req="rfc9110/allow",
    level=SHOULD,
    severity=LOW,
    needs={"webdav", "write"},
    catches={"options-no-allow", "options-incomplete"},
    rows={"NET-14"},
)
def test_allow_lists_mkcol_and_move(se: StorageElement, expect: Expect) -> None:
    """OPTIONS should list MKCOL and MOVE in Allow when they work.

    A client that believes the list makes no directories and uploads without renaming, or
    gives up.
    """
    made = se.workdir / "d"
    expect.control(se.mkcol(made))
    expect.control(se.move(made, se.workdir / "e"))

    missing = {"MKCOL", "MOVE"} - _allowed(se.options(se.workdir).headers.get("Allow", ""))

    expect.equal(sorted(missing), [], "methods that work and that Allow leaves out")


@check(
    req="rfc9110/unknown-method",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"method-unknown-500", "method-unknown-200"},
    rows={"NET-16", "B4.29"},
)
def test_unknown_method_is_not_implemented(se: StorageElement, expect: Expect) -> None:
    """A method that nobody knows should be answered 501 or 405.

    A server that treats it as GET is open to whatever a proxy in front does not filter; one
    that answers 500 sets off its own alarms.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"as it was"))

    reply = se.request("FROBNICATE", path)

    expect.unchanged(se, path, b"as it was")
    expect.status(reply, 501, 405)


@check(
    req="rfc9110/method-not-allowed",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"method-unknown-500", "method-unknown-200"},
    rows={"NET-16", "B4.29"},
)
def test_patch_of_unknown_format_is_refused(se: StorageElement, expect: Expect) -> None:
    """PATCH in a format that no server knows should be refused with 4xx or 501.

    A storage that answers 2xx to a change it did not make loses that change; stored data
    never change in place.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"as it was"))
    # A body that is not taken in must not meet the next check's request.
    kind = {"Content-Type": "application/x-lakeproof-patch", "Connection": "close"}

    reply = se.request("PATCH", path, headers=kind, body=b"no such format")

    expect.unchanged(se, path, b"as it was")
    expect.status(reply, 501, 405, 415, 400, 403, 404, 409, 422)


@check(
    req="rfc9110/method-not-allowed",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"method-post-as-get"},
    rows={"NET-16", "B4.29"},
)
def test_post_on_file_is_refused(se: StorageElement, expect: Expect) -> None:
    """POST on a file should be refused and must not read or change it.

    A form on any web page can send a POST; where it works as a download, it reads with the
    rights of whoever visits that page with a certificate in the browser.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"as it was"))
    kind = {"Content-Type": "application/octet-stream"}

    reply = se.request("POST", path, headers=kind, body=b"")

    expect.unchanged(se, path, b"as it was")
    expect.refused(reply)


@check(
    req="rfc9110/trace",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"method-trace"},
    rows={"NET-16"},
)
def test_trace_does_not_echo_credentials(se: StorageElement, expect: Expect) -> None:
    """TRACE should be refused, or answered without the request's Authorization.

    Whatever echoes a request hands the token in it to any script, proxy or log that sees
    the answer. The token sent here is a made-up word.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"any"))
    word = f"trace-canary-{path.parent.name[-6:]}"

    reply = se.request("TRACE", path, auth=Bearer(word, label="a made-up word"))

    expect.answered(reply)
    seen = word.encode() in reply.body
    expect.that(not seen, "an answer without the Authorization header", "TRACE echoes it")
