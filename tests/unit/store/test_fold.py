from __future__ import annotations

import pytest

from lakeproof.store.fold import fold, place_of, unfold

RUN = "lp-20261122T170500Z-1a2b3c4d"
OTHER = "lp-20261123T170500Z-5e6f7a8b"


def _text(run: str, number: int, random: str) -> str:
    return f"curl -T f https://x/area/{run}/{number:04d}-a_b-SE.1-{random}/f"


def test_the_same_failure_of_two_runs_folds_to_one_text() -> None:
    texts = [(RUN, _text(RUN, 5, "70f691")), (OTHER, _text(OTHER, 812, "00000a"))]

    assert len({fold(text, run, place_of([text])) for run, text in texts}) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PUT answered 500",
        _text(RUN, 5, "70f691"),
        _text(RUN, 5, "70f691") + " and " + _text(RUN, 5, "70f691"),
        _text(RUN, 5, "70f691") + " and " + _text(RUN, 6, "70f692"),
        _text(RUN, 9999, "ffffff"),
        _text(RUN, 0, "000000"),
        f"10005-x-70f691 and {RUN}{RUN}",
        "marks of its own \x01 \x02 \x03 \x04",
        "\x04",
        "0005-x-70f691f",
        "zwölf ≠ 12",
    ],
)
def test_unfold_gives_the_text_back(text: str) -> None:
    place = place_of([None, text])

    assert unfold(fold(text, RUN, place), RUN, place) == text


def test_what_no_database_takes_is_replaced() -> None:
    assert fold("a\x00b\ud800c", RUN, None) == "a\ufffdb\ufffdc"
    assert fold("\U0001f600", RUN, None) == "\U0001f600"
