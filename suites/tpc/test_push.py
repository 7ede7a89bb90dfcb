"""HTTP third-party copy, push: the endpoint sends a file to its partner."""

from pathlib import PurePosixPath
from typing import Any

from lakeproof import (
    ANONYMOUS,
    CRITICAL,
    HIGH,
    MUST,
    SHOULD,
    Expect,
    PayloadOf,
    StorageElement,
    TokenFor,
    Transfer,
    check,
)

MIB = 1024 * 1024


def _push(
    se: StorageElement,
    source: PurePosixPath,
    partner: StorageElement,
    target: PurePosixPath,
    **how: Any,  # noqa: ANN401  handed through to copy, which is typed
) -> Transfer:
    """`se` sends `source` to the partner as `target`, with the right to write it."""
    remote_auth = how.pop("remote_auth", partner.credential("PUT", target))
    return se.copy(
        source, direction="push", remote=partner.url_of(target), remote_auth=remote_auth, **how
    )


def _control_push(se: StorageElement, partner: StorageElement, expect: Expect) -> None:
    """A push between these two works at all; otherwise its refusal says nothing."""
    source = se.workdir / "control"
    expect.control(se.put(source, b"control"))
    expect.control_transfer(_push(se, source, partner, partner.workdir / "control"))


@check(
    req="http-tpc/push",
    level=MUST,
    severity=CRITICAL,
    needs={"tpc-push", "partner"},
    catches={"tpc-push-lies", "tpc-truncates", "tpc-corrupts", "tpc-push-unsupported"},
    rows={"TPC-05", "TPC-06", "B3.17"},
)
def test_push_copies_truth(
    se: StorageElement, partner: StorageElement, payload: PayloadOf, expect: Expect
) -> None:
    """A push that reports success must have left the source's bytes at the partner.

    After the success line the source replica may be deleted; a file that is short, wrong or
    not there is then lost.
    """
    source, target = se.workdir / "source", partner.workdir / "copy"
    data = payload(3 * MIB + 7)
    expect.control(se.put(source, data))

    transfer = _push(se, source, partner, target)

    expect.transferred(transfer)
    expect.truth(partner, target, data)


@check(
    req="http-tpc/push",
    level=MUST,
    severity=HIGH,
    needs={"tpc-push", "partner"},
    catches={"tpc-empty-fails", "tpc-push-lies"},
    rows={"TPC-09", "B3.27"},
)
def test_push_copies_empty_file(
    se: StorageElement, partner: StorageElement, expect: Expect
) -> None:
    """A push of an empty file must succeed and leave an empty file.

    Datasets with one empty log file otherwise never leave this site complete.
    """
    source, target = se.workdir / "empty", partner.workdir / "copy"
    expect.control(se.put(source, b""))

    transfer = _push(se, source, partner, target)

    expect.transferred(transfer)
    expect.content(partner, target, b"")


@check(
    req="http-tpc/transfer-header",
    level=MUST,
    severity=HIGH,
    needs={"tpc-push", "partner", "token-scopes"},
    catches={"tpc-transfer-header-dropped"},
    rows={"TPC-04", "B3.28"},
)
def test_push_works_with_minimal_tokens(
    se: StorageElement,
    partner: StorageElement,
    token: TokenFor,
    partner_token: TokenFor,
    expect: Expect,
) -> None:
    """A push must work with storage.read on the source file and storage.create at the target.

    Transfers run with the least rights that can do the job; a storage that needs more
    forces its users to hand out tokens that can delete.
    """
    source, target = se.workdir / "source", partner.workdir / "copy"
    expect.control(se.put(source, b"least privilege"))
    expect.control(
        partner.put(
            target.with_name("by-hand"),
            b"least privilege",
            auth=partner_token(f"storage.create:{target.with_name('by-hand')}"),
        )
    )

    transfer = _push(
        se,
        source,
        partner,
        target,
        remote_auth=partner_token(f"storage.create:{target}"),
        auth=token(f"storage.read:{source}"),
    )

    expect.transferred(transfer)
    expect.content(partner, target, b"least privilege")


@check(
    req="http-tpc/failure",
    level=MUST,
    severity=CRITICAL,
    needs={"tpc-push", "partner"},
    catches={"tpc-push-missing-as-empty"},
    rows={"TPE-04", "B3.19"},
)
def test_push_of_missing_file_fails(
    se: StorageElement, partner: StorageElement, expect: Expect
) -> None:
    """A push of a file that does not exist must fail and store nothing at the partner.

    A success here puts a replica into the catalogue that never existed, and an empty file
    beside it that looks like one.
    """
    source, target = se.workdir / "missing", partner.workdir / "copy"
    _control_push(se, partner, expect)

    transfer = _push(se, source, partner, target)

    expect.absent(partner, target)
    expect.not_transferred(transfer)


@check(
    req="http-tpc/failure",
    level=MUST,
    severity=CRITICAL,
    needs={"tpc-push", "partner"},
    catches={"tpc-push-failure-is-success"},
    rows={"TPE-05", "B3.19"},
)
def test_push_to_forbidden_destination_fails(
    se: StorageElement, partner: StorageElement, expect: Expect
) -> None:
    """A push that the destination refuses must be reported as failed.

    The active party has seen the refusal; if it says success all the same, the only replica
    may be deleted for the sake of one that was never written.
    """
    source, target = se.workdir / "source", partner.workdir / "copy"
    expect.control(se.put(source, b"any"))
    _control_push(se, partner, expect)

    transfer = _push(se, source, partner, target, remote_auth=ANONYMOUS)

    there = partner.head(target)
    expect.given(not there.ok, "the partner lets everybody write")
    expect.not_transferred(transfer)


@check(
    req="http-tpc/overwrite",
    level=MUST,
    severity=CRITICAL,
    needs={"tpc-push", "partner"},
    catches={"tpc-overwrite-push-f-ignored"},
    rows={"TPC-11"},
)
def test_push_overwrite_f_keeps_existing_file(
    se: StorageElement, partner: StorageElement, expect: Expect
) -> None:
    """A push with Overwrite: F must not replace a file at the destination.

    FTS sends it to protect what is already there; an active party that does not look first
    destroys data which the client expressly asked to keep.
    """
    source, target = se.workdir / "source", partner.workdir / "copy"
    expect.control(se.put(source, b"from the endpoint"))
    expect.control(partner.put(target, b"already there"))
    _control_push(se, partner, expect)

    transfer = _push(se, source, partner, target, overwrite=False)

    expect.unchanged(partner, target, b"already there")
    expect.not_transferred(transfer)


@check(
    req="http-tpc/overwrite",
    level=SHOULD,
    severity=HIGH,
    needs={"tpc-push", "partner"},
    catches={"tpc-overwrite-push-t-refused"},
    rows={"TPC-11"},
)
def test_push_overwrite_t_replaces_file(
    se: StorageElement, partner: StorageElement, expect: Expect
) -> None:
    """A push with Overwrite: T should replace the file at the destination.

    Retries depend on it: what an earlier attempt left behind has to give way. The partner
    has its say too, so this is no MUST.
    """
    source, target = se.workdir / "source", partner.workdir / "copy"
    expect.control(se.put(source, b"the new one"))
    expect.control(partner.put(target, b"old"))
    expect.control(partner.put(target, b"an older and longer content"))

    transfer = _push(se, source, partner, target, overwrite=True)

    expect.transferred(transfer)
    expect.content(partner, target, b"the new one")


@check(
    req="http-tpc/authorisation",
    level=MUST,
    severity=CRITICAL,
    needs={"tpc-push", "partner"},
    catches={"tpc-unauthorised-accepted"},
    rows={"TPE-10"},
)
def test_anonymous_push_is_refused(
    se: StorageElement, partner: StorageElement, expect: Expect
) -> None:
    """A push without credentials must be refused and must send nothing.

    Otherwise anybody on the network can have the storage send him its data.
    """
    source, target = se.workdir / "source", partner.workdir / "copy"
    expect.control(se.put(source, b"any"))
    _control_push(se, partner, expect)

    transfer = _push(se, source, partner, target, auth=ANONYMOUS)

    expect.absent(partner, target)
    expect.not_transferred(transfer)


@check(
    req="http-tpc/authorisation",
    level=MUST,
    severity=CRITICAL,
    needs={"tpc-push", "partner", "token-scopes"},
    catches={"scope-copy-source-unchecked"},
)
def test_create_token_cannot_push(
    se: StorageElement, partner: StorageElement, token: TokenFor, expect: Expect
) -> None:
    """A token that may only create files must not be able to push one out.

    COPY to another host is a read under another name; where it is not checked as one, every
    uploader can carry data away.
    """
    source, target = se.workdir / "source", partner.workdir / "copy"
    expect.control(se.put(source, b"any"))
    _control_push(se, partner, expect)

    transfer = _push(se, source, partner, target, auth=token(f"storage.create:{se.workdir}"))

    expect.absent(partner, target)
    expect.not_transferred(transfer)
