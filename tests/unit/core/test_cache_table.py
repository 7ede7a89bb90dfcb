"""The table that an operator reads: cold, warm and direct, side by side."""

from __future__ import annotations

from lakeproof.cache_table import as_text, cache_lines
from tests.unit.core.samples import result

LARGE = {
    f"{way}_large_{figure}": value
    for way, p50, rate in (("direct", 0.2, 80.0), ("cold", 0.4, 40.0), ("warm", 0.1, 160.0))
    for figure, value in (("p50_s", p50), ("p95_s", 2 * p50), ("mb_per_s", rate))
}


def test_gain_is_against_reading_without_the_cache() -> None:
    lines = cache_lines([result(), result(measured=LARGE)])

    assert [(line.kind, line.way, line.gain) for line in lines] == [
        ("large", "direct", 1),
        ("large", "cold", 0.5),
        ("large", "warm", 2),
    ]


def test_a_measurement_that_lacks_a_way_is_left_out() -> None:
    partial = {name: value for name, value in LARGE.items() if not name.startswith("warm")}

    assert cache_lines([result(measured=partial)]) == ()


def test_rows_of_the_text_line_up() -> None:
    rows = as_text(cache_lines([result(measured=LARGE)]))

    assert rows[0].split("  ")[0] == "files"
    assert {
        row.index(word)
        for row, word in zip(rows, ("read", "without", "first", "second"), strict=True)
    } == {13}
    assert rows[3].endswith("2 times as fast")
