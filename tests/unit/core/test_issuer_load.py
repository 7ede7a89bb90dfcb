"""An issuer under load: where it is saturated, and how that is said in one line."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from typing import ClassVar, cast

import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from lakeproof.credentials.facts import TokenFacts
from lakeproof.plugin.run import tokens_per_second
from lakeproof.session.grant import Grant, PublishedKey
from lakeproof.session.issuer_load import IssuerLoad, TokenJudge
from lakeproof.session.token_issuer import TokenIssuer
from lakeproof.wire.crowd import Step
from lakeproof.wire.reply import Reply
from lakeproof.wording import issuer_load_sentence
from tests.unit.core.samples import result


class NothingMistaken:
    tells_apart = True
    mistaken: ClassVar[Counter[str]] = Counter()


def _load(
    *rates: int, target: int = 1000, busy: float = 0.2, starved: float = 0.0, **failed: int
) -> IssuerLoad:
    steps = [
        Step(
            at_a_time, [0.004] * int(rate), answered=int(rate), span_s=1, busy=busy, starved=starved
        )
        for at_a_time, rate in zip((1, 4, 16, 64), rates, strict=False)
    ]
    steps[-1].failed = Counter(failed)
    steps[-1].answered += sum(failed.values())
    return IssuerLoad(steps, cast("TokenJudge", NothingMistaken()), target)


def _said(load: IssuerLoad) -> str:
    return issuer_load_sentence([result(), result(measured=load.figures)])


@pytest.mark.parametrize(
    ("rates", "saturated", "reached"),
    [
        ((310, 840, 850, 845), 4, 0),
        ((310, 840, 960, 990), 0, 16),
        ((1000, 1000, 1000, 1000), 0, 1),
        ((100, 200, 400, 800), 0, 0),
        ((300, 310, 700, 900), 1, 0),
        ((500,), 0, 0),
    ],
)
def test_saturation_is_where_more_at_a_time_gives_no_more(
    rates: tuple[int, ...], saturated: int, reached: int
) -> None:
    load = _load(*rates)

    assert (load.saturated_at, load.reached_at) == (saturated, reached)


def test_the_line_says_rates_latency_and_saturation() -> None:
    assert _said(_load(310, 840, 850, 845)) == (
        "tokens a second: 310 (1 at a time), 840 (4), 850 (16), 845 (64); with 64 at a time median "
        "4 ms, 95 % within 4 ms; saturated with 4 at a time, below the target of 1000"
    )


@pytest.mark.parametrize(
    ("load", "end"),
    [
        (_load(310, 840, 990), "; the target of 1000 is reached with 16 at a time"),
        (_load(100, 400), "; still rising, below the target of 1000"),
        (
            _load(300, 310, busy=0.5, starved=0.4),
            "; saturated with 1 at a time, where this machine is the limit, below the target of "
            "1000",
        ),
        (
            _load(100, 400, busy=0.97, target=5000),
            "; still rising, where this machine is the limit, below the target of 5000",
        ),
    ],
)
def test_the_line_ends_with_what_was_found(load: IssuerLoad, end: str) -> None:
    assert _said(load).endswith(end)


def test_no_line_without_load_or_without_tokens() -> None:
    assert issuer_load_sentence([result()]) == ""
    assert _said(_load(0)) == ""


def test_what_was_refused_is_counted_and_described() -> None:
    load = _load(10, 10, a=3, b=5, c=1, d=2)

    assert (load.asked, load.granted) == (31, 20)
    assert load.describe(load.refused) == "5 times b, 3 times a, 2 times d"
    assert load.figures["tokens_refused"] == 11


@pytest.mark.parametrize("said", ["0", "-1", "1.5", "many", "5001", ""])
def test_rate_is_a_whole_number_in_bounds(said: str) -> None:
    with pytest.raises(pytest.UsageError, match="--issuer-rate"):
        tokens_per_second(said)


def test_rate_is_taken() -> None:
    assert tokens_per_second("250") == 250


class ConstantIssuer:
    """An issuer whose tokens are made by the test."""

    area, audience = "/data", "https://se"

    def __init__(self) -> None:
        self.key = ECKey.generate_key("P-256", {"kid": "one"})
        self.keys = (PublishedKey.of(self.key.as_dict(private=False)),)

    def token(self, scope: str, **claims: object) -> str:
        said = {"iss": "https://i", "sub": "s", "aud": "https://se", "exp": time.time() + 60}
        payload = json.dumps({**said, "scope": scope, **claims}).encode()
        return jws.serialize_compact({"alg": "ES256", "kid": "one"}, payload, self.key)

    def form(self, scope: str, audience: str) -> dict[str, str]:
        return {"scope": scope, "audience": audience}

    def grant(self, scope: str, _audience: str) -> Grant:
        token = self.token(scope)
        return Grant(Reply("POST", "https://i/token", 200), {}, token, TokenFacts.of(token, "t"))

    def kept(self, _what: str, ask: Callable[[], Grant]) -> Grant:
        return ask()


def _answer(token: object) -> bytes:
    return json.dumps({"access_token": token, "token_type": "Bearer"}).encode()


@pytest.fixture(scope="module")
def constant() -> ConstantIssuer:
    return ConstantIssuer()


@pytest.fixture
def judge(constant: ConstantIssuer) -> TokenJudge:
    return TokenJudge(cast("TokenIssuer", constant))


def test_a_right_token_is_right_whoever_is_asked_when(
    judge: TokenJudge, constant: ConstantIssuer
) -> None:
    assert judge.tells_apart
    assert judge.body(9) == b"scope=storage.read%3A%2Fdata%2Fload-1&audience=https%3A%2F%2Fse"
    for number in (0, 1, 10):
        scope = f"storage.read:/data/load-{number % 8}"
        assert judge(number, 200, _answer(constant.token(scope, jti=str(number)))) == ""
    assert not judge.mistaken


def test_each_wrong_token_is_called_what_it_is(judge: TokenJudge, constant: ConstantIssuer) -> None:
    right = "storage.read:/data/load-0"
    head, claims, signature = constant.token(right).split(".")
    wrong = {
        constant.token("storage.read:/data/load-3"): "the token of another request",
        constant.token("storage.read:/"): "a token that says something else",
        constant.token(right, sub="else"): "a token that says something else",
        constant.token(right, exp=time.time() - 1): "a token that has expired",
        constant.token(right, exp="soon"): "a token that has expired",
        f"{head}.{claims}.{signature[::-1]}": "a token whose signature fits no key",
        "opaque": "a token that says something else",
    }

    for token, phrase in wrong.items():
        assert judge(0, 200, _answer(token)) == phrase
    assert judge.mistaken.total() == len(wrong)


@pytest.mark.parametrize(
    ("status", "body", "phrase"),
    [
        (503, b'{"error": "temporarily_unavailable"}', "503 temporarily_unavailable"),
        (429, b"<html>slow down</html>", "429"),
        (500, b'{"error": "eyJhbGciOi.x \\u001b[2J"}', "500"),
        (200, b"<html>", "200 without a token"),
        (200, _answer(None), "200 without a token"),
        (200, b"[" * 100_000, "200 without a token"),
    ],
)
def test_an_answer_without_a_token_is_no_mistaken_one(
    judge: TokenJudge, status: int, body: bytes, phrase: str
) -> None:
    assert judge(0, status, body) == phrase
    assert not judge.mistaken
