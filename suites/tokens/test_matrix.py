"""The scope matrix (catalogue/matrix.yaml): each check runs once for each cell that is its own."""

from lakeproof import (
    CRITICAL,
    HIGH,
    LOW,
    MEDIUM,
    MUST,
    SHOULD,
    Cell,
    Expect,
    StorageElement,
    Survey,
    Tried,
    TryCell,
    check,
)


def _worked(se: StorageElement, tried: Tried, expect: Expect) -> None:
    """The request was answered with success, and its effect is there."""
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
        expect.unchanged(se, path, data)
    for path in tried.absent:
        expect.absent(se, path)
    expect.refused(tried.reply)


@check(
    req="wlcg-jwt/stat",
    level=MUST,
    severity=MEDIUM,
    needs={"webdav", "write", "token-scopes"},
    catches={"scope-stat-refused"},
    rows={"SCP-12", "B2.10"},
)
def test_stat_works_with_every_scope_but_poll(
    cell: Cell, try_cell: TryCell, expect: Expect
) -> None:
    """Size and checksum of a file must be shown to each of read, create, modify and stage.

    Upload tools verify what they have stored; where they may not look, they report good
    uploads as failed.
    """
    tried = try_cell(cell)

    expect.success(tried.reply)


@check(
    req="wlcg-jwt/path-hierarchy",
    level=MUST,
    severity=MEDIUM,
    needs={"webdav", "write", "token-scopes"},
    catches={"scope-ignored"},
    rows={"SCP-12", "B2.10"},
)
def test_stat_is_refused_outside_the_scope(cell: Cell, try_cell: TryCell, expect: Expect) -> None:
    """Size and checksum of a file must not be shown outside the scope's path.

    Names, sizes and checksums tell others what a group is working on before it publishes.
    """
    tried = try_cell(cell)

    expect.refused(tried.reply)


@check(
    req="wlcg-jwt/storage.read",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write", "token-scopes"},
    catches={"scope-first-only", "scope-not-decoded"},
    rows={"SCP-02", "SCP-18", "SCP-19", "SCP-21", "B2.13"},
)
def test_storage_read_reads(cell: Cell, try_cell: TryCell, expect: Expect) -> None:
    """storage.read must be enough to read a file, whatever other scopes stand beside it.

    Transfers carry one token with the scopes of several steps; where only some of them count,
    the copy fails half-way.
    """
    tried = try_cell(cell)

    expect.success(tried.reply)


@check(
    req="wlcg-jwt/authorisation",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "token-scopes"},
    catches={
        "scope-ignored",
        "scope-modify-reads",
        "scope-poll-reads",
        "scope-case-ignored",
        "scope-trailing-slash-file",
        "scope-dotdot-widens",
    },
    rows={"SCP-01", "SCP-11", "SCP-14", "SCP-20", "B2.13"},
)
def test_reading_needs_storage_read(cell: Cell, try_cell: TryCell, expect: Expect) -> None:
    """A file must not be read with a token that has no storage.read for its path.

    Tokens for uploads, for clean-up and for looking after tapes are handed out widely, because
    they show nobody's data.
    """
    tried = try_cell(cell)

    expect.refused(tried.reply)


@check(
    req="wlcg-jwt/path-creation",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write", "token-scopes"},
    catches={
        "scope-create-parents-refused",
        "scope-create-rename-refused",
        "scope-modify-create-refused",
    },
    rows={"SCP-03", "SCP-07", "SCP-08", "SCP-10", "SCP-21", "B2.11", "B2.12"},
)
def test_storage_create_creates(
    se: StorageElement, cell: Cell, try_cell: TryCell, expect: Expect
) -> None:
    """storage.create and storage.modify must be enough for new files and collections.

    Jobs store their output with them; where they are not enough, jobs are given the right to
    delete, or fail at their very end.
    """
    tried = try_cell(cell)

    _worked(se, tried, expect)


@check(
    req="wlcg-jwt/path-exact",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "token-scopes"},
    catches={"scope-ignored", "scope-ancestor-file", "scope-trailing-slash-file"},
    rows={"SCP-01", "SCP-09", "SCP-16", "SCP-27", "B2.11", "B2.13"},
)
def test_creating_needs_create_or_modify(
    se: StorageElement, cell: Cell, try_cell: TryCell, expect: Expect
) -> None:
    """Nothing must be created without storage.create or storage.modify for its path.

    Whoever can write anywhere can plant files that others take for data, or fill the storage.
    """
    tried = try_cell(cell)

    _did_nothing(se, tried, expect)


@check(
    req="wlcg-jwt/storage.modify",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write", "token-scopes"},
    catches={"scope-modify-rename-refused", "scope-modify-delete-refused"},
    rows={"SCP-10", "B2.12"},
)
def test_storage_modify_changes(
    se: StorageElement, cell: Cell, try_cell: TryCell, expect: Expect
) -> None:
    """storage.modify must be enough to replace, rename and delete files.

    Rucio repairs replicas and frees space with this scope; where it is not enough, broken
    files stay and the storage fills up.
    """
    tried = try_cell(cell)

    _worked(se, tried, expect)


@check(
    req="wlcg-jwt/storage.create",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "token-scopes"},
    catches={"scope-ignored", "scope-denied-yet-deleted"},
    rows={"SCP-04", "SCP-05", "SCP-07", "SCP-23", "SCP-27", "B2.11", "B2.12"},
)
def test_changing_needs_storage_modify(
    se: StorageElement, cell: Cell, try_cell: TryCell, expect: Expect
) -> None:
    """Stored files must not be replaced, renamed or deleted without storage.modify for them.

    Tokens that only read, create or order files are in everybody's hands; none of them may be
    able to destroy data.
    """
    tried = try_cell(cell)

    _did_nothing(se, tried, expect)


@check(
    req="wlcg-jwt/listing",
    level=SHOULD,
    severity=LOW,
    needs={"webdav", "write", "token-scopes"},
    catches={"scope-denied-500"},
    rows={"B2.16"},
)
def test_what_is_left_open_is_answered_or_refused(
    cell: Cell, try_cell: TryCell, survey: Survey, expect: Expect
) -> None:
    """What the profile leaves to storages, such as listing, should be done or refused plainly.

    Storages differ here and rightly so; a client can live with either, not with a server that
    breaks.
    """
    tried = try_cell(cell)

    survey("works", tried.reply.ok)
    expect.that(
        tried.reply.status // 100 in (2, 4),
        "success, or a refusal (any 4xx)",
        tried.reply.describe(),
    )
