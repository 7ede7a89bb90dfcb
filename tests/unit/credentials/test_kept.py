"""Tokens that are kept for a later run: encrypted, private, one for each endpoint and issuer."""

from __future__ import annotations

import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lakeproof.credentials.errors import CredentialError
from lakeproof.credentials.kept import LENIENCE, Keeper, expired_since

ENDPOINT = "https://se.example.org:443/data"
ISSUER = "https://iam.example.org/"
Mint = Callable[..., str]


@pytest.fixture
def keeper(tmp_path: Path) -> Keeper:
    return Keeper(tmp_path / "state" / "kept", tmp_path / "config" / "kept.key")


def kept_file(keeper: Keeper) -> Path:
    (place,) = keeper.tokens.iterdir()
    return place


def test_token_is_found_again_for_its_endpoint_and_issuer_alone(keeper: Keeper, mint: Mint) -> None:
    token = mint(iss=ISSUER)
    assert keeper.keep(ENDPOINT, token)
    assert keeper.find(ENDPOINT, ISSUER) == token
    assert keeper.find("https://other.example.org:443/data", ISSUER) is None
    assert keeper.find(ENDPOINT, "https://iam.example.org") is None


def test_the_first_token_stays(keeper: Keeper, mint: Mint) -> None:
    first, second = mint(iss=ISSUER, jti="1"), mint(iss=ISSUER, jti="2")
    assert keeper.keep(ENDPOINT, first)
    assert not keeper.keep(ENDPOINT, second)
    assert keeper.find(ENDPOINT, ISSUER) == first


def test_neither_folder_alone_gives_the_token_away(keeper: Keeper, mint: Mint) -> None:
    token = mint(iss=ISSUER)
    keeper.keep(ENDPOINT, token)
    place = kept_file(keeper)
    for path in (place, keeper.key):
        content = path.read_text()
        assert not any(part in content for part in token.split("."))
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert keeper.key.parent != place.parent
    assert "example" not in place.name
    keeper.key.unlink()
    assert keeper.find(ENDPOINT, ISSUER) is None


def test_what_was_tampered_with_is_no_token_and_is_replaced(keeper: Keeper, mint: Mint) -> None:
    keeper.keep(ENDPOINT, mint(iss=ISSUER, jti="1"))
    sealed = kept_file(keeper)
    sealed.write_text(sealed.read_text()[:-12] + "AAAAAAAAAAA=")
    assert keeper.find(ENDPOINT, ISSUER) is None
    again = mint(iss=ISSUER, jti="2")
    assert keeper.keep(ENDPOINT, again)
    assert keeper.find(ENDPOINT, ISSUER) == again


def test_files_open_to_others_are_not_used(keeper: Keeper, mint: Mint) -> None:
    keeper.keep(ENDPOINT, mint(iss=ISSUER))
    keeper.key.chmod(0o644)
    with pytest.raises(CredentialError, match="chmod 600"):
        keeper.find(ENDPOINT, ISSUER)


def test_key_that_is_none_is_said(keeper: Keeper, mint: Mint) -> None:
    keeper.keep(ENDPOINT, mint(iss=ISSUER))
    keeper.key.write_text("something else")
    with pytest.raises(CredentialError, match="no key of ours"):
        keeper.find(ENDPOINT, ISSUER)


def test_folder_that_cannot_be_made_is_said(tmp_path: Path, mint: Mint) -> None:
    (tmp_path / "state").write_text("a file")
    keeper = Keeper(tmp_path / "state" / "kept", tmp_path / "config" / "kept.key")
    with pytest.raises(CredentialError, match="cannot be written"):
        keeper.keep(ENDPOINT, mint(iss=ISSUER))


@pytest.mark.parametrize("claims", [{"iss": None}, {"iss": ISSUER, "exp": None}])
def test_token_without_issuer_or_end_is_not_kept(
    keeper: Keeper, mint: Mint, claims: dict[str, object]
) -> None:
    assert not keeper.keep(ENDPOINT, mint(**claims))


def test_folders_are_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "s"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "c"))
    keeper = Keeper.of_user()
    assert keeper.tokens == tmp_path / "s" / "lakeproof" / "kept-tokens"
    assert keeper.key == tmp_path / "c" / "lakeproof" / "kept-tokens.key"
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Keeper.of_user().tokens == tmp_path / ".local/state/lakeproof/kept-tokens"


def test_expired_is_what_no_lenience_about_clocks_can_save(mint: Mint) -> None:
    now = datetime.now(UTC)
    end = int(now.timestamp()) - 3600
    token = mint(exp=end)
    since = expired_since(token, now)
    assert since is not None
    assert abs(since - timedelta(hours=1)) < timedelta(seconds=2)
    assert expired_since(token, datetime.fromtimestamp(end, UTC) + LENIENCE) is None
    assert expired_since(mint(exp=None), now) is None
