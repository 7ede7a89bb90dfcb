"""Who may use the tape API at all; which scope allows what is tokens.tape."""

from lakeproof import (
    ANONYMOUS,
    CRITICAL,
    HIGH,
    MEDIUM,
    MUST,
    SHOULD,
    Bearer,
    ClientCert,
    Expect,
    OwnKey,
    StorageElement,
    TapeDesk,
    TokenFor,
    check,
)


@check(
    req="wlcg-jwt/authorisation",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "tape", "write"},
    catches={"tape-anonymous"},
    rows={"TAP-11"},
)
def test_anonymous_cannot_stage(se: StorageElement, desk: TapeDesk, expect: Expect) -> None:
    """Nothing must be staged without a credential.

    Tape drives are few, and whoever may order files can keep them busy for everybody.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"data"))
    expect.control(desk.stage(path))

    expect.refused(desk.stage(path, auth=ANONYMOUS))


@check(
    req="wlcg-jwt/authorisation",
    level=MUST,
    severity=MEDIUM,
    needs={"webdav", "tape", "write"},
    catches={"tape-anonymous"},
    rows={"TAP-11"},
)
def test_anonymous_is_not_told_where_files_are(
    se: StorageElement, desk: TapeDesk, expect: Expect
) -> None:
    """Where a file is must not be told without a credential.

    It says which files there are, and which of them somebody is working with.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"data"))
    expect.given(desk.info(path).locality(path) is not None, "no locality is told")

    found = desk.info(path, auth=ANONYMOUS)

    expect.equal(found.locality(path), None, "locality for anybody")


@check(
    req="wlcg-jwt/authorisation",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "tape", "write"},
    catches={"tape-anonymous"},
    rows={"TAP-11"},
)
def test_anonymous_cannot_end_a_request(se: StorageElement, desk: TapeDesk, expect: Expect) -> None:
    """A stage request must not be seen, cancelled or deleted without a credential.

    The id of a request stands in logs; whoever reads it there could take from others what
    they have waited for.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"data"))
    request = desk.request(path)

    asked = [
        desk.progress(request, auth=ANONYMOUS).reply,
        desk.cancel(request, path, auth=ANONYMOUS),
        desk.drop(request, auth=ANONYMOUS),
    ]

    left = desk.progress(request)
    expect.that(bool(left.document), "the request is still there", left.reply.describe())
    for reply in asked:
        expect.refused(reply)


@check(
    req="wlcg-jwt/authorisation",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "tape", "write", "other-token"},
    catches={"tape-request-id-is-enough"},
    rows={"TAP-11"},
)
def test_other_identity_cannot_end_a_request(
    se: StorageElement, desk: TapeDesk, other_token: Bearer, expect: Expect
) -> None:
    """Somebody of another group must not see, cancel or delete a stage request.

    Knowing its id is no right: it stands in logs and in the errors of transfers.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"data"))
    request = desk.request(path)

    asked = [
        desk.progress(request, auth=other_token).reply,
        desk.cancel(request, path, auth=other_token),
        desk.drop(request, auth=other_token),
    ]

    left = desk.progress(request)
    expect.that(bool(left.document), "the request is still there", left.reply.describe())
    for reply in asked:
        expect.refused(reply)


@check(
    req="wlcg-jwt/verification",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "tape", "write", "token-scopes"},
    catches={"tape-token-unverified"},
    rows={"TAP-11"},
)
def test_forged_token_stages_nothing(
    se: StorageElement, desk: TapeDesk, token: TokenFor, own_key: OwnKey, expect: Expect
) -> None:
    """A token that somebody else signed must be refused by the tape API, too.

    It is often another service than the door, with a configuration of its own.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"data"))
    stage = token(f"storage.stage:{se.workdir}")
    expect.control(desk.stage(path, auth=stage))

    forged = Bearer(own_key.sign(stage.token), label="forged: another key")
    expect.refused(desk.stage(path, auth=forged))


@check(
    req="tape/x509",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "tape", "write", "x509"},
    catches={"tape-x509-refused"},
    rows={"TAP-12"},
)
def test_certificate_stages(
    se: StorageElement, desk: TapeDesk, certificate: ClientCert, expect: Expect
) -> None:
    """Whoever stores files with a certificate should be able to stage them with it.

    Transfers that are made with certificates can otherwise not read what lies on tape.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"data", auth=certificate))
    expect.control(desk.stage(path))

    expect.let_in(lambda: desk.stage(path, auth=certificate))
