"""Where a scope's path begins and ends."""

from lakeproof import (
    CRITICAL,
    HIGH,
    MUST,
    Expect,
    OddTokenFor,
    StorageElement,
    TokenFor,
    check,
)


@check(
    req="wlcg-jwt/path-exact",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "token-scopes"},
    catches={"scope-prefix-confusion"},
    rows={"SCP-16"},
)
def test_scope_ends_at_segment_for_reading(
    se: StorageElement, token: TokenFor, expect: Expect
) -> None:
    """storage.read:/foo must not read below /foobar.

    Two groups whose directories begin alike could read each other's data.
    """
    inside, beside = se.workdir / "foo" / "f", se.workdir / "foobar" / "f"
    for path in (inside, beside):
        expect.control(se.mkcol(path.parent))
        expect.control(se.put(path, b"secret"))
    read = token(f"storage.read:{inside.parent}")
    expect.control(se.get(inside, auth=read))

    expect.refused(se.get(beside, auth=read))


@check(
    req="wlcg-jwt/path-exact",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "token-scopes"},
    catches={"scope-prefix-confusion"},
    rows={"SCP-09", "SCP-16"},
)
def test_scope_ends_at_segment_for_writing(
    se: StorageElement, token: TokenFor, expect: Expect
) -> None:
    """storage.create:/foo must not create /foobar.

    Two groups whose directories begin alike could write into each other's area.
    """
    inside, beside = se.workdir / "foo", se.workdir / "foobar"
    create = token(f"storage.create:{inside}")
    expect.control(se.put(inside, b"mine", auth=create))

    reply = se.put(beside, b"not mine", auth=create)

    expect.absent(se, beside)
    expect.refused(reply)


@check(
    req="wlcg-jwt/path-hierarchy",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "token-scopes"},
    catches={"scope-path-ignored"},
    rows={"SCP-16"},
)
def test_read_ends_at_scope_path(se: StorageElement, token: TokenFor, expect: Expect) -> None:
    """storage.read of one collection must not read from another.

    The path is what separates groups, embargoed from public data, and one job from the
    next.
    """
    inside, outside = se.workdir / "mine" / "f", se.workdir / "theirs" / "f"
    for path in (inside, outside):
        expect.control(se.mkcol(path.parent))
        expect.control(se.put(path, b"secret"))
    read = token(f"storage.read:{inside.parent}")
    expect.control(se.get(inside, auth=read))

    expect.refused(se.get(outside, auth=read))


@check(
    req="wlcg-jwt/path-hierarchy",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "token-scopes"},
    catches={"scope-path-ignored"},
    rows={"SCP-27"},
)
def test_modify_ends_at_scope_path(se: StorageElement, token: TokenFor, expect: Expect) -> None:
    """storage.modify of one collection must not replace a file in another.

    One group's production would be able to destroy the data of all the others.
    """
    inside, outside = se.workdir / "mine" / "f", se.workdir / "theirs" / "f"
    for path in (inside, outside):
        expect.control(se.mkcol(path.parent))
        expect.control(se.put(path, b"data"))
    modify = token(f"storage.modify:{inside.parent}")
    expect.control(se.put(inside, b"changed", auth=modify))

    reply = se.put(outside, b"changed", auth=modify)

    expect.unchanged(se, outside, b"data")
    expect.refused(reply)


@check(
    req="wlcg-jwt/path-exact",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write", "token-scopes"},
    catches={"scope-file-refused"},
    rows={"SCP-17"},
)
def test_scope_of_one_file_reads_it(se: StorageElement, token: TokenFor, expect: Expect) -> None:
    """storage.read with the path of a file must read that file.

    Transfers carry tokens for single files; where these do not work, they need tokens for
    whole areas.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"one file"))

    expect.success(se.get(path, auth=token(f"storage.read:{path}")))


@check(
    req="wlcg-jwt/path-required",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "odd-tokens"},
    catches={"scope-pathless-accepted"},
    rows={"SCP-15", "B2.9"},
)
def test_pathless_scope_is_refused(
    se: StorageElement, odd_token: OddTokenFor, expect: Expect
) -> None:
    """A token with storage.read and no path must be refused.

    A path that was forgotten must not mean "everything".
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"secret"))
    scopes = [f"storage.read:{se.workdir}"]
    expect.control(se.get(path, auth=odd_token(scopes=scopes)))

    pathless = odd_token(scopes=scopes, claims={"scope": "storage.read"})
    expect.refused(se.get(path, auth=pathless))


@check(
    req="wlcg-jwt/path-required",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write", "odd-tokens"},
    catches={"scope-pathless-skipped"},
    rows={"SCP-15", "B2.9"},
)
def test_pathless_scope_spoils_the_token(
    se: StorageElement, odd_token: OddTokenFor, expect: Expect
) -> None:
    """A token with a scope that lacks its path must be refused as a whole.

    Such a token comes from an issuer that is set up wrongly; accepting half of it hides
    that until the other half is accepted somewhere else.
    """
    path = se.workdir / "f"
    scopes = [f"storage.read:{se.workdir}"]
    expect.control(se.put(path, b"secret"))
    whole = odd_token(scopes=scopes, claims={"scope": "storage.read:/"})
    expect.control(se.get(path, auth=whole))

    spoilt = odd_token(scopes=scopes, claims={"scope": "storage.read:/ storage.modify"})
    expect.refused(se.get(path, auth=spoilt))


@check(
    req="wlcg-jwt/path-hierarchy",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "token-scopes"},
    catches={"path-traversal"},
    rows={"SCP-20"},
)
def test_dot_dot_does_not_leave_scope(se: StorageElement, token: TokenFor, expect: Expect) -> None:
    """A request path with ".." must not lead out of the scope's path.

    The oldest trick against path checks: the beginning of the path is allowed, the end of
    it is somewhere else.
    """
    inside, outside = se.workdir / "mine" / "f", se.workdir / "theirs" / "f"
    for path in (inside, outside):
        expect.control(se.mkcol(path.parent))
        expect.control(se.put(path, b"secret"))
    read = token(f"storage.read:{inside.parent}")
    expect.control(se.get(inside, auth=read))

    for dots in ("..", "%2e%2e"):
        expect.refused(se.request("GET", f"{inside.parent}/{dots}/theirs/f", auth=read))


@check(
    req="wlcg-jwt/path-hierarchy",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "token-scopes"},
    catches={"scope-move-source-unchecked", "scope-move-destination-unchecked"},
    rows={"SCP-23", "B2.12"},
)
def test_move_needs_rights_at_both_ends(
    se: StorageElement, token: TokenFor, expect: Expect
) -> None:
    """A rename must be refused where the scope covers only one of the two paths.

    With a right at one end only, files could be carried off from, or slipped into, another
    group's area.
    """
    inside, outside = se.workdir / "mine" / "f", se.workdir / "theirs" / "f"
    for path in (inside, outside):
        expect.control(se.mkcol(path.parent))
        expect.control(se.put(path, b"data"))
    modify = token(f"storage.modify:{inside.parent}")
    expect.control(se.move(inside, inside.with_name("renamed"), auth=modify))

    carried_off = se.move(outside, inside, auth=modify)
    slipped_in = se.move(inside.with_name("renamed"), outside.with_name("new"), auth=modify)

    expect.unchanged(se, outside, b"data")
    expect.absent(se, outside.with_name("new"))
    expect.refused(carried_off)
    expect.refused(slipped_in)
