"""What each activity lets its macaroon do, alone, and what it does not.

Each request that must be refused goes over a connection of its own: what an earlier one was
allowed must not lend its rights, which is a requirement of its own (test_connection.py).
"""

from lakeproof import (
    CRITICAL,
    HIGH,
    MEDIUM,
    MUST,
    SHOULD,
    Apart,
    Expect,
    MacaroonFor,
    StorageElement,
    check,
)

# What gfal2 and FTS ask a source and a destination for.
OF_SOURCE = ("DOWNLOAD", "LIST")
OF_DESTINATION = ("MANAGE", "UPLOAD", "DELETE", "LIST")


@check(
    req="macaroons/activities",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "write", "macaroons"},
    catches={"macaroon-download-refused"},
    rows={"MAC-03"},
)
def test_download_can_read(se: StorageElement, macaroon: MacaroonFor, expect: Expect) -> None:
    """A macaroon with the activity DOWNLOAD should read a file.

    It is the right that FTS asks a source for; without it no transfer begins.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"any"))
    download = macaroon(se, path, "DOWNLOAD")
    expect.control(se.head(path, auth=download))

    expect.content(se, path, b"any", auth=download)


@check(
    req="macaroons/activities",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "write", "macaroons"},
    catches={"macaroon-list-refused"},
    rows={"MAC-03", "B5.39"},
)
def test_list_can_list(se: StorageElement, macaroon: MacaroonFor, expect: Expect) -> None:
    """A macaroon with the activity LIST should list a collection.

    Clients look a directory through before they copy what is in it.
    """
    expect.control(se.put(se.workdir / "f", b"any"))
    listing = macaroon(se, se.workdir, *OF_SOURCE)
    expect.control(se.get(se.workdir / "f", auth=listing))

    names = {
        entry.path.name for entry in expect.multistatus(se.propfind(se.workdir, 1, auth=listing))
    }

    expect.that("f" in names, "the listing names the file", f"it names {sorted(names)}")


@check(
    req="macaroons/activities",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "write", "macaroons"},
    catches={"macaroon-upload-refused"},
    rows={"MAC-03"},
)
def test_upload_can_create(se: StorageElement, macaroon: MacaroonFor, expect: Expect) -> None:
    """A macaroon with what FTS asks a destination for should upload a new file.

    Transfers to the site fail although the macaroon was handed out for them.
    """
    path = se.workdir / "f"
    writing = macaroon(se, se.workdir, *OF_DESTINATION)
    expect.control(se.propfind(se.workdir, 0, auth=writing))

    reply = se.put(path, b"by macaroon", auth=writing)

    expect.success(reply)
    expect.content(se, path, b"by macaroon")


@check(
    req="macaroons/activities",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write", "macaroons"},
    catches={"macaroon-delete-refused"},
    rows={"MAC-03"},
)
def test_delete_can_delete(se: StorageElement, macaroon: MacaroonFor, expect: Expect) -> None:
    """A macaroon with what FTS asks a destination for should delete a file.

    After a transfer that failed the rest of it stays, and stops the next attempt.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"any"))
    writing = macaroon(se, se.workdir, *OF_DESTINATION)
    expect.control(se.head(path, auth=writing))

    reply = se.delete(path, auth=writing)

    expect.success(reply)
    expect.absent(se, path)


@check(
    req="macaroons/activities",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write", "macaroons"},
    catches={"macaroon-manage-refused"},
    rows={"MAC-03", "B5.39"},
)
def test_manage_can_rename(se: StorageElement, macaroon: MacaroonFor, expect: Expect) -> None:
    """A macaroon with what FTS asks a destination for should rename a file.

    Uploads go to a temporary name first, and would never get their own.
    """
    old, new = se.workdir / "old", se.workdir / "new"
    expect.control(se.put(old, b"any"))
    writing = macaroon(se, se.workdir, *OF_DESTINATION)
    expect.control(se.head(old, auth=writing))

    reply = se.move(old, new, auth=writing)

    expect.success(reply)
    expect.content(se, new, b"any")


@check(
    req="macaroons/caveats-hold",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "macaroons"},
    catches={"macaroon-activity-ignored"},
    rows={"MAC-04"},
)
def test_download_cannot_write(
    se: StorageElement, limited: MacaroonFor, apart: Apart, expect: Expect
) -> None:
    """A macaroon with the activity DOWNLOAD alone must not create a file.

    Macaroons for reading are handed on with links; each reader could fill the storage.
    """
    path, new = se.workdir / "f", se.workdir / "new"
    expect.control(se.put(path, b"any"))
    download = limited(se, se.workdir, "DOWNLOAD")
    expect.control(apart().get(path, auth=download))

    reply = apart().put(new, b"", auth=download)

    expect.absent(se, new)
    expect.refused(reply)


@check(
    req="macaroons/caveats-hold",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "macaroons"},
    catches={"macaroon-activity-ignored"},
    rows={"MAC-04", "B5.39"},
)
def test_download_cannot_overwrite(
    se: StorageElement, limited: MacaroonFor, apart: Apart, expect: Expect
) -> None:
    """A macaroon with the activity DOWNLOAD alone must not replace a file.

    Whoever is sent a link to look at data could change it for everybody.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"mine"))
    download = limited(se, se.workdir, "DOWNLOAD")
    expect.control(apart().get(path, auth=download))

    reply = apart().put(path, b"replaced", auth=download)

    expect.unchanged(se, path, b"mine")
    expect.refused(reply)


@check(
    req="macaroons/caveats-hold",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "macaroons"},
    catches={"macaroon-activity-ignored"},
    rows={"MAC-04"},
)
def test_download_cannot_delete(
    se: StorageElement, limited: MacaroonFor, apart: Apart, expect: Expect
) -> None:
    """A macaroon with the activity DOWNLOAD alone must not delete a file.

    A link that was passed on for reading would be enough to lose the data.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"mine"))
    download = limited(se, se.workdir, "DOWNLOAD")
    expect.control(apart().get(path, auth=download))

    reply = apart().delete(path, auth=download)

    expect.unchanged(se, path, b"mine")
    expect.refused(reply)


@check(
    req="macaroons/caveats-hold",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "macaroons"},
    catches={"macaroon-activity-ignored"},
    rows={"MAC-04", "B5.39"},
)
def test_download_cannot_rename(
    se: StorageElement, limited: MacaroonFor, apart: Apart, expect: Expect
) -> None:
    """A macaroon with the activity DOWNLOAD alone must not rename a file.

    A renamed file is a lost file to every catalogue that knew it by its name.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"mine"))
    download = limited(se, se.workdir, "DOWNLOAD")
    expect.control(apart().get(path, auth=download))

    reply = apart().move(path, se.workdir / "elsewhere", auth=download)

    expect.unchanged(se, path, b"mine")
    expect.refused(reply)


@check(
    req="macaroons/activities",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write", "macaroons"},
    catches={"macaroon-activity-ignored"},
    rows={"MAC-04", "B5.39"},
)
def test_download_cannot_list(
    se: StorageElement, limited: MacaroonFor, apart: Apart, expect: Expect
) -> None:
    """A macaroon with the activity DOWNLOAD alone should not list a collection.

    A link to one file of a directory would show the names of all its neighbours.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"any"))
    expect.control(apart().propfind(se.workdir, 1, auth=limited(se, se.workdir, *OF_SOURCE)))
    download = limited(se, se.workdir, "DOWNLOAD")
    expect.control(apart().get(path, auth=download))

    reply = apart().propfind(se.workdir, 1, auth=download)

    shown = b"/f<" in reply.body or b"/f/" in reply.body
    expect.that(not (reply.ok and shown), "the names stay hidden", "the listing names the file")


@check(
    req="macaroons/caveats-hold",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "macaroons"},
    catches={"macaroon-activity-ignored"},
    rows={"MAC-04"},
)
def test_upload_cannot_read(
    se: StorageElement, limited: MacaroonFor, apart: Apart, expect: Expect
) -> None:
    """A macaroon with the activities UPLOAD and MANAGE alone must not read a file.

    Whoever may hand in results could read what everybody else has handed in.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"secret"))
    upload = limited(se, se.workdir, "UPLOAD", "MANAGE")
    expect.control(apart().put(se.workdir / "new", b"any", auth=upload))

    expect.refused(apart().get(path, auth=upload))


@check(
    req="macaroons/caveats-hold",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "macaroons"},
    catches={"macaroon-activity-ignored"},
    rows={"MAC-04", "B5.39"},
)
def test_upload_cannot_delete(
    se: StorageElement, limited: MacaroonFor, apart: Apart, expect: Expect
) -> None:
    """A macaroon with the activities UPLOAD and MANAGE alone must not delete a file.

    Whoever may hand in results could throw away everybody else's.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"mine"))
    upload = limited(se, se.workdir, "UPLOAD", "MANAGE")
    expect.control(apart().put(se.workdir / "new", b"any", auth=upload))

    reply = apart().delete(path, auth=upload)

    expect.unchanged(se, path, b"mine")
    expect.refused(reply)


@check(
    req="macaroons/caveats-hold",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "macaroons"},
    catches={"macaroon-activity-ignored"},
    rows={"MAC-04", "B5.39"},
)
def test_metadata_and_list_cannot_read(
    se: StorageElement, limited: MacaroonFor, apart: Apart, expect: Expect
) -> None:
    """A macaroon with the activities LIST and READ_METADATA must not read a file's content.

    Monitoring gets such macaroons, as names and sizes are no secret and the data is.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"secret"))
    looking = limited(se, se.workdir, "LIST", "READ_METADATA")
    expect.control(apart().propfind(se.workdir, 1, auth=looking))

    expect.refused(apart().get(path, auth=looking))


@check(
    req="macaroons/caveats-hold",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "macaroons"},
    catches={"macaroon-activity-ignored"},
    rows={"MAC-04", "B5.39"},
)
def test_delete_cannot_read(
    se: StorageElement, limited: MacaroonFor, apart: Apart, expect: Expect
) -> None:
    """A macaroon with the activity DELETE alone must not read a file.

    Cleaning-up services hold such macaroons for the whole storage, embargoed data included.
    """
    path, old = se.workdir / "f", se.workdir / "old"
    expect.control(se.put(path, b"secret"))
    expect.control(se.put(old, b"any"))
    cleaning = limited(se, se.workdir, "DELETE")
    expect.control(apart().delete(old, auth=cleaning))

    expect.refused(apart().get(path, auth=cleaning))
