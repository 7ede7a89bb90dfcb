"""An issuer under load: where it is saturated, and how that is said in one line."""

from __future__ import annotations

from collections import Counter
from typing import ClassVar, cast

import pytest

from lakeproof.plugin.run import tokens_per_second
from lakeproof.session.issuer_load import IssuerLoad, TokenJudge
from lakeproof.wire.crowd import Step
from lakeproof.wording import issuer_load_sentence
from tests.unit.core.samples import result


class NothingMistaken:
    tells_apart = True
    mistaken: ClassVar[Counter[str]] = Counter()


def _load(*rates: float, target: int = 1000, busy: float = 0.2, **failed: int) -> IssuerLoad:
    steps = [
        Step(at_a_time, [0.004] * int(rate), answered=int(rate), span_s=1, busy=busy)
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
    rates: tuple[float, ...], saturated: int, reached: int
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
            _load(100, 400, busy=0.97, target=5000),
            "; still rising, where our own processor is the limit, below the target of 5000",
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
