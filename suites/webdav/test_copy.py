"""COPY within the storage (RFC 4918, no third party): a Destination on the same server."""

from pathlib import PurePosixPath

from lakeproof import (
    ANONYMOUS,
    CRITICAL,
    LOW,
    MAY,
    MUST,
    Expect,
    StorageElement,
    Transfer,
    check,
)


def _copy(
    se: StorageElement, old: PurePosixPath, new: PurePosixPath, overwrite: str = "T"
) -> Transfer:
    """As RFC 4918 has it, without the headers of a third-party copy; a server may take it for one.

    Then its status says little, and the end of its body everything.
    """
    return se.copy(
        old,
        direction="push",
        remote=se.url_of(new),
        remote_auth=ANONYMOUS,
        auth=se.credential("COPY", old),
        headers={"Credential": "", "Overwrite": overwrite},
    )


def _claimed(copied: Transfer) -> bool:
    return copied.reply.ok and copied.end in ("success", "unknown")


@check(
    req="rfc4918/copy",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write"},
    catches={"copy-within-moves"},
    rows={"DAV-30"},
)
def test_copy_within_keeps_the_source(se: StorageElement, expect: Expect) -> None:
    """COPY to another path of the same storage must leave the source as it is.

    Whether it is offered or not, a copy that costs the original is a loss of data.
    """
    old, new = se.workdir / "f", se.workdir / "copy"
    expect.control(se.put(old, b"the original"))

    expect.answered(_copy(se, old, new).reply)

    expect.unchanged(se, old, b"the original")


@check(
    req="rfc4918/copy",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write"},
    catches={"copy-within-empty", "copy-within-lies"},
    rows={"DAV-30"},
)
def test_copy_within_is_whole_or_refused(se: StorageElement, expect: Expect) -> None:
    """COPY to another path of the same storage must make an equal file or be refused.

    A copy that was reported and is empty or missing is found out when the original has been
    deleted.
    """
    old, new = se.workdir / "f", se.workdir / "copy"
    expect.control(se.put(old, b"the original"))

    copied = _copy(se, old, new)

    expect.answered(copied.reply)
    if _claimed(copied) or se.head(new).ok:
        expect.content(se, new, b"the original")


@check(
    req="rfc4918/overwrite-f",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write"},
    catches={"copy-within-overwrites"},
    rows={"DAV-30"},
)
def test_copy_within_overwrite_f_keeps_file(se: StorageElement, expect: Expect) -> None:
    """COPY with Overwrite: F must not replace a file of the same storage.

    The client asked for exactly this, because the other file may be somebody else's.
    """
    old, new = se.workdir / "mine", se.workdir / "theirs"
    expect.control(se.put(old, b"my version"))
    expect.control(se.put(new, b"their version"))

    copied = _copy(se, old, new, overwrite="F")

    expect.answered(copied.reply)
    expect.unchanged(se, new, b"their version")


@check(
    req="rfc4918/copy",
    level=MAY,
    severity=LOW,
    needs={"webdav", "write"},
    catches={"copy-within-refused"},
    rows={"DAV-30"},
)
def test_copy_within_is_offered(se: StorageElement, expect: Expect) -> None:
    """COPY to another path of the same storage may be offered, and then answers 201.

    Without it a file is copied through the client or by a third-party copy onto the same
    server.
    """
    old, new = se.workdir / "f", se.workdir / "copy"
    expect.control(se.put(old, b"the original"))

    copied = _copy(se, old, new)

    expect.that(_claimed(copied), "a copy within the storage", copied.describe())
    expect.status(copied.reply, 201, 204)
