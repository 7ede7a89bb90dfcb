"""Copies through FTS that must fail: with a reason, and without residue."""

from lakeproof import (
    CRITICAL,
    HIGH,
    MUST,
    SHOULD,
    Expect,
    Fts,
    PayloadOf,
    StorageElement,
    check,
)

WRONG = "00000000"


@check(
    req="fts-rest/reason",
    level=MUST,
    severity=HIGH,
    needs={"fts", "token-scopes", "partner", "write"},
    catches={"fts-lies", "fts-reason-lost"},
    rows={"FTS-07", "B9.46"},
)
def test_missing_source_fails_with_reason(
    se: StorageElement, partner: StorageElement, fts: Fts, payload: PayloadOf, expect: Expect
) -> None:
    """A copy whose source is missing must end as FAILED, with a reason that names the source.

    Whoever looks after a stuck rule has nothing but this text to know whom to ask.
    """
    missing, target = partner.workdir / "missing", se.workdir / "copy"
    partner.make_directory(missing.parent)

    reply = fts.submit(fts.entry([(partner, missing)], (se, target), payload(10)))

    expect.control(reply)
    job = fts.wait(reply)
    expect.absent(se, target)
    expect.that(job.state == "FAILED", "the job ends as FAILED", job.describe())
    expect.that("SOURCE" in job.reason.upper(), "a reason that names the source", job.describe())


@check(
    req="fts-rest/verify-checksum",
    level=MUST,
    severity=CRITICAL,
    needs={"fts", "token-scopes", "partner", "write"},
    catches={"fts-source-checksum-unchecked"},
    rows={"FTS-02", "B9.46"},
)
def test_wrong_source_checksum_fails(
    se: StorageElement, partner: StorageElement, fts: Fts, payload: PayloadOf, expect: Expect
) -> None:
    """With verify_checksum "source" a source of another checksum must not be copied.

    A replica that has rotted would otherwise spread to every site.
    """
    source, target, data = partner.workdir / "source", se.workdir / "copy", payload(70_001)
    expect.control(partner.put(source, data))
    entry = fts.entry([(partner, source)], (se, target), data, checksum=WRONG)

    reply = fts.submit(entry, verify_checksum="source")

    expect.control(reply)
    job = fts.wait(reply)
    expect.that(job.state == "FAILED", "the job ends as FAILED", job.describe())
    expect.absent(se, target)


@check(
    req="fts-rest/verify-checksum",
    level=MUST,
    severity=CRITICAL,
    needs={"fts", "token-scopes", "partner", "write"},
    catches={"fts-target-checksum-unchecked"},
    rows={"FTS-02", "B9.46"},
)
def test_wrong_target_checksum_fails(
    se: StorageElement, partner: StorageElement, fts: Fts, payload: PayloadOf, expect: Expect
) -> None:
    """With verify_checksum "target" a copy of another checksum must end as FAILED.

    Damage on the way would otherwise be registered as a good replica.
    """
    source, target, data = partner.workdir / "source", se.workdir / "copy", payload(70_001)
    expect.control(partner.put(source, data))
    entry = fts.entry([(partner, source)], (se, target), data, checksum=WRONG)

    reply = fts.submit(entry, verify_checksum="target")

    expect.control(reply)
    job = fts.wait(reply)
    expect.that(job.state == "FAILED", "the job ends as FAILED", job.describe())


@check(
    req="fts-rest/cleanup",
    level=SHOULD,
    severity=HIGH,
    needs={"fts", "token-scopes", "partner", "write"},
    catches={"fts-bad-destination-stays"},
)
def test_bad_copy_is_removed(
    se: StorageElement, partner: StorageElement, fts: Fts, payload: PayloadOf, expect: Expect
) -> None:
    """A copy that turned out to be wrong should be removed from the destination.

    It takes up space that nobody knows of, and is in the way of the next attempt.
    """
    source, target, data = partner.workdir / "source", se.workdir / "copy", payload(70_001)
    expect.control(partner.put(source, data))
    entry = fts.entry([(partner, source)], (se, target), data, checksum=WRONG)
    reply = fts.submit(entry, verify_checksum="target")
    expect.control(reply)

    job = fts.wait(reply)

    expect.given(job.state == "FAILED", f"the copy did not fail: {job.describe()}")
    expect.absent(se, target)


@check(
    req="fts-rest/overwrite",
    level=MUST,
    severity=CRITICAL,
    needs={"fts", "token-scopes", "partner", "write"},
    catches={"fts-overwrites-always"},
    rows={"FTS-05", "B9.46"},
)
def test_existing_file_stays_without_overwrite(
    se: StorageElement, partner: StorageElement, fts: Fts, payload: PayloadOf, expect: Expect
) -> None:
    """Without the flag overwrite a file at the destination must stay as it is.

    The flag is all that keeps a copy from replacing the only good replica.
    """
    source, target, data = partner.workdir / "source", se.workdir / "copy", payload(70_001)
    expect.control(partner.put(source, data))
    expect.control(se.put(target, b"already there"))

    reply = fts.submit(fts.entry([(partner, source)], (se, target), data), overwrite=False)

    expect.control(reply)
    job = fts.wait(reply)
    expect.unchanged(se, target, b"already there")
    expect.that(job.state == "FAILED", "the job ends as FAILED", job.describe())


@check(
    req="fts-rest/overwrite",
    level=MUST,
    severity=HIGH,
    needs={"fts", "token-scopes", "partner", "write"},
    catches={"fts-overwrite-ignored"},
    rows={"FTS-05", "B9.46"},
)
def test_overwrite_replaces_file(
    se: StorageElement, partner: StorageElement, fts: Fts, payload: PayloadOf, expect: Expect
) -> None:
    """With the flag overwrite a file at the destination must be replaced.

    Rucio repairs broken replicas like this; a rule hangs for ever otherwise.
    """
    source, target, data = partner.workdir / "source", se.workdir / "copy", payload(70_001)
    expect.control(partner.put(source, data))
    plain = fts.copies((partner, source), (se, se.workdir / "plain"), data)
    expect.given(plain, "FTS does not finish a plain copy of this pair either")
    expect.control(se.put(target, b"already there"))

    reply = fts.submit(fts.entry([(partner, source)], (se, target), data), overwrite=True)

    expect.control(reply)
    job = fts.wait(reply)
    expect.that(job.state == "FINISHED", "the job ends as FINISHED", job.describe())
    expect.truth(se, target, data)


@check(
    req="fts-rest/cancel",
    level=MUST,
    severity=HIGH,
    needs={"fts", "token-scopes", "partner", "write"},
    catches={"fts-cancel-ignored"},
    rows={"FTS-04", "B9.46"},
)
def test_cancelled_job_ends(
    se: StorageElement, partner: StorageElement, fts: Fts, payload: PayloadOf, expect: Expect
) -> None:
    """A job that is cancelled before it has ended must end as CANCELED.

    Copies of rules that were removed would otherwise fill links and storages.
    """
    source, target, data = partner.workdir / "source", se.workdir / "copy", payload(32 * 2**20)
    expect.control(partner.put(source, data))
    reply = fts.submit(fts.entry([(partner, source)], (se, target), data))
    expect.control(reply)
    job = fts.wait(reply, "SUBMITTED", "ACTIVE", "READY")
    expect.given(not job.over, f"the copy had ended before it could be cancelled: {job.state}")

    answer = fts.cancel(job)

    expect.success(answer)
    expect.given(b"304 Not Modified" not in answer.body, "the copy ended before it was cancelled")
    job = fts.wait(reply)
    expect.that(job.state == "CANCELED", "the job ends as CANCELED", job.describe())


@check(
    req="fts-rest/cancel",
    level=SHOULD,
    severity=HIGH,
    needs={"fts", "token-scopes", "partner", "write"},
    catches={"fts-cancel-leaves"},
    rows={"FTS-04", "B9.46"},
)
def test_cancelled_copy_leaves_nothing(
    se: StorageElement, partner: StorageElement, fts: Fts, payload: PayloadOf, expect: Expect
) -> None:
    """Of a copy that is cancelled while it is made nothing should stay at the destination.

    Half a file looks like a replica to whoever lists the storage, and takes up space.
    """
    source, target, data = partner.workdir / "source", se.workdir / "copy", payload(32 * 2**20)
    expect.control(partner.put(source, data))
    reply = fts.submit(fts.entry([(partner, source)], (se, target), data))
    expect.control(reply)
    job = fts.wait(reply, "ACTIVE")
    expect.given(not job.over, f"the copy had ended before it could be cancelled: {job.state}")
    expect.control(fts.cancel(job))

    job = fts.wait(reply)

    expect.given(job.state == "CANCELED", f"the job ended otherwise: {job.state}")
    se.settle()
    expect.eventually(lambda: expect.absent(se, target), within_s=fts.patience_s / 5)
