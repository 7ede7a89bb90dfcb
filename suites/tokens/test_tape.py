"""The scope matrix of the tape API: who may stage, ask where a file is, cancel and release."""

from lakeproof import HIGH, LOW, MEDIUM, MUST, SHOULD, Cell, Expect, TapeApi, TryCell, check


@check(
    req="wlcg-jwt/stage-operations",
    level=SHOULD,
    severity=HIGH,
    needs={"tape", "webdav", "write", "token-scopes"},
    catches={"tape-scope-stage-refused", "scope-file-refused"},
    rows={"TAP-11"},
)
def test_storage_stage_stages(tape: TapeApi, cell: Cell, try_cell: TryCell, expect: Expect) -> None:
    """storage.stage should be enough to stage a file, to cancel that, and to release the file.

    Transfer services bring files back from tape with this scope; without it the data is there
    and nobody gets at it. A storage may have rules of its own on who stages.
    """
    tried = try_cell(cell, tape=tape)

    expect.success(tried.reply)
    expect.that(bool(tried.acted), "it is carried out", "the file of the request failed")


@check(
    req="wlcg-jwt/storage.poll",
    level=MUST,
    severity=MEDIUM,
    needs={"tape", "webdav", "write", "token-scopes"},
    catches={"tape-scope-poll-refused", "scope-file-refused"},
    rows={"SCP-14", "TAP-11"},
)
def test_storage_poll_shows_where_a_file_is(
    tape: TapeApi, cell: Cell, try_cell: TryCell, expect: Expect
) -> None:
    """Whether a file is on disk or on tape must be shown to storage.poll and storage.stage.

    Transfer services ask this for hours while an archive or a recall is under way.
    """
    tried = try_cell(cell, tape=tape)

    expect.success(tried.reply)
    expect.that(bool(tried.acted), "the file has a locality", "it has none")


@check(
    req="wlcg-jwt/locality",
    level=SHOULD,
    severity=LOW,
    needs={"tape", "webdav", "write", "token-scopes"},
    catches={"scope-stat-refused"},
    rows={"SCP-12", "TAP-11"},
)
def test_who_may_stat_sees_where_a_file_is(
    tape: TapeApi, cell: Cell, try_cell: TryCell, expect: Expect
) -> None:
    """Whether a file is on disk or on tape should be shown to read, create and modify as well.

    Clients look before they read; where they may not, they wait for a tape without knowing it.
    """
    tried = try_cell(cell, tape=tape)

    expect.success(tried.reply)
    expect.that(bool(tried.acted), "the file has a locality", "it has none")


@check(
    req="wlcg-jwt/authorisation",
    level=MUST,
    severity=HIGH,
    needs={"tape", "webdav", "write", "token-scopes"},
    catches={
        "scope-ignored",
        "tape-scope-read-stages",
        "tape-scope-poll-stages",
        "tape-denied-yet-deleted",
    },
    rows={"SCP-14", "TAP-11"},
)
def test_tapes_are_moved_with_storage_stage_only(
    tape: TapeApi, cell: Cell, try_cell: TryCell, expect: Expect
) -> None:
    """Nothing must be staged, cancelled or released without storage.stage for the file.

    Tape drives are few: whoever may order files keeps everybody else waiting, and whoever may
    cancel takes from others what they have waited for.
    """
    tried = try_cell(cell, tape=tape)

    expect.that(not tried.acted, "nothing is done", tried.acted)
    expect.answered(tried.reply)


@check(
    req="wlcg-jwt/path-hierarchy",
    level=MUST,
    severity=MEDIUM,
    needs={"tape", "webdav", "write", "token-scopes"},
    catches={"scope-ignored"},
    rows={"SCP-14", "TAP-11"},
)
def test_where_a_file_is_stays_hidden_outside_the_scope(
    tape: TapeApi, cell: Cell, try_cell: TryCell, expect: Expect
) -> None:
    """Whether a file is on disk or on tape must not be shown outside the scope's path.

    It tells others which files exist and which of them a group is working with.
    """
    tried = try_cell(cell, tape=tape)

    expect.that(not tried.acted, "nothing is told", tried.acted)
    expect.answered(tried.reply)
