"""Token sources: where they look, and what they say when there is nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from lakeproof.credentials.errors import CredentialError
from lakeproof.credentials.names import PathName, SecretName
from lakeproof.credentials.sources import Discovery, OidcAgent, parse_source
from lakeproof.wire.redact import redactor

Mint = Callable[..., str]
VARIABLES = ("BEARER_TOKEN", "BEARER_TOKEN_FILE", "XDG_RUNTIME_DIR")


def private(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.fixture(autouse=True)
def _no_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)


def sentence(source_text: str) -> str:
    with pytest.raises(CredentialError) as caught:
        parse_source(source_text).token((), "")
    return caught.value.sentence


def test_env_and_file_give_their_token_without_blanks(
    mint: Mint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = mint()
    monkeypatch.setenv("MY_TOKEN", f" {token}\n")
    file = private(tmp_path / "tok", f"{token}\n")
    for text in ("env:MY_TOKEN", f"file:{file}"):
        source = parse_source(text)
        assert source.token((), "") == token
        assert not source.narrows
        assert source.describe == text
    assert token not in redactor.text(f"oops {token}")


def test_nothing_is_read_before_it_is_used() -> None:
    parse_source("env:NEVER_SET_ANYWHERE")
    parse_source("file:/nonexistent/token")


def test_missing_secrets_say_which_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMPTY_TOKEN", " ")
    assert sentence("env:NEVER_SET_ANYWHERE").endswith("NEVER_SET_ANYWHERE is not set; export it")
    assert "is empty" in sentence("env:EMPTY_TOKEN")
    assert "No such file" in sentence(f"file:{tmp_path}/absent")
    assert "Is a directory" in sentence(f"file:{tmp_path}")
    assert "the file is empty" in sentence(f"file:{private(tmp_path / 'e', '')}")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o601])
def test_file_open_to_others_is_refused_with_the_command_that_helps(
    mint: Mint, tmp_path: Path, mode: int
) -> None:
    file = private(tmp_path / "tok", mint(), mode)
    assert f"mode {mode:04o}" in sentence(f"file:{file}")
    assert sentence(f"file:{file}").endswith(f"run: chmod 600 {file}")


def test_expired_static_token_names_its_end(mint: Mint, tmp_path: Path) -> None:
    file = private(tmp_path / "tok", mint(exp=1_700_000_000))
    assert "expired at 2023-11-14 22:13:20 UTC" in sentence(f"file:{file}")


def test_renewed_file_is_read_again(mint: Mint, tmp_path: Path) -> None:
    file = private(tmp_path / "tok", mint(sub="one"))
    source = parse_source(f"file:{file}")
    source.token((), "")
    newer = mint(sub="two")
    file.write_text(newer)
    assert source.token((), "") == newer


@pytest.mark.parametrize("text", ["", "hunter2hunter2", "evn:X", "env:", "env:A B", "file:"])
def test_other_texts_are_refused_without_repeating_them(text: str) -> None:
    with pytest.raises(CredentialError) as caught:
        parse_source(text)
    assert "env:NAME, file:PATH, oidc-agent:ACCOUNT" in caught.value.sentence
    assert not text or text not in caught.value.sentence.replace("env:NAME", "").replace(
        "file:PATH", ""
    )


def test_a_token_in_place_of_a_source_becomes_known_as_secret(mint: Mint) -> None:
    token = mint(sub="typed")
    with pytest.raises(CredentialError):
        parse_source(token)
    assert token not in redactor.text(token)


def test_client_needs_id_and_secret_file(tmp_path: Path) -> None:
    with pytest.raises(CredentialError, match="--client-id and --client-secret-file"):
        parse_source("client:https://iam.example.org/")
    with pytest.raises(CredentialError, match="must start with https://"):
        parse_source("client:http://iam.example.org/", client_id="x", client_secret_file=tmp_path)


def test_discovery_follows_the_profiles_order(
    mint: Mint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime, temporary = tmp_path / "run", tmp_path / "tmp"
    runtime.mkdir()
    temporary.mkdir()
    name = f"bt_u{os.geteuid()}"
    tokens = {place: mint(sub=place) for place in ("env", "file", "run", "tmp")}
    source = Discovery(temporary)
    assert source.place() is None
    with pytest.raises(CredentialError, match="no token was found in BEARER_TOKEN"):
        source.token()

    private(temporary / name, tokens["tmp"])
    assert source.token() == tokens["tmp"]
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    assert source.token() == tokens["tmp"]
    private(runtime / name, tokens["run"])
    assert source.token() == tokens["run"]
    monkeypatch.setenv("BEARER_TOKEN_FILE", str(private(tmp_path / "tok", tokens["file"])))
    assert source.token() == tokens["file"]
    monkeypatch.setenv("BEARER_TOKEN", tokens["env"])
    assert source.token() == tokens["env"]
    assert source.describe == "token discovered in BEARER_TOKEN"


def test_discovery_refuses_a_file_that_somebody_else_may_write(mint: Mint, tmp_path: Path) -> None:
    private(tmp_path / f"bt_u{os.geteuid()}", mint(), 0o666)
    with pytest.raises(CredentialError, match="chmod 600"):
        Discovery(tmp_path).token()


def test_discovery_refuses_somebody_elses_file(
    mint: Mint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = os.geteuid()
    monkeypatch.setattr("os.geteuid", lambda: mine + 1)
    private(tmp_path / f"bt_u{mine + 1}", mint())
    with pytest.raises(CredentialError, match=f"belongs to user id {mine}"):
        Discovery(tmp_path).token()


def fake_agent(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    command = folder / "oidc-token"
    command.write_text(f"#!/bin/sh\n{script}\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_oidc_agent_is_asked_for_scope_and_audience_once(
    mint: Mint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = mint(scope="storage.read:/x", aud="https://se.example.org")
    fake_agent(tmp_path, f'echo "$@" >> {tmp_path}/asked; echo {token}', monkeypatch)
    source = OidcAgent("escape")
    for _ in range(2):
        assert source.token(["storage.read:/x"], "https://se.example.org") == token
    asked = (tmp_path / "asked").read_text()
    assert asked == "--aud https://se.example.org --scope storage.read:/x escape\n"


def test_oidc_agent_that_does_not_narrow_is_an_error(
    mint: Mint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_agent(tmp_path, f"echo {mint(scope='storage.modify:/')}", monkeypatch)
    with pytest.raises(CredentialError, match="does not narrow tokens as asked"):
        OidcAgent("escape").token(["storage.read:/x"], "")


def test_oidc_agent_trouble_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_agent(tmp_path, "echo 'No account with that short name loaded' >&2; exit 1", monkeypatch)
    assert "No account with that short name" in sentence("oidc-agent:escape")
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    assert "oidc-token is not installed" in sentence("oidc-agent:escape")
    with pytest.raises(CredentialError, match="needs the name of an account"):
        parse_source("oidc-agent:--evil")


def test_secret_names_hold_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_SECRET", "correct-horse-battery")
    name = SecretName("env:MY_SECRET")
    assert name.read() == "correct-horse-battery"
    assert "correct" not in f"{name!r} {name}"
    assert "correct" not in redactor.text("sent correct-horse-battery")
    with pytest.raises(CredentialError) as caught:
        SecretName("correct-horse-battery")
    assert "correct" not in str(caught.value)


def test_path_names_are_paths_or_variables_with_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = private(tmp_path / "ca.pem", "x")
    monkeypatch.setenv("MY_CA", str(file))
    for text in (str(file), f"file:{file}", "env:MY_CA", "ca.pem"):
        assert PathName(text, tmp_path).path() == file
    with pytest.raises(CredentialError, match="there is no"):
        PathName("absent.pem", tmp_path).path()
