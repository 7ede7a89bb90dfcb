"""What a check measured: percentiles of its replies, and the line that a person reads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lakeproof.figures import of_copy, of_replies
from lakeproof.wire.reply import Failure, Reply
from lakeproof.wire.transcript import Exchange
from lakeproof.wording import audiences_sentence, figures_sentence
from tests.unit.core.samples import result

BEGIN = datetime(2026, 11, 24, 8, tzinfo=UTC)


def _reply(took_s: float, status: int = 201, *, after_s: float = 0, length: int = 0) -> Reply:
    url = "https://se.example.org/f"
    exchange = Exchange("GET", url, {})
    exchange.started, exchange.elapsed_s = BEGIN + timedelta(seconds=after_s), took_s
    return Reply("GET", url, status, elapsed_s=took_s, length=length, exchange=exchange)


def test_pace_of_a_copy() -> None:
    assert of_copy(0.5, 3_000_000) == {"copy_s": 0.5, "copy_mb_per_s": 6.0}
    assert of_copy(0, 3_000_000) == {}


def test_percentiles_and_rate_of_replies() -> None:
    replies = [_reply(n / 1000) for n in range(101)]

    assert of_replies("uploads", replies, at_a_time=10) == {
        "uploads_p50_s": pytest.approx(0.05),
        "uploads_p95_s": pytest.approx(0.095),
        "uploads_p99_s": pytest.approx(0.099),
        "uploads_per_s": pytest.approx(1010),
        "uploads_at_a_time": 10,
    }


def test_rate_spans_from_the_first_start_to_the_last_end() -> None:
    replies = [_reply(1, length=3_000_000), _reply(1, after_s=2, length=3_000_000)]

    found = of_replies("reads", replies, at_a_time=1)

    assert found["reads_per_s"] == pytest.approx(2 / 3, abs=0.001)
    assert found["reads_mb_per_s"] == pytest.approx(2)


def test_replies_without_success_are_left_out() -> None:
    broken = _reply(9)
    broken.failure = Failure("closed", "the connection was closed")

    found = of_replies("reads", [_reply(1), _reply(1), _reply(9, 503), broken], at_a_time=4)

    assert found["reads_p99_s"] == 1


@pytest.mark.parametrize("replies", [[], [_reply(1)], [_reply(1), _reply(1, 500)]])
def test_fewer_than_two_give_nothing(replies: list[Reply]) -> None:
    assert of_replies("reads", replies, at_a_time=1) == {}


def test_sentence_shows_the_fewest_at_a_time() -> None:
    many = {"uploads_p50_s": 1.24, "uploads_p95_s": 2.0, "uploads_at_a_time": 50}
    few = {"uploads_p50_s": 0.004, "uploads_p95_s": 0.0091, "uploads_at_a_time": 10}
    rows = [result(measured=many), result(), result(measured=few)]

    assert figures_sentence(rows) == "10 uploads at a time: median 4 ms, 95 % within 9 ms"
    assert figures_sentence(rows[:1]) == "50 uploads at a time: median 1.2 s, 95 % within 2.0 s"
    assert figures_sentence(rows[1:2]) == ""


def test_sentence_has_two_parts_at_most() -> None:
    single = {
        f"{what}_{figure}": value
        for what in ("small_requests", "reads", "uploads")
        for figure, value in (("p50_s", 0.001), ("p95_s", 0.002), ("at_a_time", 1))
    }

    assert figures_sentence([result(measured=single)]) == (
        "uploads one by one: median 1 ms, 95 % within 2 ms; "
        "reads one by one: median 1 ms, 95 % within 2 ms"
    )
    only = {name: value for name, value in single.items() if name.startswith("small")}
    assert figures_sentence([result(measured=only)]).startswith("small requests one by one: ")


def test_audiences_that_an_endpoint_takes_are_said_in_one_line() -> None:
    tried = {"audience_any": 1.0, "audience_https_host_port": 1.0, "audience_host": 0.0}
    assert audiences_sentence([result(), result(measured=tried)]) == (
        "audiences accepted: any, https://host:port; not accepted: host"
    )
    assert audiences_sentence([result(measured={"audience_host": 1.0})]).endswith(
        "host; not accepted: none"
    )
    assert audiences_sentence([result()]) == ""
