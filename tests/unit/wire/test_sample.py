"""A sample keeps what checks ask for, in bounded memory."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from lakeproof.wire import sample as samples
from lakeproof.wire.digest import BadField, parse_repr_digest
from lakeproof.wire.payload import Payload
from lakeproof.wire.sample import Reading, Sample, Unkept, sample_of

PATH = PurePosixPath("/f")
DATA = bytes(range(30))


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples, "KEPT", 10)


def _read(data: bytes, step: int) -> Sample:
    reading = Reading()
    for at in range(0, len(data), step):
        reading.feed(data[at : at + step])
    return reading.at(PATH)


@pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 19, 20])
@pytest.mark.parametrize("step", [1, 7, 100])
def test_short_file_is_all_kept(size: int, step: int) -> None:
    found = _read(DATA[:size], step)

    assert found == sample_of(PATH, Payload.of(DATA[:size]))
    assert found.is_kept
    assert found.payload.adler32 == found.adler32
    for first in range(size):
        for last in range(first, size):
            assert found.cut(first, last) == DATA[first : last + 1]


@pytest.mark.parametrize("step", [1, 7, 100])
def test_long_file_keeps_both_ends(step: int) -> None:
    found = _read(DATA, step)

    assert (found.head, found.tail, found.size) == (DATA[:10], DATA[20:], 30)
    assert found.cut(2, 9) == DATA[2:10]
    assert found.cut(20, 29) == DATA[20:]
    assert found.adler32 == Payload.of(DATA).adler32
    for first, last in ((9, 10), (15, 16), (19, 20)):
        with pytest.raises(Unkept):
            found.cut(first, last)
    with pytest.raises(Unkept):
        _ = found.payload


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (DATA, None),
        (DATA[:-1], "has 29 of 30 bytes"),
        (b"x" + DATA[1:], "differs at byte 0"),
        (DATA[:-1] + b"x", "differs at byte 29"),
        (DATA[:15] + b"x" + DATA[16:], "differs in its middle"),
    ],
)
def test_difference(other: bytes, said: str | None) -> None:
    assert _read(DATA, 7).difference(_read(other, 7)) == said


def test_repr_digest_is_a_dictionary_of_byte_sequences() -> None:
    header = "adler=:Ak0BJw==:,  sha-256=:AAE=:;x=1"

    assert parse_repr_digest(header) == {"adler32": "024d0127", "sha-256": "0001"}


@pytest.mark.parametrize("header", ["", "adler=Ak0BJw==", "Adler=:AA==:", "a=:A:", "a=:AA==:, "])
def test_anything_else_is_bad(header: str) -> None:
    with pytest.raises(BadField):
        parse_repr_digest(header)
