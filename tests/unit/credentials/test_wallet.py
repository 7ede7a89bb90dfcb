"""The wallet: the narrowest credential for each operation, in the issuer's terms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

import pytest

from lakeproof.credentials.client import Oddity
from lakeproof.credentials.errors import CannotNarrow, CredentialError, NoScopeRoot
from lakeproof.credentials.sources import StaticToken
from lakeproof.credentials.wallet import EndpointWallet, scope_root_candidates
from lakeproof.wire.auth import ANONYMOUS, Bearer, ClientCert

Mint = Callable[..., str]
P = PurePosixPath
RUN = P("/data/lakeproof/run-1")
AUDIENCE = "https://se.example.org:1094"


class Narrowing:
    """A source that notes what it is asked."""

    narrows = True
    describe = "a narrowing source"

    def __init__(self, mint: Mint) -> None:
        self.asked: list[tuple[tuple[str, ...], str]] = []
        self._mint = mint

    def token(self, scopes: Sequence[str], audience: str) -> str:
        self.asked.append((tuple(scopes), audience))
        return self._mint(scope=" ".join(scopes), aud=audience)


@pytest.fixture
def source(mint: Mint) -> Narrowing:
    return Narrowing(mint)


@pytest.fixture
def wallet(source: Narrowing) -> EndpointWallet:
    return EndpointWallet(AUDIENCE, RUN, source, scope_root=P("/data"))


@pytest.mark.parametrize(
    ("method", "path", "covered"),
    [
        ("GET", RUN / "a/b", "/lakeproof/run-1"),
        ("PROPFIND", RUN, "/lakeproof/run-1"),
        ("PUT", RUN / "f", "/lakeproof/run-1"),
        ("COPY", RUN / "f", "/lakeproof/run-1"),
        ("MKCOL", P("/data/lakeproof"), "/lakeproof"),
        ("DELETE", P("/data/lakeproof/run-10"), "/lakeproof/run-10"),
        ("PROPFIND", P("/data"), "/"),
    ],
)
def test_each_operation_gets_the_narrowest_scope_that_serves(
    wallet: EndpointWallet, source: Narrowing, method: str, path: P, covered: str
) -> None:
    assert isinstance(wallet.for_operation(method, path), Bearer)
    names = (
        ["storage.read"] if method in ("GET", "PROPFIND") else ["storage.read", "storage.modify"]
    )
    assert source.asked == [(tuple(f"{name}:{covered}" for name in names), AUDIENCE)]


@pytest.mark.parametrize(
    ("root", "asked", "granted"),
    [
        ("/", "storage.read:/data/x", "storage.read:/data/x"),
        ("/data", "storage.read:/data/x", "storage.read:/x"),
        ("/data", "storage.read:/data", "storage.read:/"),
        ("/data", "storage.read:/data/x/", "storage.read:/x/"),
        ("/data", "storage.read:/data/../x", "storage.read:/../x"),
        ("/data", "storage.read:/data/a b%20\u00e9", "storage.read:/a%20b%20%C3%A9"),
        ("/data", "storage.read", "storage.read"),
        ("/data", "compute.read:/data", "compute.read:/data"),
        ("/data", "openid", "openid"),
    ],
)
def test_url_paths_become_scope_paths(
    wallet: EndpointWallet, root: str, asked: str, granted: str
) -> None:
    assert wallet.at(P(root)).in_scope_terms([asked]) == (granted,)


@pytest.mark.parametrize("scope", ["storage.read:/database/x", "storage.read:/", "storage.read:x"])
def test_path_outside_the_scope_root_cannot_be_named(wallet: EndpointWallet, scope: str) -> None:
    with pytest.raises(CredentialError, match="not below the scope root /data"):
        wallet.bearer(scope)


def test_bearer_of_chosen_scopes_and_audience(wallet: EndpointWallet, source: Narrowing) -> None:
    bearer = wallet.bearer(f"storage.create:{RUN}", "storage.read:/data/x", audience="https://o")
    assert source.asked == [
        (("storage.create:/lakeproof/run-1", "storage.read:/x"), "https://o"),
    ]
    assert bearer.label == "storage.create:/lakeproof/run-1 storage.read:/x for https://o"
    assert wallet.facts(bearer).audience == ("https://o",)
    assert bearer.token not in repr(bearer) + repr(wallet)


def test_static_token_serves_every_operation_but_cannot_narrow(mint: Mint) -> None:
    token = mint()
    wallet = EndpointWallet(AUDIENCE, RUN, StaticToken("env:TOKEN", lambda: token))
    credential = wallet.for_operation("PUT", RUN / "f")
    assert isinstance(credential, Bearer)
    assert (credential.token, credential.label) == (token, "env:TOKEN")
    assert wallet.genuine().token == token
    assert not wallet.can_narrow
    with pytest.raises(CannotNarrow, match="env:TOKEN cannot give a token of chosen scopes"):
        wallet.bearer(f"storage.read:{RUN}")
    with pytest.raises(CannotNarrow, match="cannot mint odd tokens"):
        wallet.odd([], Oddity(lifetime_s=-1))


def test_without_tokens_the_certificate_is_shown_and_without_any_nothing() -> None:
    certificate = ClientCert(Path("c"), Path("k"), "X.509 x")
    assert EndpointWallet(AUDIENCE, RUN, None, certificate).for_operation("GET", RUN) is certificate
    bare = EndpointWallet(AUDIENCE, RUN)
    assert bare.for_operation("GET", RUN) is ANONYMOUS
    with pytest.raises(CannotNarrow, match="no token source"):
        bare.genuine()
    with pytest.raises(CannotNarrow, match="no token source"):
        bare.bearer("storage.read:/data/x")


def test_unknown_scope_root_is_an_error_that_helps(source: Narrowing) -> None:
    with pytest.raises(CredentialError, match="give --scope-root PATH"):
        EndpointWallet(AUDIENCE, RUN, source).for_operation("GET", RUN)


@pytest.mark.parametrize(
    ("door", "candidates"),
    [
        ("/", ["/"]),
        ("/data", ["/data", "/"]),
        ("/pnfs/desy.de/vo/area", ["/pnfs/desy.de/vo/area", "/", "/pnfs/desy.de/vo"]),
    ],
)
def test_likely_scope_roots_come_first(door: str, candidates: list[str]) -> None:
    found = [str(path) for path in scope_root_candidates(P(door))]
    assert found[: len(candidates)] == candidates
    assert len(found) == len(P(door).parts)


@pytest.mark.parametrize("true_root", ["/data/area", "/data", "/"])
def test_scope_root_is_found_by_trying(source: Narrowing, true_root: str) -> None:
    wallet = EndpointWallet(AUDIENCE, P("/data/area/lakeproof/run-1"), source)
    deep = P("/data/area/lakeproof")

    def try_it(candidate: P) -> bool:
        scope = wallet.at(candidate).bearer(f"storage.read:{deep}").label.split()[0]
        allowed = P(true_root) / scope.partition(":/")[2]
        return deep.is_relative_to(allowed)

    assert wallet.probe_scope_root(P("/data/area"), try_it) == P(true_root)
    assert wallet.scope_root == P(true_root)


def test_candidates_the_issuer_refuses_are_passed_over(wallet: EndpointWallet) -> None:
    def only_root(candidate: P) -> bool:
        if candidate != P("/"):
            raise CredentialError(f"no token for {candidate}")
        return True

    assert wallet.probe_scope_root(P("/data/area"), only_root) == P("/")


def test_without_any_token_the_issuers_reason_is_told(wallet: EndpointWallet) -> None:
    def down(_: P) -> bool:
        raise CredentialError("the issuer is not reached")

    with pytest.raises(CredentialError, match="the issuer is not reached"):
        wallet.probe_scope_root(P("/data/area"), down)


def test_no_scope_root_says_what_was_tried(wallet: EndpointWallet) -> None:
    with pytest.raises(NoScopeRoot) as caught:
        wallet.probe_scope_root(P("/data/area"), lambda _: False)
    assert "each of /data/area, /, /data were refused" in caught.value.sentence
    assert "--scope-root" in caught.value.sentence
    assert AUDIENCE in caught.value.sentence
