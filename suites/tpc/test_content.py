"""What arrives: files of every size and name, at once and a while later."""

from lakeproof import (
    CRITICAL,
    HIGH,
    MUST,
    Expect,
    PayloadOf,
    Pull,
    Push,
    StorageElement,
    check,
)

MIB = 1024 * 1024
ODD_NAMES = ("with space", "a+b", "100%", "#1", "what?", "a&b=c", "größe-文件")


@check(
    req="http-tpc/pull",
    level=MUST,
    severity=HIGH,
    needs={"tpc-pull", "partner"},
    catches={"tpc-truncates", "tpc-empty-file"},
    rows={"B3.27"},
)
def test_pull_copies_one_byte(
    se: StorageElement, partner: StorageElement, pull: Pull, expect: Expect
) -> None:
    """A pull of a file of one byte must leave that byte.

    The smallest file meets buffers that are never filled; libraries have lost it or waited for
    more.
    """
    source, target = partner.workdir / "source", se.workdir / "copy"
    expect.control(partner.put(source, b"1"))

    transfer = pull(source, target)

    expect.transferred(transfer)
    expect.truth(se, target, b"1")


@check(
    req="http-tpc/push",
    level=MUST,
    severity=HIGH,
    needs={"tpc-push", "partner"},
    catches={"tpc-truncates", "tpc-push-lies"},
    rows={"B3.27"},
)
def test_push_copies_one_byte(
    se: StorageElement, partner: StorageElement, push: Push, expect: Expect
) -> None:
    """A push of a file of one byte must deliver that byte.

    The smallest file meets buffers that are never filled; with some HTTP libraries such a push
    hangs.
    """
    source, target = se.workdir / "source", partner.workdir / "copy"
    expect.control(se.put(source, b"1"))

    transfer = push(source, target)

    expect.transferred(transfer)
    expect.truth(partner, target, b"1")


@check(
    req="http-tpc/push",
    level=MUST,
    severity=CRITICAL,
    needs={"tpc-push", "partner"},
    catches={"tpc-truncates"},
    rows={"TPC-10"},
)
def test_push_copies_large_file(
    se: StorageElement,
    partner: StorageElement,
    push: Push,
    payload: PayloadOf,
    expect: Expect,
) -> None:
    """A push of 64 MiB must arrive complete.

    Redirects of the destination, "Expect: 100-continue" and body limits come into play only with
    files of real size.
    """
    source, target = se.workdir / "large", partner.workdir / "copy"
    data = payload(64 * MIB)
    expect.control(se.put(source, data))

    transfer = push(source, target)

    expect.transferred(transfer)
    expect.truth(partner, target, data)


@check(
    req="http-tpc/data-url",
    level=MUST,
    severity=HIGH,
    needs={"tpc-pull", "partner"},
    catches={"tpc-name-mangled"},
    rows={"B3.27"},
)
def test_pull_takes_odd_names(
    se: StorageElement, partner: StorageElement, pull: Pull, expect: Expect
) -> None:
    """A pull must find and store files whose names need escaping in a URL.

    Datasets with a blank, a plus or an umlaut in a file name never become complete at this
    site, or arrive under another name.
    """
    expect.control_transfer(pull.trial())
    names = []
    for name in ODD_NAMES:  # a name that one of the two cannot even store is not COPY's matter
        data = name.encode()
        if partner.put(partner.workdir / name, data).ok and se.put(se.workdir / name, data).ok:
            names.append(name)
    expect.given(bool(names), "neither storage takes a name that needs escaping")
    for name in names:
        copy = se.workdir / f"copy of {name}"

        transfer = pull(partner.workdir / name, copy)

        expect.that(transfer.end == "success", f"{name!r} is copied", transfer.describe())
        expect.content(se, copy, name.encode())


@check(
    req="http-tpc/data-url",
    level=MUST,
    severity=HIGH,
    needs={"tpc-push", "partner"},
    catches={"tpc-name-mangled"},
    rows={"B3.27"},
)
def test_push_takes_odd_names(
    se: StorageElement, partner: StorageElement, push: Push, expect: Expect
) -> None:
    """A push must find and deliver files whose names need escaping in a URL.

    Datasets with a blank, a plus or an umlaut in a file name never leave this site complete, or
    arrive under another name.
    """
    expect.control_transfer(push.trial())
    names = []
    for name in ODD_NAMES:
        data = name.encode()
        if partner.put(partner.workdir / name, data).ok and se.put(se.workdir / name, data).ok:
            names.append(name)
    expect.given(bool(names), "neither storage takes a name that needs escaping")
    for name in names:
        copy = partner.workdir / f"copy of {name}"

        transfer = push(se.workdir / name, copy)

        expect.that(transfer.end == "success", f"{name!r} is copied", transfer.describe())
        expect.content(partner, copy, name.encode())


@check(
    req="http-tpc/pull",
    level=MUST,
    severity=CRITICAL,
    needs={"tpc-pull", "partner"},
    catches={"tpc-changes-later"},
    rows={"TPC-05", "TPC-06", "B3.17"},
)
def test_pulled_file_stays_true(
    se: StorageElement,
    partner: StorageElement,
    pull: Pull,
    payload: PayloadOf,
    expect: Expect,
) -> None:
    """A pulled file must be true right after the success line and still be true seconds later.

    FTS compares the checksum at once and lets the source be deleted; storages have answered
    from a buffer, and closed another file a moment later.
    """
    source, target = partner.workdir / "source", se.workdir / "copy"
    data = payload(MIB + 1)
    expect.control(partner.put(source, data))

    transfer = pull(source, target)

    expect.transferred(transfer)
    expect.truth(se, target, data)
    se.settle()
    expect.truth(se, target, data)
    expect.unchanged(partner, source, data)
