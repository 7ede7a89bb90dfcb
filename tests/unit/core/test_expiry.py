"""Where an expired token comes from, in which order, and what is said when there is none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import Any, cast

import pytest

from lakeproof.credentials.facts import TokenFacts
from lakeproof.credentials.kept import LENIENCE, Keeper
from lakeproof.plugin.run import patience_minutes
from lakeproof.session.endpoint import EndpointSession
from lakeproof.session.expiry import Expiry
from lakeproof.verdict import NotRun
from lakeproof.wire.auth import Bearer
from tests.unit.credentials.tiny_issuer import mint

ISSUER = "https://iam.example.org/"


class Wallet:
    """Gives tokens of `life_s` from now on, as an issuer or as a single file."""

    def __init__(self, *, narrows: bool = True, odd: bool = False, life_s: int = 600) -> None:
        self.can_narrow, self.can_mint_odd, self._life_s = narrows, odd, life_s

    def bearer(self, scope: str) -> Bearer:
        return Bearer(mint(self._life_s, iss=ISSUER, scope=scope), label="narrowed")

    def genuine(self) -> Bearer:
        return Bearer(mint(self._life_s, iss=ISSUER), label="single")

    def odd(self, scopes: list[str], oddity: Any) -> Bearer:  # noqa: ANN401
        return Bearer(mint(oddity.lifetime_s, iss=ISSUER, scope=scopes[0]), label="odd")

    def facts(self, bearer: Bearer) -> TokenFacts:
        return TokenFacts.of(bearer.token, bearer.label)


def session_with(wallet: Wallet, *, accepted: bool = True) -> EndpointSession:
    reply = SimpleNamespace(ok=accepted)
    return cast(
        "EndpointSession",
        SimpleNamespace(
            name="SE",
            wallet=wallet,
            area=PurePosixPath("/data/lakeproof"),
            readable=PurePosixPath("/data/lakeproof/run"),
            door=SimpleNamespace(origin="https://se.example.org:443", path="/data"),
            storage=SimpleNamespace(propfind=lambda *_, **__: reply),
        ),
    )


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def keeper(tmp_path: Path) -> Keeper:
    return Keeper(tmp_path / "kept", tmp_path / "key" / "kept.key")


def test_issuer_that_signs_odd_tokens_is_asked(keeper: Keeper) -> None:
    session = session_with(Wallet(odd=True))
    for expiry in (Expiry(), Expiry(keeper=keeper)):
        token = expiry.token(session)
        assert token.label == "odd"
        assert TokenFacts.of(token.token, "t").scopes == ("storage.read:/data/lakeproof",)


@pytest.mark.parametrize("narrows", [True, False])
def test_token_of_an_earlier_run_is_used_once_it_has_expired(
    keeper: Keeper, *, narrows: bool
) -> None:
    clock = Clock()
    session = session_with(Wallet(narrows=narrows))
    expiry = Expiry(keeper=keeper, clock=clock)
    with pytest.raises(NotRun, match="run again when it has expired"):
        expiry.token(session)
    with pytest.raises(NotRun):  # still good
        expiry.token(session)
    clock.now += timedelta(seconds=601) + LENIENCE
    token = expiry.token(session)
    assert "kept from an earlier run, expired 0:05:0" in token.label
    assert TokenFacts.of(token.token, "t").expires is not None


def test_token_that_the_storage_does_not_take_is_not_kept(keeper: Keeper) -> None:
    with pytest.raises(NotRun):
        Expiry(keeper=keeper).token(session_with(Wallet(), accepted=False))
    assert keeper.find("https://se.example.org:443/data", ISSUER) is None


def test_patience_waits_until_no_lenience_is_left_and_tells_so() -> None:
    clock, said = Clock(), list[str]()
    began = clock.now
    expiry = Expiry(patience_s=1200, clock=clock, sleep=clock.sleep, say=said.append)
    token = expiry.token(session_with(Wallet(life_s=60)))
    assert token.label == "narrowed"
    assert clock.now - began >= timedelta(seconds=59) + LENIENCE
    assert said[0].startswith("SE: waiting 3")
    assert len(said) > 5


def test_patience_has_an_end() -> None:
    expiry = Expiry(patience_s=600, sleep=lambda _: pytest.fail("it waited"))
    with pytest.raises(NotRun, match="expire in 65 min and --patient says 10 min"):
        expiry.token(session_with(Wallet(life_s=3600)))


def test_the_only_token_of_a_run_is_not_waited_away() -> None:
    expiry = Expiry(patience_s=6000, sleep=lambda _: pytest.fail("it waited"))
    with pytest.raises(NotRun, match="without its only token"):
        expiry.token(session_with(Wallet(narrows=False)))


def test_without_anything_it_is_said_what_to_give() -> None:
    with pytest.raises(NotRun, match="--keep-token"):
        Expiry().token(session_with(Wallet()))


@pytest.mark.parametrize(("said", "minutes"), [(None, 0), ("1", 1), ("360", 360)])
def test_patience_is_said_in_minutes(said: str | None, minutes: int) -> None:
    assert patience_minutes(said) == minutes


@pytest.mark.parametrize("said", ["0", "361", "x", "1.5", "-1", ""])
def test_patience_that_is_no_such_number_is_refused(said: str) -> None:
    with pytest.raises(pytest.UsageError, match="expected minutes from 1 to 360"):
        patience_minutes(said)
