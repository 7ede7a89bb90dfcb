"""What each storage scope allows, and what it must not allow."""

from lakeproof import (
    CRITICAL,
    HIGH,
    MEDIUM,
    MUST,
    Expect,
    OddTokenFor,
    StorageElement,
    TokenFor,
    check,
)


@check(
    req="wlcg-jwt/storage.read",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "token-scopes"},
    catches={"scope-read-writes", "scope-denied-yet-written"},
    rows={"SCP-02"},
)
def test_read_cannot_write(se: StorageElement, token: TokenFor, expect: Expect) -> None:
    """storage.read must not create a file.

    Read tokens are handed to every job and every reader; one of them could fill the storage.
    """
    path = se.workdir / "f"
    read = token(f"storage.read:{se.workdir}")
    expect.control(se.put(se.workdir / "readable", b"any"))
    expect.control(se.get(se.workdir / "readable", auth=read))

    reply = se.put(path, b"by a reader", auth=read)

    expect.absent(se, path)
    expect.refused(reply)


@check(
    req="wlcg-jwt/storage.read",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "token-scopes"},
    catches={"scope-read-writes", "scope-denied-yet-written"},
    rows={"SCP-02"},
)
def test_read_cannot_overwrite(se: StorageElement, token: TokenFor, expect: Expect) -> None:
    """storage.read must not replace a file.

    A job that may read its input could destroy it for all the others.
    """
    path = se.workdir / "f"
    read = token(f"storage.read:{se.workdir}")
    expect.control(se.put(path, b"input"))
    expect.control(se.get(path, auth=read))

    reply = se.put(path, b"by a reader", auth=read)

    expect.unchanged(se, path, b"input")
    expect.refused(reply)


@check(
    req="wlcg-jwt/storage.read",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "token-scopes"},
    catches={"scope-read-deletes"},
    rows={"SCP-02"},
)
def test_read_cannot_delete(se: StorageElement, token: TokenFor, expect: Expect) -> None:
    """storage.read must not delete a file.

    One of the many tokens that are in everybody's hands would be enough to empty an area.
    """
    path = se.workdir / "f"
    read = token(f"storage.read:{se.workdir}")
    expect.control(se.put(path, b"input"))
    expect.control(se.get(path, auth=read))

    reply = se.delete(path, auth=read)

    expect.unchanged(se, path, b"input")
    expect.refused(reply)


@check(
    req="wlcg-jwt/storage.read",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write", "token-scopes"},
    catches={"scope-read-mkcols"},
    rows={"SCP-02"},
)
def test_read_cannot_make_collection(se: StorageElement, token: TokenFor, expect: Expect) -> None:
    """storage.read must not create a collection.

    A reader that can litter the name space can also bring it down.
    """
    path = se.workdir / "d"
    read = token(f"storage.read:{se.workdir}")
    expect.control(se.put(se.workdir / "readable", b"any"))
    expect.control(se.get(se.workdir / "readable", auth=read))

    reply = se.mkcol(path, auth=read)

    expect.absent(se, path)
    expect.refused(reply)


@check(
    req="wlcg-jwt/storage.read",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "token-scopes"},
    catches={"scope-read-moves"},
    rows={"SCP-02"},
)
def test_read_cannot_rename(se: StorageElement, token: TokenFor, expect: Expect) -> None:
    """storage.read must not rename a file.

    A renamed file is lost to every catalogue that knew it by its name.
    """
    path = se.workdir / "f"
    read = token(f"storage.read:{se.workdir}")
    expect.control(se.put(path, b"input"))
    expect.control(se.get(path, auth=read))

    reply = se.move(path, se.workdir / "elsewhere", auth=read)

    expect.unchanged(se, path, b"input")
    expect.refused(reply)


@check(
    req="wlcg-jwt/storage.create",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write", "token-scopes"},
    catches={"scope-create-refused"},
    rows={"SCP-03"},
)
def test_create_can_upload(se: StorageElement, token: TokenFor, expect: Expect) -> None:
    """storage.create must be enough to upload a new file.

    Jobs carry this scope to store their output; where it is not enough, they are given the
    right to delete instead.
    """
    path = se.workdir / "f"

    reply = se.put(path, b"output", auth=token(f"storage.create:{se.workdir}"))

    expect.success(reply)
    expect.content(se, path, b"output")


@check(
    req="wlcg-jwt/storage.create",
    level=MUST,
    severity=MEDIUM,
    needs={"webdav", "write", "token-scopes"},
    catches={"scope-create-mkcol-refused"},
    rows={"SCP-03"},
)
def test_create_can_make_collection(se: StorageElement, token: TokenFor, expect: Expect) -> None:
    """storage.create must be enough to make a collection.

    Output goes into new directories; without this right the upload fails before it begins.
    """
    create = token(f"storage.create:{se.workdir}")

    reply = se.mkcol(se.workdir / "d", auth=create)

    expect.success(reply)
    expect.success(se.put(se.workdir / "d" / "f", b"output", auth=create))


@check(
    req="wlcg-jwt/stat",
    level=MUST,
    severity=MEDIUM,
    needs={"webdav", "write", "token-scopes"},
    catches={"scope-stat-refused"},
    rows={"SCP-12", "B2.10"},
)
def test_create_can_stat(se: StorageElement, token: TokenFor, expect: Expect) -> None:
    """storage.create must be enough to ask for the size of the uploaded file.

    Upload tools verify what they have stored; where they may not look, they report good
    uploads as failed.
    """
    path = se.workdir / "f"
    create = token(f"storage.create:{se.workdir}")
    expect.control(se.put(path, b"output", auth=create))

    expect.success(se.head(path, auth=create))


@check(
    req="wlcg-jwt/storage.create",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "token-scopes"},
    catches={"scope-create-overwrites"},
    rows={"SCP-04"},
)
def test_create_cannot_overwrite(se: StorageElement, token: TokenFor, expect: Expect) -> None:
    """storage.create must not replace an existing file.

    A job that can overwrite can destroy another job's output; its token was issued on the
    promise that it cannot.
    """
    path = se.workdir / "f"
    create = token(f"storage.create:{se.workdir}")
    expect.control(se.put(path, b"one", auth=create))

    reply = se.put(path, b"two", auth=create)

    expect.unchanged(se, path, b"one")
    expect.refused(reply)


@check(
    req="wlcg-jwt/storage.create",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "token-scopes"},
    catches={"scope-create-deletes"},
    rows={"SCP-05"},
)
def test_create_cannot_delete(se: StorageElement, token: TokenFor, expect: Expect) -> None:
    """storage.create must not delete a file.

    Upload tokens travel with jobs to machines all over the world; none of them may be able
    to empty an area.
    """
    path = se.workdir / "f"
    create = token(f"storage.create:{se.workdir}")
    expect.control(se.put(path, b"one", auth=create))

    reply = se.delete(path, auth=create)

    expect.unchanged(se, path, b"one")
    expect.refused(reply)


@check(
    req="wlcg-jwt/storage.create",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "token-scopes"},
    catches={"scope-create-reads"},
    rows={"SCP-06"},
)
def test_create_cannot_read(se: StorageElement, token: TokenFor, expect: Expect) -> None:
    """storage.create must not read a file's data.

    A detector or a partner that only delivers data must not see what others have delivered.
    """
    path = se.workdir / "f"
    create = token(f"storage.create:{se.workdir}")
    expect.control(se.put(path, b"one", auth=create))

    expect.refused(se.get(path, auth=create))


@check(
    req="wlcg-jwt/storage.create",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "token-scopes"},
    catches={"scope-create-rename-overwrites"},
    rows={"SCP-07", "B2.11"},
)
def test_create_cannot_rename_over(se: StorageElement, token: TokenFor, expect: Expect) -> None:
    """storage.create must not replace a file by renaming another one over it.

    A rename is the other way to overwrite; where only uploads are looked at, this one is
    open.
    """
    mine, theirs = se.workdir / "mine", se.workdir / "theirs"
    create = token(f"storage.create:{se.workdir}")
    expect.control(se.put(mine, b"my version", auth=create))
    expect.control(se.put(theirs, b"their version", auth=create))

    reply = se.move(mine, theirs, auth=create)

    expect.unchanged(se, theirs, b"their version")
    expect.refused(reply)


@check(
    req="wlcg-jwt/storage.modify",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write", "token-scopes"},
    catches={"put-overwrite-refused"},
    rows={"SCP-10"},
)
def test_modify_can_overwrite(se: StorageElement, token: TokenFor, expect: Expect) -> None:
    """storage.modify must be enough to replace a file.

    FTS and Rucio repair broken replicas with this scope.
    """
    path = se.workdir / "f"
    modify = token(f"storage.modify:{se.workdir}")
    expect.control(se.put(path, b"one", auth=modify))

    reply = se.put(path, b"two", auth=modify)

    expect.success(reply)
    expect.content(se, path, b"two")


@check(
    req="wlcg-jwt/storage.modify",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write", "token-scopes"},
    catches={"scope-modify-delete-refused"},
    rows={"SCP-10"},
)
def test_modify_can_delete(se: StorageElement, token: TokenFor, expect: Expect) -> None:
    """storage.modify must be enough to delete a file.

    Rucio frees space with this scope; where it is not enough, the storage fills up.
    """
    path = se.workdir / "f"
    modify = token(f"storage.modify:{se.workdir}")
    expect.control(se.put(path, b"one", auth=modify))

    reply = se.delete(path, auth=modify)

    expect.absent(se, path)
    expect.success(reply)


@check(
    req="wlcg-jwt/storage.modify",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write", "token-scopes"},
    catches={"scope-modify-rename-refused"},
    rows={"SCP-10"},
)
def test_modify_can_rename(se: StorageElement, token: TokenFor, expect: Expect) -> None:
    """storage.modify must be enough to rename a file.

    Rucio uploads under a temporary name and renames with this scope.
    """
    old, new = se.workdir / "f.upload", se.workdir / "f"
    modify = token(f"storage.modify:{se.workdir}")
    expect.control(se.put(old, b"one", auth=modify))

    reply = se.move(old, new, auth=modify)

    expect.success(reply)
    expect.content(se, new, b"one")


@check(
    req="wlcg-jwt/storage.stage",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write", "token-scopes"},
    catches={"scope-stage-reads"},
    rows={"SCP-13", "B2.8"},
)
def test_stage_cannot_read(se: StorageElement, token: TokenFor, expect: Expect) -> None:
    """storage.stage must not read a file's data.

    Whoever only orders files from tape must not get at embargoed data by doing so; older
    versions of the profile said otherwise, and storages still behave like that.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"one"))
    expect.control(se.get(path, auth=token(f"storage.read:{se.workdir}")))

    expect.refused(se.get(path, auth=token(f"storage.stage:{se.workdir}")))


@check(
    req="wlcg-jwt/authorisation",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "odd-tokens"},
    catches={"scope-unknown-grants", "groups-unasserted"},
    rows={"SCP-01"},
)
def test_token_without_storage_scope_cannot_read(
    se: StorageElement, odd_token: OddTokenFor, expect: Expect
) -> None:
    """A token without any storage scope must not read a file.

    Every member of the community has such a token from logging in somewhere; it says who he
    is, not what he may do.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"one"))
    scopes = [f"storage.read:{se.workdir}"]
    expect.control(se.get(path, auth=odd_token(scopes=scopes)))

    identity = odd_token(scopes=scopes, claims={"scope": "openid profile"})
    expect.refused(se.get(path, auth=identity))
