"""HTTP third-party copy: whom the storage must not believe, and where it should not look."""

from lakeproof import CRITICAL, MUST, SHOULD, Expect, Observed, Observer, StorageElement, check

LOCAL_FILE = "file:///etc/hostname"


def _control_pull(se: StorageElement, observer: Observer) -> None:
    """The endpoint can pull from our server at all; otherwise a failure says nothing."""
    source = observer.file(b"control")
    observer.control(
        se.copy(
            se.workdir / "control",
            direction="pull",
            remote=source.url,
            remote_auth=source.credential,
        )
    )


def _asked(source: Observed) -> list[str]:
    return [each.method for each in source.seen()]


@check(
    req="rfc9110/verify-server",
    level=MUST,
    severity=CRITICAL,
    needs={"tpc-pull", "observer"},
    catches={"tpc-untrusted-partner"},
    rows={"B3.19"},
)
def test_misnamed_source_is_not_trusted(
    se: StorageElement, observer: Observer, expect: Expect
) -> None:
    """A pull must not ask a source whose certificate is for another name.

    The request carries the source's token; whoever can answer at that address would get it,
    and could give any data for the file.
    """
    source, path = observer.file(b"any", guarded=True, origin=observer.misnamed), se.workdir / "f"
    _control_pull(se, observer)

    transfer = se.copy(path, direction="pull", remote=source.url, remote_auth=source.credential)

    expect.equal(_asked(source), [], "requests that reached the misnamed source")
    expect.not_transferred(transfer)


@check(
    req="http-tpc/authorisation",
    level=SHOULD,
    severity=CRITICAL,
    needs={"tpc-pull", "observer"},
    catches={"tpc-inside-address-fetched"},
    rows={"TPE-22"},
)
def test_inside_address_is_not_fetched(
    se: StorageElement, observer: Observer, expect: Expect
) -> None:
    """A pull should not fetch from an address that the site means to keep it from.

    Services behind the firewall trust requests from the storage; a user who may write one file
    could read theirs.
    """
    source, path = observer.file(b"inside", origin=observer.inside), se.workdir / "f"
    _control_pull(se, observer)

    transfer = se.copy(path, direction="pull", remote=source.url, remote_auth=source.credential)

    expect.equal(_asked(source), [], "requests that reached the inside address")
    expect.not_transferred(transfer)


@check(
    req="http-tpc/authorisation",
    level=SHOULD,
    severity=CRITICAL,
    needs={"tpc-pull", "observer"},
    catches={"tpc-inside-address-fetched"},
    rows={"TPE-22"},
)
def test_redirect_to_inside_address_is_not_followed(
    se: StorageElement, observer: Observer, expect: Expect
) -> None:
    """A pull should not follow a redirect to an address that the site means to keep it from.

    A look at the client's URL alone is not enough: a server outside can send the storage
    anywhere.
    """
    inside = observer.file(b"inside", origin=observer.inside)
    source, path = observer.redirect(inside), se.workdir / "f"
    _control_pull(se, observer)

    transfer = se.copy(path, direction="pull", remote=source.url, remote_auth=source.credential)

    expect.equal(_asked(inside), [], "requests that reached the inside address")
    expect.not_transferred(transfer)
