"""Which files a stage request is about: several at once, written oddly, or by several clients."""

from lakeproof import (
    HIGH,
    LOW,
    MEDIUM,
    MUST,
    SHOULD,
    Expect,
    StorageElement,
    TapeDesk,
    Together,
    TokenFor,
    check,
)


@check(
    req="tape/bulk",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "tape", "write"},
    catches={"tape-mixed-refused"},
    rows={"TAP-03"},
)
def test_missing_file_does_not_fail_the_others(
    se: StorageElement, desk: TapeDesk, expect: Expect
) -> None:
    """A stage request must be accepted for its good files although one does not exist.

    It stands for as many requests as it has files. A campaign of thousands must not fail for
    one that was deleted meanwhile.
    """
    path, missing = se.workdir / "f", se.workdir / "missing"
    expect.control(se.put(path, b"data"))
    alone = desk.settled(desk.request(path), path).state(path)

    reply = desk.stage(path, missing)

    expect.success(reply)
    seen = desk.settled(desk.id_of(reply), path)
    expect.equal(seen.state(path), alone, "state of the good file")


@check(
    req="tape/sanitised",
    level=MUST,
    severity=MEDIUM,
    needs={"webdav", "tape", "write"},
    catches={"tape-slashes-refused"},
    rows={"TAP-10"},
)
def test_double_slashes_are_removed(se: StorageElement, desk: TapeDesk, expect: Expect) -> None:
    """A path with two slashes in a row must mean the same file as with one.

    Paths are put together from a prefix and a name, and both bring a slash.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"data"))
    alone = desk.settled(desk.request(path), path).state(path)

    reply = desk.stage({"path": f"/{path.parent}//{path.name}"})

    expect.success(reply)
    seen = desk.settled(desk.id_of(reply), path)
    expect.equal(seen.state(path), alone, "state of the file")


@check(
    req="wlcg-jwt/path-hierarchy",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "tape", "write", "token-scopes"},
    catches={"tape-traversal"},
    rows={"TAP-10"},
)
def test_path_does_not_climb_out_of_the_scope(
    se: StorageElement, desk: TapeDesk, token: TokenFor, expect: Expect
) -> None:
    """A path with `..` must not reach a file outside the token's scope.

    Whoever may stage in one directory could occupy the tape drives with everybody's files.
    """
    inside, outside = se.workdir / "inside", se.workdir / "outside" / "f"
    expect.control(se.mkcol(inside))
    expect.control(se.mkcol(outside.parent))
    expect.control(se.put(inside / "f", b"data"))
    expect.control(se.put(outside, b"data"))
    stage = token(f"storage.stage:{inside}")
    expect.control(desk.stage(inside / "f", auth=stage))
    plain = desk.stage(outside, auth=stage)
    expect.given(not plain.ok, "what lies outside the scope is staged anyway, without any ..")

    reply = desk.stage({"path": f"{inside}/../outside/f"}, auth=stage)

    if reply.ok:
        seen = desk.settled(desk.id_of(reply), outside)
        done = [file for file in seen.files if not file.get("error")]
        expect.equal(done, [], "files that are staged")


@check(
    req="tape/unique-path",
    level=MUST,
    severity=LOW,
    needs={"webdav", "tape", "write"},
    catches={"tape-path-twice"},
    rows={"TAP-04"},
)
def test_path_is_listed_once(se: StorageElement, desk: TapeDesk, expect: Expect) -> None:
    """Each path must be listed once in the progress of a request that names it twice.

    Clients look files up by their paths; of two entries they see one, and wait for the other.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"data"))
    reply = desk.stage(path, path)
    expect.control(reply)

    seen = desk.shown(desk.id_of(reply))

    expect.equal(seen.paths, [str(path)], "paths")


@check(
    req="tape/own-request",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "tape", "write"},
    catches={"tape-requests-merged", "tape-delete-takes-others"},
    rows={"TAP-03", "TAP-07"},
)
def test_requests_for_one_file_do_not_disturb_each_other(
    se: StorageElement, desk: TapeDesk, together: Together, expect: Expect
) -> None:
    """Two requests for one file at the same time should be two, and one outlive the other.

    Two transfers of one file are common. Where the first to end takes the other's request
    along, that one waits for ever.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"data"))
    expect.control(desk.stage(path))

    replies = together(*[lambda _: desk.apart(path)] * 2)
    first, second = (desk.id_of(desk.noted(reply)) for reply in replies)

    expect.that(first != second, "two requests", f"both are {first}")
    expect.control(desk.drop(first))
    left = desk.progress(second)
    expect.that(bool(left.document), "the other request is still there", left.reply.describe())
