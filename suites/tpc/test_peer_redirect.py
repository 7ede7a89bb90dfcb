"""HTTP third-party copy: a source that sends the active party on to another place."""

from lakeproof import CRITICAL, HIGH, SHOULD, Bearer, Expect, Observer, StorageElement, check


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


@check(
    req="rfc9110/redirect",
    level=SHOULD,
    severity=HIGH,
    needs={"tpc-pull", "observer"},
    catches={"tpc-redirect-not-followed"},
    rows={"TPC-08", "B3.24"},
)
def test_redirecting_source_is_followed(
    se: StorageElement, observer: Observer, expect: Expect
) -> None:
    """A pull should follow a source that redirects to the server which has the file.

    Large storages answer every read like that; from them nothing could be fetched.
    """
    source = observer.redirect(observer.file(b"at the data server"))
    path = se.workdir / "f"
    _control_pull(se, observer)

    transfer = se.copy(path, direction="pull", remote=source.url, remote_auth=source.credential)

    expect.transferred(transfer)
    expect.content(se, path, b"at the data server")


@check(
    req="rfc9110/redirect-credentials",
    level=SHOULD,
    severity=CRITICAL,
    needs={"tpc-pull", "observer"},
    catches={"tpc-redirect-leaks-token"},
    rows={"TPC-08", "B3.24"},
)
def test_token_stays_with_the_source(
    se: StorageElement, observer: Observer, expect: Expect
) -> None:
    """The token for the source should not follow a redirect to another service.

    Whoever can make a source redirect collects the tokens of all transfers from it; the
    redirect's own URL carries what its target needs.
    """
    elsewhere = observer.file(b"at another service", origin=observer.other)
    source = observer.redirect(elsewhere, guarded=True)
    _control_pull(se, observer)

    se.copy(se.workdir / "f", direction="pull", remote=source.url, remote_auth=source.credential)

    token = source.credential.token if isinstance(source.credential, Bearer) else ""
    arrived = [each for each in source.seen() if each.carries(token)]
    expect.given(bool(arrived), "the source was not shown its token")
    leaked = [each.method for each in elsewhere.seen() if each.carries(token)]
    expect.equal(leaked, [], "requests that show the source's token to another service")
