"""HTTP third-party copy: what reaches the other party, as a server of ours sees it."""

from lakeproof import (
    ANONYMOUS,
    CRITICAL,
    HIGH,
    LOW,
    MAY,
    MEDIUM,
    MUST,
    SHOULD,
    Bearer,
    Expect,
    Observed,
    Observer,
    StorageElement,
    check,
)

NOTE = {"TransferHeaderX-Lakeproof-Note": "passed on"}
QUERY = "?lakeproof=a%20b&part=2"
USER = "lakeproof:not-a-secret@"


def _control_pull(se: StorageElement, observer: Observer) -> None:
    """The endpoint can pull from our server at all; otherwise a refusal says nothing."""
    source = observer.file(b"control")
    observer.control(
        se.copy(
            se.workdir / "control",
            direction="pull",
            remote=source.url,
            remote_auth=source.credential,
        )
    )


def _asked(source: Observed, expect: Expect) -> None:
    """Something asked for it; otherwise there is nothing to look at."""
    expect.given(source.visited(), "our server was not asked for the file")


@check(
    req="http-tpc/header-prefix",
    level=SHOULD,
    severity=HIGH,
    needs={"tpc-pull", "observer"},
    catches={"tpc-transfer-header-dropped"},
    rows={"TPE-20", "B3.21"},
)
def test_transfer_headers_are_passed_on(
    se: StorageElement, observer: Observer, expect: Expect
) -> None:
    """A header with the prefix TransferHeader should reach the source without its prefix.

    Tokens, packet marks and metadata travel this way; where they are dropped the source
    refuses the copy, or does not know what it belongs to.
    """
    source = observer.file(b"with a note")

    transfer = se.copy(
        se.workdir / "f",
        direction="pull",
        remote=source.url,
        remote_auth=source.credential,
        headers=NOTE,
    )

    observer.control(transfer)
    gets = [each for each in source.seen() if each.method == "GET"]
    notes = {each.header("X-Lakeproof-Note") for each in gets}
    expect.equal(notes, {"passed on"}, "X-Lakeproof-Note as the source got it")


@check(
    req="rfc9110/field-names",
    level=MUST,
    severity=HIGH,
    needs={"tpc-pull", "observer"},
    catches={"tpc-lowercase-header-ignored"},
    rows={"TPC-03"},
)
def test_transfer_headers_work_in_lower_case(
    se: StorageElement, observer: Observer, expect: Expect
) -> None:
    """Headers for the other side must be passed on however they are spelt, in lower case too.

    Proxies and HTTP/2 write all header names in lower case; the source then sees no token and
    refuses.
    """
    source = observer.file(b"any", guarded=True)
    _control_pull(se, observer)
    token = source.credential.token if isinstance(source.credential, Bearer) else ""
    header = {"transferheaderauthorization": f"Bearer {token}"}

    se.copy(
        se.workdir / "f",
        direction="pull",
        remote=source.url,
        remote_auth=ANONYMOUS,
        headers=header,
    )

    _asked(source, expect)
    shown = any(each.carries(token) for each in source.seen())
    expect.that(shown, "the token from transferheaderauthorization", "a request without it")


@check(
    req="http-tpc/harmful-headers",
    level=SHOULD,
    severity=MEDIUM,
    needs={"tpc-pull", "observer"},
    catches={"tpc-content-length-forwarded"},
    rows={"TPE-20", "B3.21"},
)
def test_content_length_is_not_passed_on(
    se: StorageElement, observer: Observer, expect: Expect
) -> None:
    """TransferHeaderContent-Length should not be passed on to the source.

    With it a client decides where the storage's request ends, and can hide a second one
    behind it that the source takes for the storage's own.
    """
    source = observer.file(b"any")
    _control_pull(se, observer)

    se.copy(
        se.workdir / "f",
        direction="pull",
        remote=source.url,
        remote_auth=source.credential,
        headers={"TransferHeaderContent-Length": "7"},
    )

    _asked(source, expect)
    lengths = [each.header("Content-Length") for each in source.seen() if each.method == "GET"]
    expect.that("7" not in lengths, "GET without Content-Length", f"Content-Length: {lengths}")


@check(
    req="http-tpc/own-credential",
    level=MUST,
    severity=CRITICAL,
    needs={"tpc-pull", "observer", "tokens"},
    catches={"tpc-own-token-forwarded"},
    rows={"TPE-20", "B3.21"},
)
def test_pull_keeps_the_clients_token(
    se: StorageElement, observer: Observer, expect: Expect
) -> None:
    """A pull must not send the token of the COPY request to the source.

    Whoever runs a source, or can name one, would collect tokens that write at this storage.
    """
    source, path = observer.file(b"any"), se.workdir / "f"
    own = se.credential("PUT", path)
    expect.given(isinstance(own, Bearer), "the copy is not authorised by a token")

    transfer = se.copy(path, direction="pull", remote=source.url, remote_auth=ANONYMOUS, auth=own)

    observer.control(transfer)
    shown = [each for each in source.seen() if isinstance(own, Bearer) and each.carries(own.token)]
    expect.that(not shown, "requests without the client's token", f"{len(shown)} requests with it")


@check(
    req="http-tpc/own-credential",
    level=MUST,
    severity=CRITICAL,
    needs={"tpc-push", "observer", "tokens"},
    catches={"tpc-own-token-forwarded"},
    rows={"TPE-20", "B3.21"},
)
def test_push_keeps_the_clients_token(
    se: StorageElement, observer: Observer, expect: Expect
) -> None:
    """A push must not send the token of the COPY request to the destination.

    Whoever runs a destination, or can name one, would collect tokens that read at this storage.
    """
    target, path = observer.target(), se.workdir / "f"
    expect.control(se.put(path, b"any"))
    own = se.credential("GET", path)
    expect.given(isinstance(own, Bearer), "the copy is not authorised by a token")

    transfer = se.copy(path, direction="push", remote=target.url, remote_auth=ANONYMOUS, auth=own)

    observer.control(transfer)
    shown = [each for each in target.seen() if isinstance(own, Bearer) and each.carries(own.token)]
    expect.that(not shown, "requests without the client's token", f"{len(shown)} requests with it")


@check(
    req="http-tpc/query",
    level=SHOULD,
    severity=HIGH,
    needs={"tpc-pull", "observer"},
    catches={"tpc-query-dropped"},
    rows={"TPE-21", "B3.21"},
)
def test_query_reaches_the_source(se: StorageElement, observer: Observer, expect: Expect) -> None:
    """The query of the source's URL should reach the source unchanged.

    Signed URLs and tokens in URLs are all in the query; without it the source refuses.
    """
    source = observer.file(b"any")
    _control_pull(se, observer)

    se.copy(
        se.workdir / "f",
        direction="pull",
        remote=source.url + QUERY,
        remote_auth=source.credential,
    )

    _asked(source, expect)
    queries = {each.target.partition(source.name)[2] for each in source.seen()}
    expect.equal(queries, {QUERY}, "query as the source got it")


@check(
    req="rfc3230/want-digest",
    level=MAY,
    severity=LOW,
    needs={"tpc-pull", "observer"},
    catches={"tpc-digest-not-wanted"},
    rows={"TPE-19"},
)
def test_pull_asks_the_source_for_a_checksum(
    se: StorageElement, observer: Observer, expect: Expect
) -> None:
    """A pull can ask the source for a checksum (Want-Digest or Want-Repr-Digest).

    Most storages state one only when asked; a pull that does not ask has nothing to compare
    with what it stored, and damage on the way goes unnoticed.
    """
    source = observer.file(b"any")

    transfer = se.copy(
        se.workdir / "f", direction="pull", remote=source.url, remote_auth=source.credential
    )

    observer.control(transfer)
    wanted = [
        each.header("Want-Digest") or each.header("Want-Repr-Digest") for each in source.seen()
    ]
    expect.that(any(wanted), "Want-Digest or Want-Repr-Digest", "neither in GET nor in HEAD")
