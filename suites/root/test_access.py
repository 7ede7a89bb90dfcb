"""Who is let in over root://, and how far: the same answers as at the WebDAV door."""

from functools import partial

from lakeproof import (
    ANONYMOUS,
    CRITICAL,
    HIGH,
    MUST,
    SHOULD,
    Bearer,
    ClientCert,
    Expect,
    OddTokenFor,
    RootDoor,
    StorageElement,
    Tampered,
    TokenFor,
    check,
)

DATA = b"for those who may read it"
ELSEWHERE = "https://elsewhere.lakeproof.invalid"


@check(
    req="xrootd/authorisation",
    level=MUST,
    severity=CRITICAL,
    needs={"root", "write"},
    catches={"root-anonymous-let-in"},
    rows={"ROOT-09", "ROOT-11"},
)
def test_nobody_reads_without_a_credential(
    se: StorageElement, root: RootDoor, expect: Expect
) -> None:
    """A file of the run's directory must not be read over root:// without a credential.

    A door that nobody thinks of gives away what the other one guards.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, DATA))
    expect.control(root.read(path))

    expect.refused(root.read(path, auth=ANONYMOUS))


@check(
    req="xrootd/authorisation",
    level=MUST,
    severity=CRITICAL,
    needs={"root", "write"},
    catches={"root-anonymous-let-in"},
    rows={"ROOT-09"},
)
def test_nobody_changes_anything_without_a_credential(
    se: StorageElement, root: RootDoor, expect: Expect
) -> None:
    """No file must be removed or replaced over root:// without a credential.

    One careless script on any machine of the world destroys the community's data.
    """
    path = se.workdir / "f"
    expect.control(root.write(path, DATA))
    expect.given(root.read(path).body == DATA, "what was written is not there")

    removed = root.remove(path, auth=ANONYMOUS)
    replaced = root.write(path, b"by nobody", replace=True, auth=ANONYMOUS)

    expect.eventually(partial(expect.unchanged, se, path, DATA))
    expect.refused(removed)
    expect.refused(replaced)


@check(
    req="wlcg-jwt/authorisation",
    level=MUST,
    severity=HIGH,
    needs={"root", "write", "tokens"},
    catches={"root-ztn-refused"},
    rows={"ROOT-08", "TKN-27", "B1.6"},
)
def test_token_that_works_over_http_works_here(
    se: StorageElement, root: RootDoor, writing_token: Bearer, expect: Expect
) -> None:
    """A token that reads and writes over HTTP must do so over root://.

    Transfers between two doors of the same storage carry one token; it fails at the second.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, DATA, auth=writing_token))

    expect.read_over_root(root, path, DATA, auth=writing_token)


@check(
    req="wlcg-jwt/exp",
    level=MUST,
    severity=CRITICAL,
    needs={"root", "write", "odd-tokens"},
    catches={"root-expired-accepted"},
    rows={"ROOT-08", "TKN-27", "B1.6"},
)
def test_expired_token_is_refused(
    se: StorageElement, root: RootDoor, odd_token: OddTokenFor, expect: Expect
) -> None:
    """A token must not be let in over root:// after its end.

    Tokens lie in old logs and job files; their end is what makes them harmless.
    """
    path, scopes = se.workdir / "f", [f"storage.read:{se.workdir}"]
    expect.control(se.put(path, DATA))
    expect.control(root.read(path, auth=odd_token(scopes=scopes)))

    expect.refused(root.read(path, auth=odd_token(scopes=scopes, lifetime_s=-600)))


@check(
    req="wlcg-jwt/aud",
    level=MUST,
    severity=CRITICAL,
    needs={"root", "write", "token-audience"},
    catches={"root-audience-ignored"},
    rows={"ROOT-08", "TKN-27", "B1.6"},
)
def test_token_for_another_storage_is_refused(
    se: StorageElement, root: RootDoor, token: TokenFor, expect: Expect
) -> None:
    """A token for another storage must not be let in over root://.

    One storage that is broken into could read all others with the tokens that it is shown.
    """
    path, scope = se.workdir / "f", f"storage.read:{se.workdir}"
    expect.control(se.put(path, DATA))
    expect.control(root.read(path, auth=token(scope)))

    expect.refused(root.read(path, auth=token(scope, audience=ELSEWHERE)))


@check(
    req="wlcg-jwt/iss",
    level=MUST,
    severity=CRITICAL,
    needs={"root", "write", "odd-tokens"},
    catches={"root-issuer-ignored"},
    rows={"ROOT-08", "TKN-27"},
)
def test_token_of_an_unknown_issuer_is_refused(
    se: StorageElement, root: RootDoor, odd_token: OddTokenFor, expect: Expect
) -> None:
    """A token of an issuer that the storage does not know must not be let in over root://.

    Anybody can set up an issuer and give himself every right.
    """
    path, scopes = se.workdir / "f", [f"storage.read:{se.workdir}"]
    expect.control(se.put(path, DATA))
    expect.control(root.read(path, auth=odd_token(scopes=scopes)))

    expect.refused(root.read(path, auth=odd_token(scopes=scopes, claims={"iss": ELSEWHERE})))


@check(
    req="wlcg-jwt/verification",
    level=MUST,
    severity=CRITICAL,
    needs={"root", "write", "tokens"},
    catches={"root-signature-ignored"},
    rows={"ROOT-08", "TKN-27"},
)
def test_forged_token_is_refused(
    se: StorageElement, root: RootDoor, genuine: Bearer, tampered: Tampered, expect: Expect
) -> None:
    """A token whose signature does not fit must not be let in over root://.

    Anybody can write a token that says what he likes.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, DATA))
    expect.control(root.read(path, auth=genuine))

    expect.refused(root.read(path, auth=tampered("flipped-signature")))


@check(
    req="xrootd/paths",
    level=MUST,
    severity=CRITICAL,
    needs={"root", "write", "token-scopes"},
    catches={"root-traversal"},
    rows={"ROOT-11"},
)
def test_dots_do_not_lead_out_of_the_scope(
    se: StorageElement, root: RootDoor, token: TokenFor, expect: Expect
) -> None:
    """A path with '..' in it must not lead out of what a token is for.

    Whoever has a token for one collection would see all others.
    """
    mine, theirs = se.workdir / "mine", se.workdir / "theirs"
    expect.control(se.put(theirs / "f", DATA))
    expect.control(se.put(mine / "f", DATA))
    narrow = token(f"storage.read:{mine}")
    expect.control(root.read(mine / "f", auth=narrow))
    around = f"{root.path_of(mine)}/../theirs/f"

    expect.refused(root.stat(around, auth=narrow))
    expect.refused(root.read(around, auth=narrow))


@check(
    req="lakeproof/certificate-login",
    level=SHOULD,
    severity=HIGH,
    needs={"root", "write", "x509"},
    catches={"root-certificate-refused"},
    rows={"ROOT-09"},
)
def test_certificate_that_works_over_http_works_here(
    se: StorageElement, root: RootDoor, certificate: ClientCert, expect: Expect
) -> None:
    """A certificate or proxy that reads over HTTP should read over root:// (GSI).

    Experiments whose jobs still carry proxies read their data over root:// first.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, DATA))
    expect.control(se.get(path, auth=certificate))

    expect.read_over_root(root, path, DATA, auth=certificate)


@check(
    req="xrootd/authorisation",
    level=MUST,
    severity=CRITICAL,
    needs={"root", "write", "x509", "other-x509"},
    catches={"root-stranger-let-in"},
    rows={"ROOT-09"},
)
def test_strangers_certificate_opens_nothing(
    se: StorageElement,
    root: RootDoor,
    certificate: ClientCert,
    stranger: ClientCert,
    expect: Expect,
) -> None:
    """The certificate of somebody who may do nothing here must open nothing over root://.

    Everybody in the world can have a certificate; it says who one is, not what one may do.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, DATA))
    expect.control(root.read(path, auth=certificate))

    expect.refused(root.read(path, auth=stranger))
