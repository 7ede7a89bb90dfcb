"""A file comes back from tape: the one that the operator names, once a run, with --intrusive."""

from lakeproof import CRITICAL, HIGH, LOW, MAY, MEDIUM, MUST, SHOULD, Expect, Recall, check

NEEDS = {"webdav", "tape", "write", "tape-file", "intrusive"}
ON_DISK = ("DISK", "DISK_AND_TAPE")
ON_TAPE = ("TAPE", "DISK_AND_TAPE")
# How far a file is: it never goes back, and of these the last is where it stays.
ORDER = {"SUBMITTED": 0, "NOT ON DISK": 1, "STARTED": 1}
ENDED = 2


@check(
    req="tape/nearline-read",
    level=MUST,
    severity=CRITICAL,
    needs=NEEDS,
    catches={"tape-nearline-empty"},
    rows={"TAP-02"},
)
def test_file_on_tape_is_not_read_as_empty(recall: Recall, expect: Expect) -> None:
    """A file that is on tape only must not be served as an empty one.

    Whoever copies it stores nothing, with success; where the original is then deleted, it is
    gone.
    """
    expect.given(recall.size != 0, "the named file is empty, or its size is not told")

    empty = recall.early.ok and recall.early.length == 0

    expect.that(not empty, "an error, or the content", f"{recall.early.describe()}, no bytes")


@check(
    req="tape/locality",
    level=MUST,
    severity=HIGH,
    needs=NEEDS,
    catches={"tape-locality-wrong"},
    rows={"TAP-02"},
)
def test_file_said_to_be_on_disk_can_be_read(recall: Recall, expect: Expect) -> None:
    """A file that archiveinfo says is on disk must be readable.

    Transfer services do not stage what is on disk; their reads then fail.
    """
    expect.given(recall.before is not None, "no locality is told, which is a check of its own")

    wrong = recall.before in ON_DISK and recall.refused_early

    seen = f"{recall.before}, but {recall.early.describe()}"
    expect.that(not wrong, "TAPE, or a file that can be read", seen)


@check(
    req="tape/stage",
    level=MUST,
    severity=HIGH,
    needs=NEEDS,
    catches={"tape-stage-never-ends"},
    rows={"TAP-03", "TAP-04", "B8.43"},
)
def test_file_comes_to_disk(recall: Recall, expect: Expect) -> None:
    """A file on tape must come to disk when it is staged, within the time that the site names.

    What does not come back from tape is as good as lost.
    """
    expect.control(recall.begun)

    seen = recall.last.of(recall.path)
    told = f"{str(seen)[:160]} after {recall.within_s:g} s"
    expect.that(recall.last.on_disk(recall.path), "COMPLETED, or onDisk", told)


@check(
    req="tape/completed",
    level=MUST,
    severity=HIGH,
    needs=NEEDS,
    catches={"tape-locality-stale"},
    rows={"TAP-03"},
)
def test_recalled_file_is_on_disk(recall: Recall, expect: Expect) -> None:
    """A file whose recall is COMPLETED must be on disk by archiveinfo, and readable.

    The transfer that waited for it begins at once.
    """
    expect.given(recall.last.on_disk(recall.path), "the file did not come to disk")

    expect.that(recall.after in ON_DISK, " or ".join(ON_DISK), f"locality: {recall.after}")
    expect.that(recall.has_content, "its content", recall.read_as)


@check(
    req="tape/on-disk",
    level=MUST,
    severity=HIGH,
    needs=NEEDS,
    catches={"tape-on-disk-failed"},
    rows={"TAP-03"},
)
def test_file_on_disk_and_tape_can_be_staged_again(recall: Recall, expect: Expect) -> None:
    """A file of the tape system that is on disk already must not fail in a stage request.

    Two jobs that need the same file are common; the second one must not fail because the
    first came before it.
    """
    if recall.again is None:
        expect.given(False, "the file did not come to disk")
        return

    seen = recall.again.of(recall.path)
    expect.that(recall.again.on_disk(recall.path), "COMPLETED, or onDisk", str(seen)[:160])


@check(
    req="tape/transitions",
    level=MUST,
    severity=MEDIUM,
    needs=NEEDS,
    catches={"tape-recall-goes-back"},
    rows={"TAP-04"},
)
def test_states_only_move_forwards(recall: Recall, expect: Expect) -> None:
    """A file that is STARTED must not be SUBMITTED again, nor one that has ended be on its way.

    Operators look for a recall that hangs by how long it has been in its state.
    """
    expect.given(recall.last.reply.ok, "no progress is told")

    states = [look.state(recall.path) for look in recall.looks]
    ranks = [ORDER.get(state, ENDED) for state in states]

    expect.that(ranks == sorted(ranks), "states in their order", ", ".join(states)[:160])


@check(
    req="tape/cancelled",
    level=SHOULD,
    severity=MEDIUM,
    needs=NEEDS,
    catches={"tape-cancel-ignored"},
    rows={"TAP-05"},
)
def test_cancelled_recall_ends(recall: Recall, expect: Expect) -> None:
    """A file that was on its way should be CANCELLED, or at least ended, after a cancel.

    Otherwise the drive goes on with what nobody wants any more.
    """
    _, _, _, after = recall.stopped
    state = after.state(recall.path)

    expect.that(state not in ("SUBMITTED", "STARTED"), "CANCELLED", f"state: {state}")


@check(
    req="tape/cancel-foreign",
    level=MUST,
    severity=HIGH,
    needs=NEEDS,
    catches={"tape-cancel-foreign-acts-quietly"},
    rows={"TAP-05"},
)
def test_refused_cancel_stops_no_recall(recall: Recall, expect: Expect) -> None:
    """A cancel with a path that is not of the request must not stop the recall.

    The client was told that nothing was done, and waits for a file that never comes.
    """
    _, refusal, after, _ = recall.stopped

    state = after.state(recall.path)

    expect.that(state != "CANCELLED", "a recall that goes on", "state: CANCELLED")
    expect.refused(refusal)


@check(
    req="tape/release-keeps",
    level=MUST,
    severity=CRITICAL,
    needs=NEEDS,
    catches={"tape-release-loses"},
    rows={"TAP-06"},
)
def test_released_file_is_still_on_tape(recall: Recall, expect: Expect) -> None:
    """A file of the tape system must still be on tape after its release.

    The copy on disk may go; the one on tape is the file.
    """
    expect.given(len(recall.localities) > 0, "the file did not come to disk, nor was it released")

    last = recall.localities[-1]

    expect.that(last in ON_TAPE, " or ".join(ON_TAPE), f"locality: {last}")


@check(
    req="tape/released",
    level=MAY,
    severity=LOW,
    needs=NEEDS,
    catches={"tape-release-ignored"},
    rows={"TAP-06"},
)
def test_released_file_leaves_the_disk(recall: Recall, expect: Expect) -> None:
    """A released file may leave the disk at once.

    Storages that keep it as a cache are right to; where it never goes, the disks fill up.
    """
    expect.given(recall.released is not None, "the file did not come to disk")

    last = recall.localities[-1]

    expect.that(last == "TAPE", "TAPE", f"locality: {last}")
