"""Validators (ETag, Last-Modified) and the conditions that clients make of them."""

from collections.abc import Callable
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import PurePosixPath

from lakeproof import (
    HIGH,
    LOW,
    MEDIUM,
    MUST,
    SHOULD,
    Expect,
    Reply,
    StorageElement,
    Together,
    check,
)

NO_ETAG = "the endpoint sends no ETag"


@check(
    req="rfc9110/validators",
    level=SHOULD,
    severity=LOW,
    needs={"webdav", "write"},
    catches={"etag-missing"},
    rows={"DAV-19"},
)
def test_file_has_a_validator(se: StorageElement, expect: Expect) -> None:
    """A file should be described by an ETag or a Last-Modified header.

    Caches and clients that resume a download need one of the two to tell whether the file is
    still the same; without, they read everything again or mix two versions.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"content"))

    reply = se.head(path)

    expect.success(reply)
    named = [name for name in ("ETag", "Last-Modified") if name in reply.headers]
    expect.that(bool(named), "ETag or Last-Modified in the answer to HEAD", "neither of them")


@check(
    req="rfc9110/etag",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"etag-constant"},
    rows={"DAV-19", "B4.33"},
)
def test_etag_changes_with_the_content(se: StorageElement, expect: Expect) -> None:
    """An overwritten file must get another ETag.

    Caches go on serving the old content as long as the ETag stays, and a conditional overwrite
    destroys a change that it should have noticed.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"the first content"))
    before = se.head(path).headers.get("ETag")
    expect.given(before is not None, NO_ETAG)
    expect.control(se.put(path, b"another"))

    after = se.head(path).headers.get("ETag")

    expect.that(after != before, "another ETag after an overwrite", f"{after} as before")


@check(
    req="rfc9110/etag",
    level=MUST,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"etag-unstable"},
    rows={"DAV-19", "B4.33"},
)
def test_etag_of_unchanged_file_is_stable(se: StorageElement, expect: Expect) -> None:
    """The ETag of a file must stay the same as long as its content does.

    One that changes by itself makes every cache useless and every resumed download begin again.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"content"))

    tags = [se.head(path).headers.get("ETag") for _ in range(3)]

    expect.given(tags[0] is not None, NO_ETAG)
    expect.equal(tags, [tags[0]] * 3, "ETag of three requests")


@check(
    req="rfc9110/last-modified",
    level=MUST,
    severity=LOW,
    needs={"webdav", "write"},
    catches={"last-modified-future"},
    rows={"DAV-19"},
)
def test_last_modified_is_not_in_the_future(se: StorageElement, expect: Expect) -> None:
    """Last-Modified must not be later than the Date of the same answer.

    Clean-up by age never reaches such a file, and caches believe that it has just changed.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"content"))
    headers = se.head(path).headers
    both = "Last-Modified" in headers and "Date" in headers
    expect.given(both, "the endpoint does not send both Last-Modified and Date")

    modified = parsedate_to_datetime(headers["Last-Modified"])
    now = parsedate_to_datetime(headers["Date"])

    # Both are whole seconds, possibly of two machines.
    expect.that(modified - now <= timedelta(seconds=5), f"not later than {now}", str(modified))


@check(
    req="rfc9110/if-none-match",
    level=SHOULD,
    severity=LOW,
    needs={"webdav", "write"},
    catches={"if-none-match-ignored"},
    rows={"DAV-20", "B4.33"},
)
def test_unchanged_file_is_not_sent_again(se: StorageElement, expect: Expect) -> None:
    """GET with the file's own ETag in If-None-Match should be answered 304.

    A cache in front of a storage otherwise reads every file anew each time it asks whether
    its copy is still good.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"content"))
    tag = se.get(path).headers.get("ETag")
    expect.given(tag is not None, NO_ETAG)

    expect.status(se.get(path, headers={"If-None-Match": str(tag)}), 304)


@check(
    req="rfc9110/if-match",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"if-match-ignored"},
    rows={"DAV-20", "B4.33"},
)
def test_get_of_another_version_is_refused(se: StorageElement, expect: Expect) -> None:
    """GET with the ETag of another version in If-Match should be answered 412.

    A download that is resumed asks like this for the rest of the file it began with; a server
    that ignores it joins two versions.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"content"))
    tag = se.get(path).headers.get("ETag")
    expect.given(tag is not None, NO_ETAG)
    expect.control(se.get(path, headers={"If-Match": str(tag)}))

    expect.status(se.get(path, headers={"If-Match": '"of-another-version"'}), 412)


@check(
    req="rfc9110/if-match",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"put-if-match-ignored"},
    rows={"DAV-12", "B4.33"},
)
def test_overwrite_of_another_version_is_refused(se: StorageElement, expect: Expect) -> None:
    """PUT with the ETag of another version in If-Match should leave the file as it is.

    Whoever asks like this wants to replace only what he has seen; a server that ignores it
    destroys what somebody else has written meanwhile.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"their version"))

    reply = se.put(path, b"mine", headers={"If-Match": '"of-another-version"'})

    expect.unchanged(se, path, b"their version")
    expect.refused(reply)


@check(
    req="rfc9110/if-none-match",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"put-if-none-match-ignored"},
    rows={"DAV-12", "B4.33"},
)
def test_create_only_keeps_existing_file(se: StorageElement, expect: Expect) -> None:
    """PUT with If-None-Match: * should create a file, and leave one that exists as it is.

    It is the only way in HTTP to upload without the danger of overwriting; a server that
    ignores it takes this protection away unnoticed.
    """
    path, only_new = se.workdir / "f", {"If-None-Match": "*"}
    expect.control(se.put(path, b"the first", headers=only_new))

    reply = se.put(path, b"the second", headers=only_new)

    expect.unchanged(se, path, b"the first")
    expect.refused(reply)


@check(
    req="rfc9110/if-none-match",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"put-if-none-match-racy", "put-if-none-match-ignored"},
    rows={"DAV-12", "B4.33"},
)
def test_concurrent_creates_have_one_winner(
    se: StorageElement, together: Together, expect: Expect
) -> None:
    """Of uploads with If-None-Match: * at the same time, exactly one should be accepted.

    Jobs that all want to publish a result use it to agree on one; if two are told that they
    were first, one of them has lost its data and does not know.
    """
    path = se.workdir / "f"
    contents = [f"written by {n}".encode() for n in range(4)]

    replies = together(*(_create(path, data) for data in contents))

    accepted = [data for data, reply in zip(contents, replies, strict=True) if reply.ok]
    expect.equal(len(accepted), 1, "uploads that were accepted")
    expect.content(se, path, accepted[0])


def _create(path: PurePosixPath, data: bytes) -> Callable[[StorageElement], Reply]:
    return lambda one: one.put(path, data, headers={"If-None-Match": "*"})
