"""Files and collections: what every dialect must get right."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import pytest
from defusedxml import ElementTree

from lakeproof.emulator import dialect_names

from .conftest import Element

CONTENT = bytes(range(256)) * 40


@pytest.mark.parametrize("dialect", dialect_names())
def test_a_file_lives_and_dies(element: Element, dialect: str) -> None:
    client = element(dialect=dialect)
    assert client("MKCOL", "/dir").status_code == 201
    assert client("PUT", "/dir/a%20b%23%25", data=CONTENT).status_code in {200, 201}
    assert client("GET", "/dir/a%20b%23%25").content == CONTENT
    head = client("HEAD", "/dir/a%20b%23%25", headers={"Want-Digest": "adler32"})
    assert head.headers["Content-Length"] == str(len(CONTENT))
    assert head.headers["Digest"] == f"adler32={zlib.adler32(CONTENT):08x}"
    assert client("PUT", "/dir/a%20b%23%25", data=b"new").status_code in {200, 201, 204}
    assert client("GET", "/dir/a%20b%23%25").content == b"new"
    moved = client("MOVE", "/dir/a%20b%23%25", headers={"Destination": "/data/dir/c"})
    assert moved.status_code == 201
    assert client("GET", "/dir/a%20b%23%25").status_code == 404
    assert client("DELETE", "/dir/c").status_code in {200, 204}
    assert client("HEAD", "/dir/c").status_code == 404
    assert client("DELETE", "/dir/").status_code in {200, 204}


@pytest.mark.parametrize("dialect", dialect_names())
def test_a_listing_names_every_member_with_its_size(element: Element, dialect: str) -> None:
    client = element(dialect=dialect)
    client("MKCOL", "/dir")
    for name in ("one", "t%20wo", "%C3%BC"):
        client("PUT", f"/dir/{name}", data=b"1234")
    listing = client("PROPFIND", "/dir", headers={"Depth": "1"})
    assert listing.status_code == 207
    found = ElementTree.fromstring(listing.content)
    hrefs = [str(e.text).rpartition("/data")[2] for e in found.iter("{DAV:}href")]
    assert sorted(hrefs) == ["/dir/", "/dir/%C3%BC", "/dir/one", "/dir/t%20wo"]
    assert [e.text for e in found.iter("{DAV:}getcontentlength")] == ["4", "4", "4"]


def test_a_chunked_upload_is_stored_whole(element: Element) -> None:
    client = element()

    def chunks() -> Iterator[bytes]:
        for _ in range(10):
            yield CONTENT

    assert client("PUT", "/f", data=chunks()).status_code == 201
    assert client("GET", "/f").content == CONTENT * 10


def test_an_empty_file_has_its_digest(element: Element) -> None:
    client = element()
    assert client("PUT", "/f", data=b"").status_code == 201
    head = client("HEAD", "/f", headers={"Want-Digest": "adler32"})
    assert (head.headers["Content-Length"], head.headers["Digest"]) == ("0", "adler32=00000001")


@pytest.mark.parametrize(
    ("wanted", "status", "expected"),
    [
        ("bytes=0-9", 206, CONTENT[:10]),
        ("bytes=10-", 206, CONTENT[10:]),
        ("bytes=-7", 206, CONTENT[-7:]),
        ("bytes=10230-99999", 206, CONTENT[10230:]),
        ("bytes=5-2", 200, CONTENT),
        ("lines=1-2", 200, CONTENT),
    ],
)
def test_ranges(element: Element, wanted: str, status: int, expected: bytes) -> None:
    client = element()
    client("PUT", "/f", data=CONTENT)
    reply = client("GET", "/f", headers={"Range": wanted})
    assert (reply.status_code, reply.content) == (status, expected)


def test_a_range_beyond_the_end_names_the_length(element: Element) -> None:
    client = element()
    client("PUT", "/f", data=b"abc")
    reply = client("GET", "/f", headers={"Range": "bytes=3-"})
    assert (reply.status_code, reply.headers["Content-Range"]) == (416, "bytes */3")


def test_several_ranges_come_in_parts(element: Element) -> None:
    client = element()
    client("PUT", "/f", data=CONTENT)
    reply = client("GET", "/f", headers={"Range": "bytes=1-2,5-6"})
    boundary = reply.headers["Content-Type"].partition("boundary=")[2]
    assert reply.status_code == 206
    assert reply.content.count(f"--{boundary}".encode()) == 3
    assert b"Content-Range: bytes 5-6/10240\r\n\r\n\x05\x06\r\n" in reply.content


def test_conditions_on_reads_and_writes(element: Element) -> None:
    client = element()
    tag = client("PUT", "/f", data=b"1").headers["ETag"]
    assert client("GET", "/f", headers={"If-None-Match": tag}).status_code == 304
    assert client("GET", "/f", headers={"If-Match": '"x"'}).status_code == 412
    assert client("PUT", "/f", data=b"2", headers={"If-None-Match": "*"}).status_code == 412
    assert client("PUT", "/f", data=b"2", headers={"If-Match": '"x"'}).status_code == 412
    assert client("GET", "/f").content == b"1"


def test_an_upload_with_a_wrong_digest_leaves_nothing(element: Element) -> None:
    client = element()
    for header in ({"Digest": "adler32=00000001"}, {"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="}):
        assert client("PUT", "/f", data=b"abc", headers=header).status_code == 400
        assert client("GET", "/f").status_code == 404
    right = {"Digest": "adler32=024d0127"}
    assert client("PUT", "/f", data=b"abc", headers=right).status_code == 201


def test_collections_refuse_what_they_must(element: Element) -> None:
    client = element()
    client("MKCOL", "/dir")
    client("PUT", "/dir/f", data=b"x")
    assert client("MKCOL", "/dir").status_code == 405
    assert client("MKCOL", "/no/dir").status_code == 409
    assert client("MKCOL", "/body", data=b"<x/>").status_code == 415
    assert client("PUT", "/dir", data=b"x").status_code == 409
    assert client("PUT", "/dir/f/g", data=b"x").status_code == 409
    assert client("DELETE", "/dir").status_code == 409
    assert client("DELETE", "/none").status_code == 404
    assert client("PROPFIND", "/none", headers={"Depth": "0"}).status_code == 404
    assert client("PROPFIND", "/dir", headers={"Depth": "0"}, data="<x").status_code == 400
    assert client("FROBNICATE", "/dir").status_code == 501


def test_moving(element: Element) -> None:
    client = element()
    client("PUT", "/a", data=b"a")
    client("PUT", "/b", data=b"b")
    keep = {"Destination": f"{client.server.url}/data/b", "Overwrite": "F"}
    assert client("MOVE", "/a", headers=keep).status_code == 412
    assert client("MOVE", "/a", headers={"Destination": "/data/a"}).status_code == 403
    assert client("MOVE", "/none", headers={"Destination": "/data/c"}).status_code == 404
    assert client("MOVE", "/a", headers={"Destination": "/data/no/c"}).status_code == 409
    assert client("MOVE", "/a", headers={"Destination": "/data/b"}).status_code == 204
    assert client("GET", "/b").content == b"a"


def test_a_path_cannot_climb(element: Element) -> None:
    client = element()
    client("PUT", "/f", data=b"x")
    for path in ("/%2e%2e/%2e%2e/etc/passwd", "/a/%2e%2e/f", "/a%2f..%2ff", "/f%00"):
        assert client("GET", path).status_code == 400


def test_a_full_area_answers_507(element: Element) -> None:
    client = element(quota=1000)
    assert client("PUT", "/f", data=bytes(2000)).status_code == 507
    assert client("GET", "/f").status_code == 404
    used = client("PROPFIND", "/", headers={"Depth": "0"})
    assert b"quota-available-bytes>1000<" in used.content
