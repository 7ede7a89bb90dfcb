"""What a poll of a stage request tells."""

from datetime import UTC, datetime

from lakeproof import HIGH, LOW, MEDIUM, MUST, SHOULD, Expect, StorageElement, TapeDesk, check

STATES = ("SUBMITTED", "STARTED", "CANCELLED", "FAILED", "COMPLETED")
DAY_S = 24 * 3600
LOOKS = 4


@check(
    req="tape/progress",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "tape", "write"},
    catches={"tape-progress-other-id", "tape-file-forgotten"},
    rows={"TAP-04"},
)
def test_progress_is_of_what_was_asked_for(
    se: StorageElement, desk: TapeDesk, expect: Expect
) -> None:
    """The progress of a stage request must have its id, and every file that was asked for.

    A file that is not listed is waited for until the transfer's time is over.
    """
    paths = [se.workdir / name for name in ("first", "second")]
    for path in paths:
        expect.control(se.put(path, b"data"))
    request = desk.request(*paths)

    seen = desk.progress(request)

    expect.success(seen.reply)
    expect.equal(seen.document.get("id"), request, "id")
    expect.equal(sorted({*seen.paths}), sorted(map(str, paths)), "paths")


@check(
    req="tape/times",
    level=MUST,
    severity=LOW,
    needs={"webdav", "tape", "write"},
    catches={"tape-times-missing", "tape-times-text"},
    rows={"TAP-04"},
)
def test_times_are_whole_numbers(se: StorageElement, desk: TapeDesk, expect: Expect) -> None:
    """createdAt and startedAt of a request must be there, as whole numbers.

    Clients read them as such, and take a request without them for broken.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"data"))

    document = desk.shown(desk.request(path)).document

    for name in ("createdAt", "startedAt"):
        found = document.get(name)
        sound = isinstance(found, int) and not isinstance(found, bool) and found >= 0
        expect.that(sound, f"{name} as a whole number", f"{name}: {found!r}")


@check(
    req="tape/seconds",
    level=SHOULD,
    severity=LOW,
    needs={"webdav", "tape", "write"},
    catches={"tape-milliseconds"},
    rows={"TAP-04"},
)
def test_times_are_in_seconds(se: StorageElement, desk: TapeDesk, expect: Expect) -> None:
    """createdAt of a request should be in seconds, as in the examples of the specification.

    In milliseconds a request of today was made in the year 58000, and no age is right.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"data"))
    found = desk.shown(desk.request(path)).document.get("createdAt")
    if not isinstance(found, int):
        expect.given(False, "createdAt is no number, which is a check of its own")
        return

    age_s = datetime.now(UTC).timestamp() - found

    expect.that(abs(age_s) < DAY_S, "seconds since 1970", f"createdAt: {found}")


@check(
    req="tape/state-or-on-disk",
    level=MUST,
    severity=MEDIUM,
    needs={"webdav", "tape", "write"},
    catches={"tape-state-and-on-disk", "tape-no-progress"},
    rows={"TAP-04"},
)
def test_file_has_either_a_state_or_on_disk(
    se: StorageElement, desk: TapeDesk, expect: Expect
) -> None:
    """Each file of a request must have a state or onDisk, and never both.

    Clients take the one that they look for first; where the two differ, they believe the
    wrong one.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"data"))

    file = desk.shown(desk.request(path)).of(path)

    expect.given(bool(file), "the file is not listed, which is a check of its own")
    told = [name for name in ("state", "onDisk") if name in file]
    expect.that(len(told) == 1, "state or onDisk", f"{' and '.join(told) or 'neither'}")


@check(
    req="tape/file-times",
    level=MUST,
    severity=LOW,
    needs={"webdav", "tape", "write"},
    catches={"tape-times-without-state"},
    rows={"TAP-04"},
)
def test_times_of_a_file_come_with_its_state(
    se: StorageElement, desk: TapeDesk, expect: Expect
) -> None:
    """startedAt and finishedAt of a file must not be told without its state.

    They say when the state changed; without one nobody knows what they mean.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"data"))

    file = desk.shown(desk.request(path)).of(path)

    expect.given(bool(file), "the file is not listed, which is a check of its own")
    times = {"startedAt", "finishedAt"} & file.keys()
    expect.that("state" in file or not times, "no times", f"{' and '.join(sorted(times))}")


@check(
    req="tape/no-error",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "tape", "write"},
    catches={"tape-error-null"},
    rows={"TAP-04"},
)
def test_file_on_disk_has_no_error(se: StorageElement, desk: TapeDesk, expect: Expect) -> None:
    """A file without an error must have no key error, not even an empty one.

    gfal2 before 2.23.3 crashes on an error that is null, and others take any error for a
    failure.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"data"))
    seen = desk.settled(desk.request(path), path)
    done = seen.of(path).get("state") == "COMPLETED" or seen.of(path).get("onDisk") is True
    expect.given(done, f"the file is not on disk: {str(seen.of(path))[:120]}")

    expect.that("error" not in seen.of(path), "no error", str(seen.of(path))[:160])


@check(
    req="tape/states",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "tape", "write"},
    catches={"tape-state-unknown"},
    rows={"TAP-04"},
)
def test_state_is_one_of_the_five(se: StorageElement, desk: TapeDesk, expect: Expect) -> None:
    """A state must be SUBMITTED, STARTED, CANCELLED, FAILED or COMPLETED.

    A client that does not know the word gives the transfer up.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"data"))

    state = desk.shown(desk.request(path)).of(path).get("state", STATES[-1])

    expect.that(state in STATES, ", ".join(STATES), f"state: {state!r}")


@check(
    req="tape/transitions",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "tape", "write"},
    catches={"tape-state-goes-back"},
    rows={"TAP-04"},
)
def test_file_that_has_ended_stays_so(se: StorageElement, desk: TapeDesk, expect: Expect) -> None:
    """A file that is COMPLETED, FAILED or CANCELLED must stay so.

    Clients stop asking at the first such state, each at another one.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"data"))
    request = desk.request(path)
    ended = desk.settled(request, path)
    expect.given(ended.ended(path), f"the file does not end: {str(ended.of(path))[:120]}")

    states = [desk.shown(request).state(path) for _ in range(LOOKS)]

    expect.equal(states, [ended.state(path)] * LOOKS, "states")
