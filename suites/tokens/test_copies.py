"""The scope matrix of third-party copies, with the endpoint as either party."""

from lakeproof import (
    CRITICAL,
    HIGH,
    MUST,
    Cell,
    Expect,
    StorageElement,
    TryCell,
    check,
)


@check(
    req="wlcg-jwt/path-creation",
    level=MUST,
    severity=HIGH,
    needs={"tpc-pull", "partner", "token-scopes"},
    catches={"scope-create-refused"},
    rows={"SCP-03", "SCP-10"},
)
def test_pulling_works_with_create_or_modify(
    se: StorageElement, partner: StorageElement, cell: Cell, try_cell: TryCell, expect: Expect
) -> None:
    """storage.create must be enough to pull a new file, storage.modify to pull over one.

    Transfer services carry exactly these scopes for the destination.
    """
    tried = try_cell(cell, partner)

    expect.transferred(tried.transfer)
    for path, data in tried.holding.items():
        expect.content(se, path, data)


@check(
    req="http-tpc/authorisation",
    level=MUST,
    severity=CRITICAL,
    needs={"tpc-pull", "partner", "token-scopes"},
    catches={"scope-copy-destination-unchecked"},
    rows={"SCP-04", "SCP-27", "B2.12"},
)
def test_pulling_needs_create_or_modify(
    se: StorageElement, partner: StorageElement, cell: Cell, try_cell: TryCell, expect: Expect
) -> None:
    """A pull must not write where no storage.create or storage.modify says so.

    COPY is a write under another name; where it is not checked as one, data can be planted
    or replaced.
    """
    tried = try_cell(cell, partner)

    for path, data in tried.kept.items():
        expect.unchanged(se, path, data)
    for path in tried.absent:
        expect.absent(se, path)
    expect.not_transferred(tried.transfer)


@check(
    req="wlcg-jwt/storage.read",
    level=MUST,
    severity=HIGH,
    needs={"tpc-push", "partner", "token-scopes"},
    catches={"scope-file-refused"},
    rows={"SCP-02", "SCP-17"},
)
def test_pushing_works_with_read(
    partner: StorageElement, cell: Cell, try_cell: TryCell, expect: Expect
) -> None:
    """storage.read must be enough to push a file to another storage.

    Transfer services carry exactly this scope for the source.
    """
    tried = try_cell(cell, partner)

    expect.transferred(tried.transfer)
    for path, data in tried.arriving.items():
        expect.content(partner, path, data)


@check(
    req="http-tpc/authorisation",
    level=MUST,
    severity=CRITICAL,
    needs={"tpc-push", "partner", "token-scopes"},
    catches={"scope-copy-source-unchecked"},
    rows={"SCP-06", "SCP-11", "SCP-13"},
)
def test_pushing_needs_read(
    partner: StorageElement, cell: Cell, try_cell: TryCell, expect: Expect
) -> None:
    """A push must not carry away a file that no storage.read covers.

    COPY to another host is a read under another name; where it is not checked as one, whoever
    may do anything can carry the data away.
    """
    tried = try_cell(cell, partner)

    for path in tried.arriving:
        expect.absent(partner, path)
    expect.not_transferred(tried.transfer)


@check(
    req="wlcg-jwt/storage.read",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write", "partner", "token-scopes"},
    catches={"scope-file-refused"},
    rows={"SCP-02", "SCP-17"},
)
def test_being_fetched_from_works_with_read(
    partner: StorageElement, cell: Cell, try_cell: TryCell, expect: Expect
) -> None:
    """storage.read must be enough for another storage to fetch a file from here.

    Transfer services hand exactly this scope to the storage that fetches.
    """
    tried = try_cell(cell, partner)

    expect.transferred(tried.transfer)
    for path, data in tried.arriving.items():
        expect.content(partner, path, data)


@check(
    req="http-tpc/authorisation",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "partner", "token-scopes"},
    catches={"scope-create-reads", "scope-modify-reads", "scope-stage-reads", "scope-ignored"},
    rows={"SCP-06", "SCP-11", "SCP-13", "B2.8"},
)
def test_being_fetched_from_needs_read(
    partner: StorageElement, cell: Cell, try_cell: TryCell, expect: Expect
) -> None:
    """Another storage must not fetch a file from here with a token without storage.read for it.

    Whoever owns any other storage could have it carry the data away.
    """
    tried = try_cell(cell, partner)

    for path, data in tried.arriving.items():
        # What the one that fetches makes of a refusal, such as an empty file, is its own affair.
        brought = partner.get(path)
        arrived = brought.ok and data in brought.body
        expect.that(not arrived, "the content stays here", "the partner has the content")
    expect.not_transferred(tried.transfer)


@check(
    req="wlcg-jwt/path-creation",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write", "partner", "token-scopes"},
    catches={"scope-create-refused"},
    rows={"SCP-03", "SCP-10"},
)
def test_being_sent_to_works_with_create_or_modify(
    se: StorageElement, partner: StorageElement, cell: Cell, try_cell: TryCell, expect: Expect
) -> None:
    """storage.create must let another storage send a new file, storage.modify send over one.

    Transfer services hand exactly these scopes to the storage that sends.
    """
    tried = try_cell(cell, partner)

    expect.transferred(tried.transfer)
    for path, data in tried.holding.items():
        expect.content(se, path, data)


@check(
    req="http-tpc/authorisation",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "partner", "token-scopes"},
    catches={"scope-create-overwrites", "scope-read-writes", "scope-ignored"},
    rows={"SCP-04", "SCP-27", "B2.12"},
)
def test_being_sent_to_needs_create_or_modify(
    se: StorageElement, partner: StorageElement, cell: Cell, try_cell: TryCell, expect: Expect
) -> None:
    """Another storage must not write here with a token that lets nobody write there.

    Data could be planted or replaced by whoever has another storage do it.
    """
    tried = try_cell(cell, partner)

    for path, data in tried.kept.items():
        expect.unchanged(se, path, data)
    for path in tried.absent:
        expect.absent(se, path)
    expect.not_transferred(tried.transfer)
