"""HTTP third-party copy, pull: the endpoint fetches a file from its partner."""

from pathlib import PurePosixPath
from typing import Any

from lakeproof import (
    ANONYMOUS,
    CRITICAL,
    HIGH,
    MEDIUM,
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


def _pull(
    se: StorageElement,
    target: PurePosixPath,
    partner: StorageElement,
    source: PurePosixPath,
    **how: Any,  # noqa: ANN401  handed through to copy, which is typed
) -> Transfer:
    """`se` fetches `source` of the partner as `target`, with the right to read it."""
    remote_auth = how.pop("remote_auth", partner.credential("GET", source))
    return se.copy(
        target, direction="pull", remote=partner.url_of(source), remote_auth=remote_auth, **how
    )


def _control_pull(se: StorageElement, partner: StorageElement, expect: Expect) -> None:
    """A pull between these two works at all; otherwise its refusal says nothing."""
    source = partner.workdir / "control"
    expect.control(partner.put(source, b"control"))
    expect.control_transfer(_pull(se, se.workdir / "control", partner, source))


@check(
    req="http-tpc/pull",
    level=MUST,
    severity=CRITICAL,
    needs={"tpc-pull", "partner"},
    catches={
        "tpc-pull-lies",
        "tpc-empty-file",
        "tpc-truncates",
        "tpc-corrupts",
        "tpc-pull-unsupported",
    },
    rows={"TPC-05", "TPC-06", "B3.17"},
)
def test_pull_copies_truth(
    se: StorageElement, partner: StorageElement, payload: PayloadOf, expect: Expect
) -> None:
    """A pull that reports success must leave the source's bytes at the destination.

    After the success line the source replica may be deleted; a file that is short, wrong or
    not there is then lost.
    """
    source, target = partner.workdir / "source", se.workdir / "copy"
    data = payload(3 * MIB + 7)
    expect.control(partner.put(source, data))

    transfer = _pull(se, target, partner, source)

    expect.transferred(transfer)
    expect.truth(se, target, data)


@check(
    req="http-tpc/pull",
    level=MUST,
    severity=HIGH,
    needs={"tpc-pull", "partner"},
    catches={"tpc-empty-fails", "tpc-pull-lies"},
    rows={"TPC-09", "B3.27"},
)
def test_pull_copies_empty_file(
    se: StorageElement, partner: StorageElement, expect: Expect
) -> None:
    """A pull of an empty file must succeed and leave an empty file.

    Datasets with one empty log file otherwise never become complete at this site.
    """
    source, target = partner.workdir / "empty", se.workdir / "copy"
    expect.control(partner.put(source, b""))

    transfer = _pull(se, target, partner, source)

    expect.transferred(transfer)
    expect.content(se, target, b"")


@check(
    req="http-tpc/pull",
    level=MUST,
    severity=CRITICAL,
    needs={"tpc-pull", "partner"},
    catches={"tpc-truncates"},
    rows={"TPC-10"},
)
def test_pull_copies_large_file(
    se: StorageElement, partner: StorageElement, payload: PayloadOf, expect: Expect
) -> None:
    """A pull of 64 MiB must arrive complete.

    Redirects, body limits and several streams come into play only with files of real size.
    """
    source, target = partner.workdir / "large", se.workdir / "copy"
    data = payload(64 * MIB)
    expect.control(partner.put(source, data))

    transfer = _pull(se, target, partner, source)

    expect.transferred(transfer)
    expect.truth(se, target, data)


@check(
    req="http-tpc/transfer-header",
    level=MUST,
    severity=HIGH,
    needs={"tpc-pull", "partner", "token-scopes"},
    catches={"tpc-transfer-header-dropped"},
    rows={"TPC-03", "B3.28"},
)
def test_pull_works_with_minimal_tokens(
    se: StorageElement,
    partner: StorageElement,
    token: TokenFor,
    partner_token: TokenFor,
    expect: Expect,
) -> None:
    """A pull must work with storage.read on the source file and storage.create on the target.

    Transfers run with the least rights that can do the job; a storage that needs more
    forces its users to hand out tokens that can delete.
    """
    source, target = partner.workdir / "source", se.workdir / "copy"
    expect.control(partner.put(source, b"least privilege"))
    expect.control(partner.get(source, auth=partner_token(f"storage.read:{source}")))

    transfer = _pull(
        se,
        target,
        partner,
        source,
        remote_auth=partner_token(f"storage.read:{source}"),
        auth=token(f"storage.create:{target}"),
    )

    expect.transferred(transfer)
    expect.content(se, target, b"least privilege")


@check(
    req="http-tpc/failure",
    level=MUST,
    severity=CRITICAL,
    needs={"tpc-pull", "partner"},
    catches={"tpc-failure-is-success"},
    rows={"TPE-04", "B3.19"},
)
def test_pull_of_missing_source_fails(
    se: StorageElement, partner: StorageElement, expect: Expect
) -> None:
    """A pull of a file that does not exist must be reported as failed.

    A success here puts a replica into the catalogue that never existed; the real one may be
    deleted because of it.
    """
    source, target = partner.workdir / "missing", se.workdir / "copy"
    _control_pull(se, partner, expect)

    transfer = _pull(se, target, partner, source)

    expect.not_transferred(transfer)


@check(
    req="http-tpc/clean-up",
    level=SHOULD,
    severity=HIGH,
    needs={"tpc-pull", "partner"},
    catches={"tpc-failure-keeps-partial"},
    rows={"TPE-04", "B3.19"},
)
def test_failed_pull_leaves_nothing(
    se: StorageElement, partner: StorageElement, expect: Expect
) -> None:
    """A failed pull should leave nothing at the destination.

    The retry finds a file in its way, and a scan of the storage finds an empty or partial
    file that looks like data.
    """
    source, target = partner.workdir / "missing", se.workdir / "copy"
    _control_pull(se, partner, expect)

    transfer = _pull(se, target, partner, source)

    expect.absent(se, target)
    expect.not_transferred(transfer)


@check(
    req="http-tpc/authorisation",
    level=MUST,
    severity=CRITICAL,
    needs={"tpc-pull", "partner"},
    catches={"tpc-stores-error-page", "tpc-failure-is-success"},
    rows={"TPE-05", "B3.19"},
)
def test_pull_from_forbidden_source_fails(
    se: StorageElement, partner: StorageElement, expect: Expect
) -> None:
    """A pull that the source refuses must fail and store no data.

    Storages have kept the source's error page as if it were the file: a success, a size,
    a checksum, and no data.
    """
    source, target = partner.workdir / "private", se.workdir / "copy"
    expect.control(partner.put(source, b"not for everybody"))
    anonymous = partner.get(source, auth=ANONYMOUS)
    expect.given(not anonymous.ok, "the partner lets everybody read")
    _control_pull(se, partner, expect)

    transfer = _pull(se, target, partner, source, remote_auth=ANONYMOUS)

    left = se.head(target)
    size = left.headers.get("Content-Length", "0") if left.ok else "0"
    expect.equal(size, "0", "bytes at the destination")  # an empty file is another check's
    expect.not_transferred(transfer)


@check(
    req="http-tpc/overwrite",
    level=MUST,
    severity=CRITICAL,
    needs={"tpc-pull", "partner"},
    catches={"tpc-overwrite-f-ignored", "tpc-overwrite-f-truncates"},
    rows={"TPC-11"},
)
def test_pull_overwrite_f_keeps_existing_file(
    se: StorageElement, partner: StorageElement, expect: Expect
) -> None:
    """A pull with Overwrite: F must not replace an existing file.

    FTS sends it to protect what is already there; a server that ignores it destroys data
    which the client expressly asked to keep.
    """
    source, target = partner.workdir / "source", se.workdir / "copy"
    expect.control(partner.put(source, b"from the partner"))
    expect.control(se.put(target, b"already here"))
    _control_pull(se, partner, expect)

    transfer = _pull(se, target, partner, source, overwrite=False)

    expect.unchanged(se, target, b"already here")
    expect.not_transferred(transfer)


@check(
    req="http-tpc/overwrite",
    level=MUST,
    severity=HIGH,
    needs={"tpc-pull", "partner"},
    catches={"tpc-overwrite-t-refused"},
    rows={"TPC-11"},
)
def test_pull_overwrite_t_replaces_file(
    se: StorageElement, partner: StorageElement, expect: Expect
) -> None:
    """A pull with Overwrite: T must replace an existing file by all of the new one.

    Retries depend on it: what an earlier attempt left behind has to give way.
    """
    source, target = partner.workdir / "source", se.workdir / "copy"
    expect.control(partner.put(source, b"the new one"))
    expect.control(se.put(target, b"an older and longer content"))
    expect.control(se.put(target, b"an older and longer content, overwritten"))

    transfer = _pull(se, target, partner, source, overwrite=True)

    expect.transferred(transfer)
    expect.content(se, target, b"the new one")


@check(
    req="http-tpc/authorisation",
    level=MUST,
    severity=CRITICAL,
    needs={"tpc-pull", "partner"},
    catches={"tpc-unauthorised-accepted"},
    rows={"TPE-10"},
)
def test_anonymous_pull_is_refused(
    se: StorageElement, partner: StorageElement, expect: Expect
) -> None:
    """A pull without credentials must be refused and must write nothing.

    Otherwise anybody on the network can fill the storage, or make it fetch what he likes
    from inside the site.
    """
    source, target = partner.workdir / "source", se.workdir / "copy"
    expect.control(partner.put(source, b"any"))
    _control_pull(se, partner, expect)

    transfer = _pull(se, target, partner, source, auth=ANONYMOUS)

    expect.absent(se, target)
    expect.not_transferred(transfer)


@check(
    req="http-tpc/authorisation",
    level=MUST,
    severity=CRITICAL,
    needs={"tpc-pull", "partner", "token-scopes"},
    catches={"scope-copy-destination-unchecked"},
    rows={"TPE-06"},
)
def test_read_token_cannot_pull(
    se: StorageElement, partner: StorageElement, token: TokenFor, expect: Expect
) -> None:
    """A token that may only read must not be able to pull a file in.

    COPY is a write under another name; where it is not checked as one, every reader can
    write.
    """
    source, target = partner.workdir / "source", se.workdir / "copy"
    expect.control(partner.put(source, b"any"))
    _control_pull(se, partner, expect)

    transfer = _pull(se, target, partner, source, auth=token(f"storage.read:{se.workdir}"))

    expect.absent(se, target)
    expect.not_transferred(transfer)


@check(
    req="rfc4918/copy-same-resource",
    level=MUST,
    severity=CRITICAL,
    needs={"tpc-pull"},
    catches={"tpc-self-copy-truncates", "tpc-self-copy-deletes"},
    rows={"TPE-02"},
)
def test_copy_onto_itself_keeps_file(se: StorageElement, expect: Expect) -> None:
    """A pull of a file onto itself must not harm the file.

    A rule with source and destination at the same endpoint asks for it; servers have opened
    the file for writing first, and copied nothing onto nothing.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"still here"))

    se.copy(
        path,
        direction="pull",
        remote=se.url_of(path),
        remote_auth=se.credential("GET", path),
    )

    expect.unchanged(se, path, b"still here")


@check(
    req="http-tpc/one-direction",
    level=SHOULD,
    severity=MEDIUM,
    needs={"tpc-pull", "partner"},
    catches={"tpc-both-headers-accepted"},
    rows={"TPE-01"},
)
def test_source_and_destination_together_are_refused(
    se: StorageElement, partner: StorageElement, expect: Expect
) -> None:
    """A COPY with both Source and Destination should be refused.

    The request does not say which file to overwrite; a server that picks one destroys the
    right file half of the time.
    """
    source, target = partner.workdir / "source", se.workdir / "f"
    remote = partner.url_of(source)
    expect.control(partner.put(source, b"at the partner"))
    expect.control(se.put(target, b"at the endpoint"))
    _control_pull(se, partner, expect)

    transfer = se.copy(
        target,
        direction="pull",
        remote=remote,
        remote_auth=partner.credential("GET", source),
        headers={"Destination": remote},
    )

    expect.unchanged(se, target, b"at the endpoint")
    expect.unchanged(partner, source, b"at the partner")
    expect.not_transferred(transfer)
