"""Where a copy may go and come from: missing parents, collections, files in the way, itself."""

from lakeproof import (
    CRITICAL,
    HIGH,
    LOW,
    MEDIUM,
    MUST,
    SHOULD,
    Expect,
    Pull,
    Push,
    StorageElement,
    check,
)

INTERNAL_ERROR = 500


@check(
    req="http-tpc/overwrite",
    level=SHOULD,
    severity=MEDIUM,
    needs={"tpc-pull", "partner"},
    catches={"tpc-parent-500", "tpc-pull-lies"},
    rows={"TPC-15"},
)
def test_pull_below_missing_collection_is_made_or_refused(
    se: StorageElement, partner: StorageElement, pull: Pull, expect: Expect
) -> None:
    """A pull below a collection that is missing should make it, or be refused plainly.

    Both are lawful; an internal error is neither, and FTS tries it again and again.
    """
    source, target = partner.workdir / "source", se.workdir / "not" / "yet" / "copy"
    expect.control(partner.put(source, b"any"))

    transfer = pull(source, target)

    if transfer.end == "success":
        expect.content(se, target, b"any")
        return
    expect.absent(se, target)
    expect.that(transfer.reply.status < INTERNAL_ERROR, "no internal error", transfer.describe())


@check(
    req="http-tpc/failure",
    level=MUST,
    severity=CRITICAL,
    needs={"tpc-pull", "partner"},
    catches={"tpc-onto-collection-lies"},
    rows={"B3.19"},
)
def test_pull_onto_collection_keeps_it(
    se: StorageElement, partner: StorageElement, pull: Pull, expect: Expect
) -> None:
    """A pull onto a collection must keep what is in it and must not be a success.

    A path that is one segment too short would otherwise cost a whole dataset.
    """
    source, inside = partner.workdir / "source", se.workdir / "dataset" / "f"
    expect.control(partner.put(source, b"any"))
    expect.control(se.mkcol(inside.parent))
    expect.control(se.put(inside, b"still here"))
    expect.control_transfer(pull.trial())

    transfer = pull(source, inside.parent)

    expect.unchanged(se, inside, b"still here")
    expect.not_transferred(transfer)


@check(
    req="http-tpc/overwrite",
    level=SHOULD,
    severity=LOW,
    needs={"tpc-pull", "partner"},
    catches={"tpc-onto-collection-500"},
    rows={"TPE-08"},
)
def test_pull_onto_collection_is_no_internal_error(
    se: StorageElement, partner: StorageElement, pull: Pull, expect: Expect
) -> None:
    """A pull onto a collection should be refused as the client's mistake, not as an error.

    FTS tries again after an internal error, and the site's operators are called for nothing.
    """
    source, collection = partner.workdir / "source", se.workdir / "dataset"
    expect.control(partner.put(source, b"any"))
    expect.control(se.mkcol(collection))
    expect.control_transfer(pull.trial())

    transfer = pull(source, collection)

    expect.not_transferred(transfer)
    expect.that(transfer.reply.status < INTERNAL_ERROR, "no internal error", transfer.describe())


@check(
    req="http-tpc/failure",
    level=MUST,
    severity=HIGH,
    needs={"tpc-pull", "partner"},
    catches={"tpc-below-file-lies"},
    rows={"TPE-08"},
)
def test_pull_below_file_fails(
    se: StorageElement, partner: StorageElement, pull: Pull, expect: Expect
) -> None:
    """A pull whose parent is a file must fail and keep that file.

    A success would enter a replica into the catalogue at a path that cannot exist.
    """
    source, file = partner.workdir / "source", se.workdir / "f"
    expect.control(partner.put(source, b"any"))
    expect.control(se.put(file, b"still here"))
    expect.control_transfer(pull.trial())

    transfer = pull(source, file / "copy")

    expect.unchanged(se, file, b"still here")
    expect.not_transferred(transfer)


@check(
    req="http-tpc/failure",
    level=MUST,
    severity=HIGH,
    needs={"tpc-push", "partner"},
    catches={"tpc-push-collection-lies"},
    rows={"TPE-08"},
)
def test_push_of_collection_fails(
    se: StorageElement, partner: StorageElement, push: Push, expect: Expect
) -> None:
    """A push of a collection must not be a success, and must leave nothing at the partner.

    Third-party copy moves files; a success for a collection leaves a dataset of nothing.
    """
    collection, target = se.workdir / "dataset", partner.workdir / "copy"
    expect.control(se.mkcol(collection))
    expect.control(se.put(collection / "f", b"still here"))
    expect.control_transfer(push.trial())

    transfer = push(collection, target)

    expect.unchanged(se, collection / "f", b"still here")
    expect.absent(partner, target)
    expect.not_transferred(transfer)


@check(
    req="rfc4918/copy-same-resource",
    level=MUST,
    severity=CRITICAL,
    needs={"tpc-push"},
    catches={"tpc-self-copy-truncates", "tpc-self-copy-deletes"},
    rows={"TPE-02"},
)
def test_push_onto_itself_keeps_file(se: StorageElement, expect: Expect) -> None:
    """A push of a file onto itself must not harm the file.

    A rule with source and destination at the same endpoint asks for it; the storage then reads
    the file that it is overwriting.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"still here"))

    # The harm is done at once or not at all; a storage that waits for itself may take minutes.
    se.copy(
        path,
        direction="push",
        remote=se.url_of(path),
        remote_auth=se.credential("PUT", path),
        timeout_s=10,
    )

    expect.unchanged(se, path, b"still here")


@check(
    req="rfc4918/copy-same-resource",
    level=MUST,
    severity=CRITICAL,
    needs={"tpc-pull"},
    catches={"tpc-self-copy-spelled-truncates", "tpc-self-copy-truncates"},
    rows={"TPE-02"},
)
def test_copy_onto_itself_by_other_spelling_keeps_file(se: StorageElement, expect: Expect) -> None:
    """A pull of a file onto itself must not harm it, however its URL is spelt.

    The same file has many URLs: with an escaped letter, by an alias. Comparing them as text
    does not tell that source and destination are one.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"still here"))
    spelt = f"{se.url_of(path.parent)}/%66"
    expect.control(se.get(path))

    se.copy(path, direction="pull", remote=spelt, remote_auth=se.credential("GET", path))

    expect.unchanged(se, path, b"still here")
