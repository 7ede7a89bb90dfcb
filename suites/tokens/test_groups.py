"""Groups: what they grant, and that a token with capabilities does without them."""

from lakeproof import (
    CRITICAL,
    HIGH,
    MUST,
    SHOULD,
    Cell,
    Expect,
    StorageElement,
    Tried,
    TryCell,
    check,
)

NEEDS = {"webdav", "write", "odd-tokens", "groups"}


def _did_nothing(se: StorageElement, tried: Tried, expect: Expect) -> None:
    """Everything is as it was, and the request was refused."""
    for path, data in tried.kept.items():
        expect.unchanged(se, path, data)
    for path in tried.absent:
        expect.absent(se, path)
    expect.refused(tried.reply)


@check(
    req="wlcg-jwt/groups",
    level=SHOULD,
    severity=HIGH,
    needs=NEEDS,
    catches={"groups-ignored"},
    rows={"SCP-24"},
)
def test_groups_have_the_rights_that_the_site_gives(
    se: StorageElement, cell: Cell, try_cell: TryCell, expect: Expect
) -> None:
    """A token with a group and no capability should have the rights that the site gives the group.

    People who log in by browser have such tokens; they stand before a closed door.
    """
    tried = try_cell(cell)

    expect.success(tried.reply)
    for path, data in tried.holding.items():
        expect.content(se, path, data)


@check(
    req="wlcg-jwt/asserted-groups",
    level=MUST,
    severity=CRITICAL,
    needs=NEEDS,
    catches={"groups-child-is-parent"},
    rows={"SCP-24", "SCP-25", "B2.14"},
)
def test_other_groups_have_no_rights(
    se: StorageElement, cell: Cell, try_cell: TryCell, expect: Expect
) -> None:
    """A group must not have the rights of its parent, nor rights that the site gives to others.

    Guests and students are put into a child group, so that they do not see and destroy what the
    whole group has.
    """
    tried = try_cell(cell)

    _did_nothing(se, tried, expect)


@check(
    req="wlcg-jwt/capability-first",
    level=SHOULD,
    severity=HIGH,
    needs=NEEDS,
    catches={"groups-beside-capability"},
    rows={"SCP-26", "B2.14"},
)
def test_capabilities_come_before_groups(
    se: StorageElement, cell: Cell, try_cell: TryCell, expect: Expect
) -> None:
    """A token with any capability, a lone compute.read included, should get nothing by its groups.

    Somebody asked for a token that may do little; with the groups' rights it may do everything
    that he may.
    """
    tried = try_cell(cell)

    _did_nothing(se, tried, expect)
