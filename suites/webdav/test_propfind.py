"""The forms of PROPFIND: what is asked for, how deep, by whom, and what the answer may hold."""

from lakeproof import ANONYMOUS, HIGH, LOW, MEDIUM, MUST, SHOULD, Expect, StorageElement, check

SIZE_ONLY = (
    b'<?xml version="1.0" encoding="utf-8"?>\n'
    b'<D:propfind xmlns:D="DAV:"><D:prop><D:getcontentlength/></D:prop></D:propfind>'
)
NAMES_ONLY = (
    b'<?xml version="1.0" encoding="utf-8"?>\n<D:propfind xmlns:D="DAV:"><D:propname/></D:propfind>'
)
NOT_XML = b'<?xml version="1.0"?><D:propfind xmlns:D="DAV:"><D:prop>'
# A body that is not taken in must not meet the next check's request.
LAST = {"Connection": "close"}


@check(
    req="rfc4918/propfind-prop",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"propfind-ignores-prop"},
    rows={"DAV-25"},
)
def test_propfind_gives_the_property_asked_for(se: StorageElement, expect: Expect) -> None:
    """PROPFIND that asks for one property must give that property.

    davix, gfal and Rucio ask for what they need and nothing else; without it they report a
    size of 0 or an error for a file that is there.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"thirteen byte"))

    found = expect.multistatus(se.propfind(path, 0, body=SIZE_ONLY))

    expect.equal([entry.size for entry in found], [13], "getcontentlength")


@check(
    req="rfc4918/propfind-propname",
    level=SHOULD,
    severity=LOW,
    needs={"webdav", "write"},
    catches={"propfind-propname-refused"},
    rows={"DAV-25"},
)
def test_propname_names_properties(se: StorageElement, expect: Expect) -> None:
    """PROPFIND with propname should name the properties of a file.

    Generic WebDAV clients and mounts find out with it what a server knows.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"any"))

    found = expect.multistatus(se.propfind(path, 0, body=NAMES_ONLY))

    named = {name for entry in found for name in entry.properties}
    expect.that("{DAV:}getcontentlength" in named, "getcontentlength is named", f"{sorted(named)}")


@check(
    req="rfc4918/propfind-empty-body",
    level=MUST,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"propfind-no-body-400"},
    rows={"DAV-25"},
)
def test_propfind_without_body_gives_all(se: StorageElement, expect: Expect) -> None:
    """PROPFIND without a body must be answered like one that asks for all properties.

    curl users, monitoring and several clients send none; a refusal looks as if the endpoint
    were down.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"thirteen byte"))

    found = expect.multistatus(se.propfind(path, 0, body=b""))

    expect.equal([entry.size for entry in found], [13], "getcontentlength")


@check(
    req="rfc4918/xml-not-well-formed",
    level=SHOULD,
    severity=LOW,
    needs={"webdav", "write"},
    catches={"propfind-bad-body-500", "propfind-bad-body-accepted"},
    rows={"DAV-25", "B4.29"},
)
def test_propfind_with_broken_xml_answers_400(se: StorageElement, expect: Expect) -> None:
    """PROPFIND whose body is not well-formed XML should be answered 400.

    A body that was cut off on the way asks for something else than the client did; answered
    with 207, the mistake shows up elsewhere.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"any"))
    expect.control(se.propfind(path, 0))

    expect.status(se.propfind(path, 0, body=NOT_XML, headers=LAST), 400)


@check(
    req="rfc4918/depth-1",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"propfind-depth-1-on-file-fails"},
    rows={"DAV-25"},
)
def test_depth_1_on_file_is_the_file(se: StorageElement, expect: Expect) -> None:
    """PROPFIND with Depth 1 on a file must describe that file.

    Clients that do not know yet whether a path is a directory ask like this; with an error
    they say that the file does not exist.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"thirteen byte"))

    found = expect.multistatus(se.propfind(path, 1))

    expect.equal([(e.path, e.size) for e in found], [(path, 13)], "resources in the answer")


@check(
    req="rfc4918/depth-infinity",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"propfind-infinity-is-1"},
    rows={"DAV-25"},
)
def test_depth_infinity_is_refused_or_complete(se: StorageElement, expect: Expect) -> None:
    """PROPFIND with Depth infinity should be refused, or list everything below.

    A listing that stops at the first level and does not say so makes everything deeper look
    lost.
    """
    path = se.workdir / "d"
    expect.control(se.mkcol(path))
    expect.control(se.mkcol(path / "e"))
    expect.control(se.put(path / "e" / "deep", b"any"))

    reply = se.propfind(path, "infinity")

    expect.answered(reply)
    if reply.ok:
        names = sorted(entry.path.name for entry in expect.multistatus(reply))
        expect.equal(names, ["d", "deep", "e"], "names in the listing")
    else:
        expect.refused(reply)


@check(
    req="rfc4918/xml-entities",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"propfind-bomb"},
    rows={"DAV-25"},
)
def test_propfind_answer_declares_no_entities(se: StorageElement, expect: Expect) -> None:
    """The answer to PROPFIND must be plain XML, without a DTD and without entities.

    A few hundred bytes of nested entities become gigabytes in a client's memory; one bad
    answer brings down a transfer service.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"any"))

    reply = se.propfind(path, 0)

    expect.control(reply)
    expect.that(b"<!DOCTYPE" not in reply.body, "XML without a DTD", f"it begins {reply.text[:60]}")
    expect.multistatus(reply)


@check(
    req="rfc9110/refusal-is-4xx",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write", "tokens"},
    catches={"propfind-denied-500"},
    rows={"B4.29"},
)
def test_denied_propfind_is_no_server_error(se: StorageElement, expect: Expect) -> None:
    """PROPFIND without a credential should not be answered with a server error.

    A client that forgot its token is told that the storage is broken, and so is its
    operator.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"any"))
    expect.control(se.propfind(path, 0))

    expect.status(se.propfind(path, 0, auth=ANONYMOUS), 401, 403, 404, 207)
