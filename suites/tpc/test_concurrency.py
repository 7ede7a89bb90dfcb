"""Several third-party copies at the same time."""

from functools import partial

from lakeproof import (
    CRITICAL,
    MUST,
    Expect,
    PayloadOf,
    Pull,
    StorageElement,
    Together,
    Transfer,
    check,
)

MIB = 1024 * 1024
COPIES = 10
BUSY = 429


@check(
    req="http-tpc/pull",
    level=MUST,
    severity=CRITICAL,
    needs={"tpc-pull", "partner"},
    catches={"tpc-concurrent-mixed"},
    rows={"B3.25", "TPE-17"},
)
def test_pulls_at_the_same_time_all_arrive(
    se: StorageElement,
    partner: StorageElement,
    payload: PayloadOf,
    together: Together,
    expect: Expect,
) -> None:
    """Ten pulls at the same time must each leave their own source's bytes, or be refused as 429.

    Real traffic never comes one file after the other; data that end up in another file are
    found months later, if at all.
    """
    files = {f"file-{n}": payload(MIB + n) for n in range(COPIES)}
    for name, data in files.items():
        expect.control(partner.put(partner.workdir / name, data))
    reading = partner.credential("GET", partner.workdir)

    def fetch(name: str, clone: StorageElement) -> Transfer:
        return Pull(clone, partner)(partner.workdir / name, se.workdir / name, remote_auth=reading)

    transfers = together(*(partial(fetch, name) for name in files))

    carried_out = [pair for pair in zip(files, transfers, strict=True) if not _busy(pair[1])]
    expect.given(bool(carried_out), "every single copy was refused as too many")
    for name, transfer in carried_out:
        expect.transferred(transfer)
        expect.truth(se, se.workdir / name, files[name])


def _busy(transfer: Transfer) -> bool:
    """The storage said that these are too many at a time, which it may."""
    return transfer.reply.status == BUSY
