"""Rules that are about more than one file or one copy, and those that Rucio makes by itself."""

from __future__ import annotations

from lakeproof import (
    HIGH,
    MEDIUM,
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
FILES = 4
NEEDS = {"webdav", "write", "tokens", "rucio", "partner", "tpc-pull"}


def _upload(rse: Rse, data: Payload, expect: Expect) -> str:
    """The name of a new file at an RSE; blocked when there is none."""
    name = rse.new_name()
    uploaded = rse.upload(name, data)
    expect.given(uploaded.ok, f"the file is not at {rse.name}: {uploaded.describe()}")
    return name


@check(
    req="rucio/dataset",
    level=MUST,
    severity=HIGH,
    needs=NEEDS,
    catches={"tpc-truncates"},
    rows={"RUC-04"},
)
def test_rule_for_a_dataset_copies_every_file(
    se: StorageElement,
    rse: Rse,
    source_rse: Rse,
    directly: Directly,
    payload: PayloadOf,
    expect: Expect,
) -> None:
    """A rule for a dataset ends OK when each of its files has been copied, each true.

    Rules are made for datasets, and FTS copies many files at a time: one that is missing or mixed
    up with its neighbour is found by the analysis months later.
    """
    contents = [payload(SIZE + number) for number in range(FILES)]
    files = {_upload(source_rse, data, expect): data for data in contents}
    first = next(iter(files))

    end = rse.replicate(source_rse.new_dataset(*files), copies=FILES)

    expect.ruled(end, lambda: directly.copy(source_rse, first, files[first]), copies=FILES)
    for name, data in files.items():
        expect.truth(se, rse.path_of(name), data)


@check(
    req="rucio/copies",
    level=MUST,
    severity=HIGH,
    needs=NEEDS,
    catches={"tpc-empty-file"},
    rows={"RUC-03"},
)
def test_rule_for_two_copies_keeps_both(
    se: StorageElement,
    rse: Rse,
    source_rse: Rse,
    directly: Directly,
    payload: PayloadOf,
    expect: Expect,
) -> None:
    """A rule for as many copies as it names RSEs ends OK with a true one at each of them.

    Second copies are the insurance against the loss of a site; one that is none is noticed on the
    day when it is needed.
    """
    data = payload(SIZE)
    name = _upload(source_rse, data, expect)

    end = rse.replicate(name, source_rse, copies=2)

    expect.ruled(end, lambda: directly.copy(source_rse, name, data), copies=2)
    expect.truth(se, rse.path_of(name), data)
    expect.control(source_rse.storage.head(source_rse.path_of(name)))


@check(
    req="rucio/late",
    level=MUST,
    severity=HIGH,
    needs=NEEDS,
    catches={"tpc-corrupts"},
    rows={"RUC-03"},
)
def test_file_attached_later_is_copied(
    se: StorageElement,
    rse: Rse,
    source_rse: Rse,
    directly: Directly,
    payload: PayloadOf,
    expect: Expect,
) -> None:
    """A file that is put into a dataset when its rule is OK already is copied as well.

    Datasets grow while data are taken; what comes after the rule would be at one site only.
    """
    dataset = rse.new_dataset(_upload(rse, payload(SIZE), expect))
    rule = rse.rule(dataset)
    begun = rse.end_of(rule)
    expect.given(begun.ok, f"nothing is to be copied, yet the rule is {begun.describe()}")
    data = payload(SIZE + 1)
    late = _upload(source_rse, data, expect)

    source_rse.attach(dataset, late)

    end = rse.end_of(rule, copies=2)
    expect.ruled(end, lambda: directly.copy(source_rse, late, data), copies=2)
    expect.truth(se, rse.path_of(late), data)


@check(
    req="rucio/subscription",
    level=SHOULD,
    severity=MEDIUM,
    needs=NEEDS,
    catches={"tpc-pull-lies"},
    rows={"RUC-06"},
)
def test_subscription_brings_a_new_dataset(
    se: StorageElement,
    rse: Rse,
    source_rse: Rse,
    directly: Directly,
    payload: PayloadOf,
    expect: Expect,
) -> None:
    """A dataset that a subscription waits for gets a rule by itself, and is copied.

    Data that are to be taken next year are distributed by subscriptions, without anybody there.
    """
    data = payload(SIZE)
    file = _upload(source_rse, data, expect)
    dataset = source_rse.new_name()
    rse.subscribe(dataset)
    source_rse.make_dataset(dataset, file)

    rule = rse.rule_of(dataset)

    expect.given(rule is not None, "Rucio made no rule for the dataset")
    end = rse.end_of(str(rule))
    expect.ruled(end, lambda: directly.copy(source_rse, file, data))
    expect.truth(se, rse.path_of(file), data)
