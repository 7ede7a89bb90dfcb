"""The client's own checksum for a copy (Repr-Digest), which is a proposal as yet."""

import base64
import zlib

from lakeproof import HIGH, MAY, MEDIUM, SHOULD, Expect, Pull, StorageElement, check

DATA, OTHER = b"Wikipedia", b"something else"


def _repr_digest(data: bytes) -> dict[str, str]:
    """The header of RFC 9530 with the adler32 of `data`, as the proposal spells it."""
    adler32 = zlib.adler32(data).to_bytes(4, "big")
    return {"Repr-Digest": f"adler=:{base64.b64encode(adler32).decode()}:"}


@check(
    req="rfc9110/unrecognised-headers",
    level=SHOULD,
    severity=HIGH,
    needs={"tpc-pull", "partner"},
    catches={"tpc-repr-digest-refused"},
    rows={"TPE-19", "B3.23"},
)
def test_pull_takes_right_repr_digest(
    se: StorageElement, partner: StorageElement, pull: Pull, expect: Expect
) -> None:
    """A pull with the right Repr-Digest should succeed, whether it is looked at or not.

    Clients will send it to every storage; those that do not know it have to pass over it.
    """
    source, target = partner.workdir / "source", se.workdir / "copy"
    expect.control(partner.put(source, DATA))
    expect.control_transfer(pull.trial())

    transfer = pull(source, target, headers=_repr_digest(DATA))

    expect.transferred(transfer)
    expect.content(se, target, DATA)


@check(
    req="tpc-integrity/repr-digest",
    level=MAY,
    severity=MEDIUM,
    needs={"tpc-pull", "partner"},
    catches={"tpc-repr-digest-ignored"},
    rows={"TPE-19", "B3.23"},
)
def test_pull_with_wrong_repr_digest_fails(
    se: StorageElement, partner: StorageElement, pull: Pull, expect: Expect
) -> None:
    """A pull whose content does not have the client's Repr-Digest may fail and store nothing.

    Where it does, a file that was damaged at its source is not spread any further.
    """
    source, target = partner.workdir / "source", se.workdir / "copy"
    expect.control(partner.put(source, DATA))
    expect.control_transfer(pull(source, target.with_name("right"), headers=_repr_digest(DATA)))

    transfer = pull(source, target, headers=_repr_digest(OTHER))

    expect.absent(se, target)
    expect.not_transferred(transfer)
