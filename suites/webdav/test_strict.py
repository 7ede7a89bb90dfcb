"""Answers that the specifications leave open, and that a strict client takes in one form only.

Rucio's own WebDAV implementation (`rucio.rse.protocols.webdav`) is such a client: where an endpoint
answers otherwise it is as sound as any other, but needs an implementation that bears it.
"""

from lakeproof import MAY, MEDIUM, Expect, StorageElement, check

CONTENT = b"taken as it comes"
MISSING = (403, 404)


@check(
    req="rfc9110/head-like-get",
    level=MAY,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"head-collection-refused"},
    rows={"DAV-16"},
)
def test_head_of_collection_answers_200(se: StorageElement, expect: Expect) -> None:
    """HEAD of a collection can be answered 200, as that of a file.

    Clients that look first whether a storage is there ask so for its top directory, and go away
    when the answer is another one.
    """
    path = se.workdir / "d"
    expect.control(se.mkcol(path))

    reply = se.head(path)

    expect.status(reply, 200)


@check(
    req="rfc9110/delete",
    level=MAY,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"delete-status-200"},
    rows={"DAV-31"},
)
def test_delete_of_file_answers_204(se: StorageElement, expect: Expect) -> None:
    """DELETE of a file can be answered 204, which is what most storages say.

    200 is as right; a client that knows 204 alone takes it for a failure, and notes a file as
    still there that is gone.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, CONTENT))

    reply = se.delete(path)

    expect.absent(se, path)
    expect.status(reply, 204)


@check(
    req="rfc4918/href-form",
    level=MAY,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"propfind-absolute-href"},
    rows={"DAV-24"},
)
def test_href_of_file_is_its_path(se: StorageElement, expect: Expect) -> None:
    """The href of a file can be its path alone, letter for letter as it was asked for.

    A whole URL is as right; a client that compares letters does not find the file that it has
    just stored, and gives the upload up.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, CONTENT))

    found = expect.multistatus(se.propfind(path, 1))

    expect.equal([entry.href for entry in found], [str(path)], "hrefs of the file")


@check(
    req="rfc4918/put-parent-409",
    level=MAY,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"put-parent-409"},
    rows={"DAV-06"},
)
def test_upload_below_missing_collections_is_not_in_conflict(
    se: StorageElement, expect: Expect
) -> None:
    """An upload into collections that are missing can make them, or be answered 404.

    409 is what RFC 4918 says; a client that reads it as "this file exists already" gives up
    instead of making the collections, and no file ever gets into a new directory.
    """
    path = se.workdir / "ab" / "cd" / "f.rucio.upload"

    reply = se.put(path, CONTENT)

    if reply.ok:
        expect.content(se, path, CONTENT)
    else:
        expect.status(reply, *MISSING)


@check(
    req="rfc9110/redirection",
    level=MAY,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"redirect-upload-at-once"},
    rows={"DAV-09"},
)
def test_upload_that_does_not_wait_is_taken_at_the_door(se: StorageElement, expect: Expect) -> None:
    """An upload without Expect: 100-continue can be taken at the door, without a redirect.

    Who does not wait has sent the file when the redirect comes; a client that cannot begin again
    from the start sends nothing to the second server, and the upload hangs or fails.
    """
    path = se.workdir / "f"

    reply = se.put(path, CONTENT, follow=False)

    expect.success(reply)
    expect.content(se, path, CONTENT)


@check(
    req="rfc4918/mkcol-405",
    level=MAY,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"mkcol-existing-500"},
    rows={"DAV-22"},
)
def test_mkcol_of_existing_collection_is_borne(se: StorageElement, expect: Expect) -> None:
    """MKCOL of a collection that is there can be answered 405, or 201 as if it were new.

    Before an upload clients make all collections above it, one by one; another answer ends the
    upload although everything is in place.
    """
    path = se.workdir / "d"
    expect.control(se.mkcol(path))

    reply = se.mkcol(path)

    expect.status(reply, 201, 405)
