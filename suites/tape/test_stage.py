"""Stage requests for files that are on disk: no tape is mounted for any of these checks."""

import re
from urllib.parse import urlsplit

from lakeproof import (
    HIGH,
    LOW,
    MEDIUM,
    MUST,
    SHOULD,
    DiscoveryOf,
    Expect,
    StorageElement,
    TapeDesk,
    check,
)

FOREIGN = {"site.example.org": {"activity": "lakeproof"}}


@check(
    req="tape/on-disk",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "tape", "write"},
    catches={"tape-stage-500", "tape-staging-off", "tape-on-disk-rejected"},
    rows={"TAP-03"},
)
def test_request_for_a_file_on_disk_is_accepted(
    se: StorageElement, desk: TapeDesk, expect: Expect
) -> None:
    """A stage request must be accepted although its files are on disk already.

    A transfer service does not know what is on disk; where that is an error, the files that
    could be read at once are those whose transfer fails.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"data"))

    expect.success(desk.stage(path))


@check(
    req="tape/request-id",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "tape", "write"},
    catches={"tape-stage-no-id"},
    rows={"TAP-03"},
)
def test_accepted_request_has_an_id(se: StorageElement, desk: TapeDesk, expect: Expect) -> None:
    """The answer to a stage request must hold its requestId.

    Without it nobody can ask how far the request is, or release its files.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"data"))

    reply = desk.stage(path)

    expect.control(reply)
    named = re.search(r'"requestId"\s*:\s*"([^"]+)"', reply.text)
    expect.that(named is not None, "a requestId", f"{reply.describe()}, {reply.text[:80]}")


@check(
    req="tape/location",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "tape", "write"},
    catches={"tape-stage-no-location", "tape-stage-wrong-location"},
    rows={"TAP-03"},
)
def test_location_leads_to_the_request(se: StorageElement, desk: TapeDesk, expect: Expect) -> None:
    """Location of an accepted stage request should be the URL of the request.

    A client that follows it instead of building the URL itself otherwise finds nothing.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"data"))
    reply = desk.stage(path)
    request = desk.id_of(reply)

    location = reply.headers.get("Location", "")

    expect.that(location != "", "a Location", "none")
    expect.equal(urlsplit(location).path.rstrip("/").rpartition("/")[2], request, "Location")


@check(
    req="tape/on-disk-state",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "tape", "write"},
    catches={"tape-on-disk-failed"},
    rows={"TAP-03"},
)
def test_file_on_disk_is_done(se: StorageElement, desk: TapeDesk, expect: Expect) -> None:
    """A file that is on disk should be COMPLETED in its stage request, or onDisk.

    Whoever waits for it takes FAILED for a file that cannot be had.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"data"))
    request = desk.request(path)

    seen = desk.settled(request, path)

    expect.that(seen.on_disk(path), "COMPLETED, or onDisk", str(seen.of(path))[:160])


@check(
    req="tape/disk-lifetime",
    level=MUST,
    severity=MEDIUM,
    needs={"webdav", "tape", "write"},
    catches={"tape-lifetime-refused"},
    rows={"TAP-03"},
)
def test_lifetime_in_days_and_hours_is_accepted(
    se: StorageElement, desk: TapeDesk, expect: Expect
) -> None:
    """Every ISO 8601 duration must be accepted as diskLifetime, whether it is used or not.

    A campaign asks for days; refused, none of its files is staged.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"data"))
    expect.control(desk.stage(path))

    expect.success(desk.stage({"path": str(path), "diskLifetime": "P1DT12H"}))


@check(
    req="tape/foreign-metadata",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "tape", "write"},
    catches={"tape-foreign-metadata-refused"},
    rows={"TAP-08"},
)
def test_metadata_for_another_site_are_ignored(
    se: StorageElement, desk: TapeDesk, expect: Expect
) -> None:
    """A request whose targetedMetadata are for another site must be accepted all the same.

    Experiments send the same metadata to all sites; one that refuses them gets no requests
    at all.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"data"))
    expect.control(desk.stage(path))

    expect.success(desk.stage({"path": str(path), "targetedMetadata": FOREIGN}))


@check(
    req="tape/site-specific",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "tape", "write"},
    catches={"tape-own-metadata-refused"},
    rows={"TAP-08"},
)
def test_metadata_for_this_site_are_accepted(
    se: StorageElement, desk: TapeDesk, discovery: DiscoveryOf, expect: Expect
) -> None:
    """A request with targetedMetadata for this very site must not be refused.

    FTS passes on what an experiment says of a file; where the site does not know the words,
    the file is to be staged nevertheless.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"data"))
    expect.control(desk.stage(path))
    site = discovery(se).sitename
    expect.given(site != "", "the site's name is not told, which is a check of its own")

    own = {site: {"activity": "lakeproof"}}

    expect.success(desk.stage({"path": str(path), "targetedMetadata": own}))


@check(
    req="tape/site-specific",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "tape", "write"},
    catches={"tape-extra-key-refused", "tape-extra-file-key-refused"},
    rows={"TAP-08"},
)
def test_unknown_keys_are_ignored(se: StorageElement, desk: TapeDesk, expect: Expect) -> None:
    """Keys that the API does not have must be ignored, in a request and in its files.

    A client that has learnt something new for one site sends it to all of them.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"data"))
    expect.control(desk.stage(path))

    expect.success(desk.stage({"path": str(path), "lakeproof": {"note": "ignore me"}}))
    expect.success(desk.stage(path, more={"lakeproof": {"note": "ignore me"}}))


@check(
    req="tape/completed",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "tape", "write"},
    catches={"tape-missing-completed"},
    rows={"TAP-03", "TAP-04"},
)
def test_missing_file_is_never_done(se: StorageElement, desk: TapeDesk, expect: Expect) -> None:
    """A file that does not exist must not be COMPLETED, nor onDisk.

    The transfer that follows fails, and is blamed on the door and not on the missing file.
    """
    path, missing = se.workdir / "f", se.workdir / "missing"
    expect.control(se.put(path, b"data"))
    request = desk.request(path, missing)

    seen = desk.settled(request, missing)

    expect.that(not seen.on_disk(missing), "FAILED", str(seen.of(missing))[:160])


@check(
    req="tape/not-for-tape",
    level=SHOULD,
    severity=LOW,
    needs={"webdav", "tape", "write"},
    catches={"tape-collection-completed"},
    rows={"TAP-03"},
)
def test_collection_fails_by_itself(se: StorageElement, desk: TapeDesk, expect: Expect) -> None:
    """A collection in a stage request should fail with an error of its own.

    Whoever meant the files in it takes them for staged.
    """
    path, collection = se.workdir / "f", se.workdir / "collection"
    expect.control(se.put(path, b"data"))
    expect.control(se.mkcol(collection))
    request = desk.request(path, collection)

    seen = desk.settled(request, collection)

    expect.that(bool(seen.of(collection).get("error")), "an error", str(seen.of(collection))[:160])


@check(
    req="tape/not-for-tape",
    level=SHOULD,
    severity=LOW,
    needs={"webdav", "tape", "write"},
    catches={"tape-empty-completed"},
    rows={"TAP-03"},
)
def test_empty_file_fails_by_itself(se: StorageElement, desk: TapeDesk, expect: Expect) -> None:
    """An empty file in a stage request should fail with an error of its own.

    Tapes hold no empty files: what was to be archived never will be, and nobody is told.
    """
    path, empty = se.workdir / "f", se.workdir / "empty"
    expect.control(se.put(path, b"data"))
    expect.control(se.put(empty, b""))
    request = desk.request(path, empty)

    seen = desk.settled(request, empty)

    expect.that(bool(seen.of(empty).get("error")), "an error", str(seen.of(empty))[:160])
