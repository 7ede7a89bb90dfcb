"""What becomes of rules when something is in the way: a corrupt source, a dark file."""

from __future__ import annotations

import re

from lakeproof import (
    HIGH,
    MUST,
    SHOULD,
    Directly,
    Expect,
    Payload,
    PayloadOf,
    Rse,
    StorageElement,
    check,
)

SIZE = 30_000
NEEDS = {"webdav", "write", "tokens", "rucio", "partner"}
# Rucio counts the failures of a source and may take it out of use: an operator has to agree.
SPOILING = NEEDS | {"intrusive"}
SOURCE = re.compile(r"(?is)^(?!.*\bdestination\b).*\bsource\b")
OK, STUCK = "OK", "STUCK"


def _damaged(data: Payload) -> Payload:
    """As many bytes, and others."""
    return Payload.of(b"".join(data.chunks())[::-1])


@check(
    req="rucio/stuck",
    level=SHOULD,
    severity=HIGH,
    needs=SPOILING,
    catches={"digest-stale"},
)
def test_corrupt_source_is_named(
    se: StorageElement, rse: Rse, source_rse: Rse, payload: PayloadOf, expect: Expect
) -> None:
    """A rule for a copy of a replica that is corrupt here is stuck, and says that the source is.

    FTS compares the checksum that the endpoint states with Rucio's. One that is not of what lies
    there has damaged bytes copied first, and the other site blamed for them.
    """
    data, name = payload(SIZE), rse.new_name()
    other = _damaged(data)
    uploaded = rse.upload(name, data)
    expect.given(uploaded.ok, f"Rucio's client did not upload the file: {uploaded.describe()}")
    expect.given(rse.put(name, other), "the endpoint lets nobody replace the replica")
    expect.content(se, rse.path_of(name), other)

    end = source_rse.replicate(name)

    expect.given(end.state == STUCK, f"the rule is {end.describe()}")
    expect.that(
        bool(SOURCE.search(end.reason)),
        "the rule is stuck because the source does not fit",
        f"the rule is {end.describe()}",
    )


@check(
    req="rucio/repair",
    level=SHOULD,
    severity=HIGH,
    needs=SPOILING,
    catches={"digest-stale"},
)
def test_repaired_source_is_copied(
    se: StorageElement, rse: Rse, source_rse: Rse, payload: PayloadOf, expect: Expect
) -> None:
    """When a corrupt replica has been repaired here, the rule that was stuck ends OK.

    Rucio tries stuck rules again, every two hours or when somebody asks. A storage that goes on
    stating the old checksum keeps them stuck, and nobody understands why, as the file is right.
    """
    data, name = payload(SIZE), rse.new_name()
    uploaded = rse.upload(name, data)
    expect.given(uploaded.ok, f"Rucio's client did not upload the file: {uploaded.describe()}")
    expect.given(rse.put(name, _damaged(data)), "the endpoint lets nobody replace the replica")
    rule = source_rse.rule(name)
    stuck = source_rse.end_of(rule)
    expect.given(stuck.state == STUCK, f"the rule for a corrupt file is {stuck.describe()}")

    expect.given(rse.put(name, data), "the endpoint lets nobody replace the replica")
    source_rse.ask_again(name)

    end = source_rse.end_of(rule, until=(OK,))
    path = rse.path_of(name)
    expect.through(
        end.ok,
        "the rule is OK after the repair",
        f"the rule is {end.describe()}",
        lambda: expect.truth(se, path, data),
    )


@check(
    req="rucio/dark",
    level=MUST,
    severity=HIGH,
    needs=NEEDS | {"tpc-pull"},
    catches={"delete-refused"},
    rows={"RUC-09"},
)
def test_dark_file_gives_way_to_a_copy(
    se: StorageElement,
    rse: Rse,
    source_rse: Rse,
    directly: Directly,
    payload: PayloadOf,
    expect: Expect,
) -> None:
    """A file that Rucio does not know is no replica, and is replaced when a copy has its place.

    What transfers that broke off leave behind would keep the file from the site for ever, or be
    taken for it.
    """
    data, name = payload(SIZE), source_rse.new_name()
    uploaded = source_rse.upload(name, data)
    expect.given(uploaded.ok, f"the file is not at the partner: {uploaded.describe()}")
    expect.given(rse.put(name, _damaged(data)), "the endpoint took no file in that place")
    expect.given(not rse.urls(name), "Rucio lists a replica that nobody told it of")

    end = rse.replicate(name)

    expect.ruled(end, lambda: directly.replace(source_rse, name, data))
    expect.truth(se, rse.path_of(name), data)
