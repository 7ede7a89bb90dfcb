"""Multistatus bodies as they are written in the field, and what is not one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import PurePosixPath

import pytest

from lakeproof.wire.webdav import BadMultistatus, parse_multistatus

BASE = "https://se.example.org:8443/data/run"


def response(href: str, props: str = "", status: str = "HTTP/1.1 200 OK") -> str:
    return (
        f"<D:response><D:href>{href}</D:href><D:propstat><D:prop>{props}</D:prop>"
        f"<D:status>{status}</D:status></D:propstat></D:response>"
    )


def document(*responses: str) -> bytes:
    inner = "".join(responses)
    head = '<?xml version="1.0" encoding="utf-8"?>'
    return f'{head}<D:multistatus xmlns:D="DAV:">{inner}</D:multistatus>'.encode()


@pytest.mark.parametrize(
    ("href", "path"),
    [
        ("/data/run/f", "/data/run/f"),
        ("https://se.example.org:8443/data/run/f", "/data/run/f"),
        ("https://10.0.0.1/data/run/f?x=1", "/data/run/f"),
        ("/data/run/a%20b%23%25", "/data/run/a b#%"),
        ("/data/run/%C3%BC", "/data/run/ü"),
        ("/data/run/ü", "/data/run/ü"),
        ("//data/run/f", "/data/run/f"),
        ("/data/run/d/", "/data/run/d"),
        ("f", "/data/f"),
        ("\n  /data/run/f \n", "/data/run/f"),
    ],
)
def test_hrefs(href: str, path: str) -> None:
    (entry,) = parse_multistatus(document(response(href)), BASE)

    assert entry.path == PurePosixPath(path)


def test_properties() -> None:
    props = (
        "<D:resourcetype/><D:getcontentlength>12</D:getcontentlength>"
        "<D:getlastmodified>Sun, 06 Nov 1994 08:49:37 GMT</D:getlastmodified>"
        '<D:getetag>"abc"</D:getetag><x:Checksums xmlns:x="urn:x">adler32=1</x:Checksums>'
    )
    missing = (
        "<D:propstat><D:prop><D:quota/></D:prop>"
        "<D:status>HTTP/1.1 404 Not Found</D:status></D:propstat></D:response>"
    )
    body = document(response("/f", props).replace("</D:response>", missing))

    (entry,) = parse_multistatus(body, BASE)

    assert (entry.is_collection, entry.size, entry.etag) == (False, 12, '"abc"')
    assert entry.modified == datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)
    assert entry.properties["{urn:x}Checksums"] == "adler32=1"
    assert "{DAV:}quota" not in entry.properties


@pytest.mark.parametrize(
    ("href", "props", "is_collection"),
    [
        ("/d", "<D:resourcetype><D:collection/></D:resourcetype>", True),
        ("/d/", "<D:resourcetype/>", False),
        ("/d/", "", True),
        ("/f", "", False),
        ("/d", "<D:iscollection>1</D:iscollection>", True),
        ("/f", "<D:iscollection>0</D:iscollection>", False),
    ],
)
def test_collections(href: str, props: str, is_collection: bool) -> None:
    (entry,) = parse_multistatus(document(response(href, props)), BASE)

    assert entry.is_collection is is_collection


def test_nonsense_values_are_none() -> None:
    props = "<D:getcontentlength>-1</D:getcontentlength><D:getlastmodified>x</D:getlastmodified>"
    (entry,) = parse_multistatus(document(response("/f", props)), BASE)

    assert (entry.size, entry.modified) == (None, None)


def test_a_missing_member_is_left_out() -> None:
    gone = "<D:response><D:href>/g</D:href><D:status>HTTP/1.1 404 No</D:status></D:response>"
    entries = parse_multistatus(document(response("/f"), gone), BASE)

    assert [str(entry.path) for entry in entries] == ["/f"]


BILLION_LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    b'<D:multistatus xmlns:D="DAV:">&b;</D:multistatus>'
)
OUTSIDE = (
    b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    b'<D:multistatus xmlns:D="DAV:">&a;</D:multistatus>'
)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (BILLION_LAUGHS, "entities"),
        (OUTSIDE, "entities"),
        (b"<html><body>Hello<br></body></html>", "HTML"),
        (b"<html/>", "is a html"),
        (b"", "empty"),
        (b"not xml", "not well-formed"),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', "not well-formed"),
        (document("<D:response><D:prop/></D:response>"), "no href"),
        (document(response("/f"))[:-20], "not well-formed"),
        (b'<multistatus xmlns="urn:x"/>', "expected a {DAV:}multistatus"),
        (document(response("http://[bad/f")), "not a URL"),
    ],
)
def test_what_is_no_multistatus(body: bytes, words: str) -> None:
    with pytest.raises(BadMultistatus) as caught:
        parse_multistatus(body, BASE)

    assert words in caught.value.sentence
