"""The scope matrix (catalogue/matrix.yaml) over root://: each check runs once for each cell."""

from functools import partial

from lakeproof import (
    CRITICAL,
    HIGH,
    MEDIUM,
    MUST,
    Cell,
    Expect,
    RootDoor,
    StorageElement,
    Tried,
    TryCell,
    check,
)

NEEDS = {"root", "write", "token-scopes"}


def _worked(se: StorageElement, tried: Tried, expect: Expect) -> None:
    """The request was answered with success, and the WebDAV door shows its effect."""
    expect.success(tried.reply)
    for path, data in tried.holding.items():
        expect.content(se, path, data)
    for path in tried.gone:
        expect.absent(se, path)
    for path in tried.made:
        expect.multistatus(se.propfind(path, 0))


def _did_nothing(se: StorageElement, tried: Tried, expect: Expect) -> None:
    """Everything is as it was, and the request was refused."""
    for path, data in tried.kept.items():
        # Not yet, at times: a file that was refused may be locked for a moment after the answer.
        expect.eventually(partial(expect.unchanged, se, path, data))
    for path in tried.absent:
        expect.absent(se, path)
    expect.refused(tried.reply)


@check(
    req="wlcg-jwt/stat",
    level=MUST,
    severity=MEDIUM,
    needs=NEEDS,
    catches={"root-scope-stat-refused"},
    rows={"ROOT-08", "B7.42", "B1.6"},
)
def test_stat_works_with_every_scope(
    cell: Cell, try_cell: TryCell, root: RootDoor, expect: Expect
) -> None:
    """stat over root:// must be answered to each of read, create, modify and stage.

    xrdcp looks at what it has uploaded; where it may not look, it reports good uploads as
    failed.
    """
    tried = try_cell(cell, root=root)

    expect.success(tried.reply)


@check(
    req="wlcg-jwt/storage.read",
    level=MUST,
    severity=HIGH,
    needs=NEEDS,
    catches={"root-scope-read-refused"},
    rows={"ROOT-08", "B7.42", "B1.6"},
)
def test_storage_read_reads(cell: Cell, try_cell: TryCell, root: RootDoor, expect: Expect) -> None:
    """storage.read must be enough to read a file over root://.

    Jobs are given that scope and no other for their input.
    """
    tried = try_cell(cell, root=root)

    expect.success(tried.reply)


@check(
    req="wlcg-jwt/authorisation",
    level=MUST,
    severity=CRITICAL,
    needs=NEEDS,
    catches={"root-scope-ignored"},
    rows={"ROOT-08", "ROOT-11", "B7.42", "B1.6"},
)
def test_reading_needs_storage_read(
    cell: Cell, try_cell: TryCell, root: RootDoor, expect: Expect
) -> None:
    """A file must not be read over root:// with a token that has no storage.read for its path.

    Tokens for uploads are handed out widely, because they show nobody's data.
    """
    tried = try_cell(cell, root=root)

    expect.refused(tried.reply)


@check(
    req="wlcg-jwt/path-creation",
    level=MUST,
    severity=HIGH,
    needs=NEEDS,
    catches={"root-scope-write-refused"},
    rows={"ROOT-08", "B7.42", "B1.6"},
)
def test_storage_create_creates(
    se: StorageElement, cell: Cell, try_cell: TryCell, root: RootDoor, expect: Expect
) -> None:
    """storage.create and storage.modify must be enough for new files over root://.

    Jobs store their output with them; where they are not enough, jobs fail at their very end.
    """
    tried = try_cell(cell, root=root)

    _worked(se, tried, expect)


@check(
    req="wlcg-jwt/path-exact",
    level=MUST,
    severity=CRITICAL,
    needs=NEEDS,
    catches={"root-scope-ignored"},
    rows={"ROOT-08", "ROOT-11", "B7.42", "B1.6"},
)
def test_creating_needs_create_or_modify(
    se: StorageElement, cell: Cell, try_cell: TryCell, root: RootDoor, expect: Expect
) -> None:
    """Nothing must be created over root:// without storage.create or storage.modify for its path.

    Whoever can write anywhere can plant files that others take for data, or fill the storage.
    """
    tried = try_cell(cell, root=root)

    _did_nothing(se, tried, expect)


@check(
    req="wlcg-jwt/storage.modify",
    level=MUST,
    severity=HIGH,
    needs=NEEDS,
    catches={"root-scope-change-refused"},
    rows={"ROOT-08", "B7.42", "B1.6"},
)
def test_storage_modify_changes(
    se: StorageElement, cell: Cell, try_cell: TryCell, root: RootDoor, expect: Expect
) -> None:
    """storage.modify must be enough to replace, rename and remove files over root://.

    Rucio repairs replicas and frees space with this scope.
    """
    tried = try_cell(cell, root=root)

    _worked(se, tried, expect)


@check(
    req="wlcg-jwt/storage.create",
    level=MUST,
    severity=CRITICAL,
    needs=NEEDS,
    catches={"root-scope-ignored"},
    rows={"ROOT-08", "ROOT-11", "B7.42", "B1.6"},
)
def test_changing_needs_storage_modify(
    se: StorageElement, cell: Cell, try_cell: TryCell, root: RootDoor, expect: Expect
) -> None:
    """Files must not be replaced, renamed or removed over root:// without storage.modify for them.

    Tokens that only read or create are in everybody's hands; none may be able to destroy data.
    """
    tried = try_cell(cell, root=root)

    _did_nothing(se, tried, expect)
