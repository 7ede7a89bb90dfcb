"""The document that leads from a WebDAV door to its tape API."""

from collections import Counter

from lakeproof import (
    HIGH,
    MEDIUM,
    MUST,
    SHOULD,
    DiscoveryOf,
    Expect,
    StorageElement,
    check,
)


@check(
    req="tape/discovery",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "tape-door"},
    catches={"tape-discovery-missing", "tape-discovery-one-address", "tape-discovery-html"},
    rows={"TAP-01"},
)
def test_every_door_leads_to_the_tape_api(
    doors: tuple[StorageElement, ...], discovery: DiscoveryOf, expect: Expect
) -> None:
    """Every address of a door must have /.well-known/wlcg-tape-rest-api, in JSON.

    Transfer services have nothing but the URL of a file; without this document they take the
    storage for one without tape, and what lies on tape cannot be read.
    """

    def judge(door: StorageElement) -> None:
        found = discovery(door)
        expect.success(found.reply)
        expect.that(bool(found.document), "a JSON object", found.reply.text[:80])

    expect.every(doors, judge)


@check(
    req="tape/sitename",
    level=MUST,
    severity=MEDIUM,
    needs={"webdav", "tape-door"},
    catches={"tape-discovery-no-sitename"},
    rows={"TAP-01"},
)
def test_document_names_the_site(
    se: StorageElement, discovery: DiscoveryOf, expect: Expect
) -> None:
    """The discovery document must have a sitename.

    Metadata of a request are addressed to that name; gfal2 and FTS give the storage up
    without it.
    """
    found = discovery(se)
    expect.given(bool(found.document), f"there is no document: {found.reply.describe()}")

    expect.that(found.sitename != "", "a sitename", found.reply.text[:120])


@check(
    req="tape/endpoints",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "tape-door"},
    catches={"tape-discovery-no-version", "tape-discovery-twice"},
    rows={"TAP-01"},
)
def test_each_version_is_named_once(
    se: StorageElement, discovery: DiscoveryOf, expect: Expect
) -> None:
    """The discovery document must name exactly one endpoint for each version of the API.

    Clients look for the version that they speak; without it they find none, with two of it
    each takes another one.
    """
    found = discovery(se)
    expect.given(bool(found.document), f"there is no document: {found.reply.describe()}")

    versions = Counter(str(one.get("version", "")) for one in found.endpoints)

    expect.that(len(versions) > 0, "at least one endpoint", "none")
    expect.that("" not in versions, "a version of each endpoint", found.reply.text[:120])
    expect.equal([name for name, count in versions.items() if count > 1], [], "named twice")


@check(
    req="tape/uri",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "tape-door"},
    catches={"tape-discovery-plain-http"},
    rows={"TAP-01"},
)
def test_tape_api_is_named_by_an_https_url(
    se: StorageElement, discovery: DiscoveryOf, expect: Expect
) -> None:
    """The discovery document should name its endpoints by whole https URLs.

    Clients send tokens there: over plain http everybody on the way can read them, and a path
    alone is no URL to go to.
    """
    found = discovery(se)
    expect.given(len(found.endpoints) > 0, "the document names no endpoint")

    named = [str(one.get("uri", "")) for one in found.endpoints]

    expect.equal([uri for uri in named if not uri.startswith("https://")], [], "not by https")
