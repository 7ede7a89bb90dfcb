"""What one group keeps to itself, another group cannot have copied or moved to where it reads."""

from pathlib import PurePosixPath

from lakeproof import (
    ANONYMOUS,
    CRITICAL,
    MUST,
    Bearer,
    Embargoed,
    Expect,
    Observed,
    Observer,
    StorageElement,
    Transfer,
    check,
)

NEEDS = {"webdav", "write", "other-token"}


def _send(se: StorageElement, path: PurePosixPath, target: Observed, auth: Bearer) -> Transfer:
    return se.copy(
        path, direction="push", remote=target.url, remote_auth=target.credential, auth=auth
    )


@check(
    req="embargo/path",
    level=MUST,
    severity=CRITICAL,
    needs=NEEDS,
    catches={"scope-move-source-unchecked"},
    rows={"EMB-08"},
)
def test_other_cannot_move_it_away(
    se: StorageElement,
    other: StorageElement,
    embargoed: Embargoed,
    other_token: Bearer,
    expect: Expect,
) -> None:
    """MOVE into his own directory must not give a member of another group the file.

    He has the data and the group has lost them.
    """
    moved = other.workdir / "moved"
    expect.control(other.move(embargoed.others, other.workdir / "again", auth=other_token))

    reply = other.move(embargoed.path, moved, auth=other_token)

    expect.nothing_read(other.get(moved, auth=other_token), embargoed.payload)
    expect.unchanged(se, embargoed.path, embargoed.payload)
    expect.refused(reply)


@check(
    req="embargo/path",
    level=MUST,
    severity=CRITICAL,
    needs=NEEDS,
    catches={"embargo-copy-within-unchecked"},
    rows={"EMB-08"},
)
def test_other_cannot_copy_it_within(
    other: StorageElement, embargoed: Embargoed, other_token: Bearer, expect: Expect
) -> None:
    """COPY into his own directory must not give a member of another group the file.

    Servers that check only where a copy arrives hand out everything that they store.
    """
    taken = other.workdir / "taken"

    copied = other.copy(
        embargoed.path,
        direction="push",
        remote=other.url_of(taken),
        remote_auth=ANONYMOUS,
        auth=other_token,
        headers={"Credential": ""},
    )

    expect.nothing_read(other.get(taken, auth=other_token), embargoed.payload)
    expect.not_transferred(copied)


@check(
    req="embargo/path",
    level=MUST,
    severity=CRITICAL,
    needs=NEEDS | {"partner"},
    catches={"embargo-read-unchecked"},
    rows={"EMB-09"},
)
def test_other_cannot_have_it_pulled(
    partner: StorageElement,
    embargoed: Embargoed,
    other_token: Bearer,
    other: StorageElement,
    expect: Expect,
) -> None:
    """Another storage must not fetch the file with the token of a member of another group.

    As a source of third-party copies the endpoint serves whoever shows a token; the copy
    lies where the other group reads.
    """
    target, control = partner.workdir / "copy", partner.workdir / "control"
    source = other.url_of(embargoed.others)
    expect.control_transfer(
        partner.copy(control, direction="pull", remote=source, remote_auth=other_token)
    )

    copied = partner.copy(
        target,
        direction="pull",
        remote=other.url_of(embargoed.path),
        remote_auth=other_token,
    )

    expect.nothing_read(partner.get(target), embargoed.payload)
    expect.not_transferred(copied)


@check(
    req="embargo/path",
    level=MUST,
    severity=CRITICAL,
    needs=NEEDS | {"tpc-push", "observer"},
    catches={"scope-copy-source-unchecked"},
    rows={"EMB-10"},
)
def test_other_cannot_have_it_sent(
    other: StorageElement,
    embargoed: Embargoed,
    other_token: Bearer,
    observer: Observer,
    expect: Expect,
) -> None:
    """The endpoint must not send the file anywhere for a member of another group.

    A push is a read under another name, and the data leave the site.
    """
    own, target = observer.target(), observer.target()
    observer.control(_send(other, embargoed.others, own, other_token))

    copied = _send(other, embargoed.path, target, other_token)

    arrived = sum(each.received for each in target.seen())
    said = f"the other identity had {arrived} of {embargoed.payload.size} bytes sent to it"
    expect.that(arrived == 0, "nothing of the file arrives elsewhere", said)
    expect.not_transferred(copied)
