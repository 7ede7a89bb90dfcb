from __future__ import annotations

from collections.abc import Mapping

import pytest

from lakeproof.blame import Kind, Layer, Look, Observations, Reason, Seen, State, deduce, whose
from lakeproof.blame.reasons import NO_REASON
from lakeproof.blame.table import Row, rows

A, B = "SITE-A", "SITE-B"
# When one of these is all there is, it may be several: nothing told them apart.
SEVERAL: Mapping[str, set[Layer]] = {
    "source-may-refuse": {Layer.SOURCE, Layer.CREDENTIAL},
    "refused-by-source-perhaps": {Layer.SOURCE, Layer.CREDENTIAL},
    "destination-may-refuse": {Layer.DESTINATION, Layer.CREDENTIAL},
    "refused-by-destination-perhaps": {Layer.DESTINATION, Layer.CREDENTIAL},
    "source-may-give-nothing": {Layer.SOURCE, Layer.PAIR},
    "destination-may-take-nothing": {Layer.DESTINATION, Layer.PAIR},
    "pair-perhaps": {Layer.SOURCE, Layer.PAIR},
    "pair-perhaps-too": {Layer.DESTINATION, Layer.PAIR},
    "source-denies-unseen": {Layer.SOURCE, Layer.CREDENTIAL},
    "destination-denies-unseen": {Layer.DESTINATION, Layer.CREDENTIAL},
    "fts-perhaps": {Layer.FTS, Layer.CREDENTIAL},
    "fts-refuses-perhaps": {Layer.FTS, Layer.CREDENTIAL},
    "submission-perhaps": {Layer.RUCIO, Layer.CREDENTIAL},
    "fts-refuses-rucios": {Layer.RUCIO, Layer.CREDENTIAL},
}
each_row = pytest.mark.parametrize("row", rows(), ids=lambda row: row.name)


def _sound() -> dict[Look, Seen]:
    return {look: Seen(State.YES, f"{look} is right") for look in Look}


def _shown_by(row: Row) -> Observations:
    """Everything is right but for what the row is about."""
    seen = _sound()
    for look, states in row.when.items():
        if State.YES not in states:
            (state,) = states
            seen[look] = Seen(state, f"evidence of {look}")
    kind = sorted(row.kinds)[0] if row.kinds else Kind.NONE
    words = f"{row.scope} [5] words" if row.kinds else ""
    return Observations(A, B, seen, Reason(words, row.scope, kind) if row.kinds else NO_REASON)


@each_row
def test_row_names_its_layer(row: Row) -> None:
    deduced = deduce(_shown_by(row))

    assert row.name in deduced.rows
    assert set(deduced.layers) == SEVERAL.get(row.name, {row.layer})
    assert (deduced.layer is None) == (row.name in SEVERAL)


@each_row
def test_row_needs_all_of_its_evidence(row: Row) -> None:
    observed = _shown_by(row)
    for look, states in row.when.items():
        other = next(state for state in State if state not in states)
        without = {**observed.seen, look: Seen(other)}
        assert row.name not in deduce(Observations(A, B, without, observed.reason)).rows
    if row.kinds:
        assert row.name not in deduce(Observations(A, B, observed.seen)).rows
    if row.unless:
        against = Reason("words", row.unless, Kind.OTHER)
        assert row.name not in deduce(Observations(A, B, observed.seen, against)).rows


@each_row
def test_sentence_names_the_place_and_shows_the_evidence(row: Row) -> None:
    observed = _shown_by(row)
    sentence = row.told(observed)

    assert "{" not in sentence
    assert not sentence.endswith(".")
    if "{because}" in row.sentence:
        assert "evidence of" in sentence
    if "{reason}" in row.sentence:
        assert observed.reason.text in sentence


def test_nothing_is_named_when_all_is_sound() -> None:
    deduced = deduce(Observations(A, B, _sound()))

    assert deduced.layers == ()
    assert deduced.sentence.startswith("No layer can be named")


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("scope", ["", "AGENT"])
def test_nothing_is_named_when_nothing_was_seen(kind: Kind, scope: str) -> None:
    seen = {look: Seen(State.UNSEEN, "closed to us") for look in Look}

    deduced = deduce(Observations(A, B, seen, Reason("words", scope, kind)))

    # FTS's and Rucio's own word for it is evidence; all else is not.
    said = {Kind.EXPIRED: {Layer.CREDENTIAL}, Kind.LOST: {Layer.FTS}}
    assert set(deduced.layers) == said.get(kind, set())
    assert len(deduced.unseen) == len(Look)
    assert "closed to us" in deduced.unseen[0]


def test_several_suspects_are_all_told() -> None:
    seen = _sound() | {
        Look.A_FILE: Seen(State.NO, "HEAD answered 404"),
        Look.DISTANCE: Seen(State.NO, "there is none"),
    }

    deduced = deduce(Observations(A, B, seen))

    assert deduced.layer is None
    assert deduced.layers == (Layer.SOURCE, Layer.RUCIO)
    assert deduced.sentence.startswith("Several suspects. Endpoint A (the source, SITE-A): ")
    assert "HEAD answered 404" in deduced.sentence
    assert "; or Rucio: " in deduced.sentence
    assert len(deduced.do) == 2


def test_done_rule_is_no_case() -> None:
    seen = _sound() | {Look.RULE_WAITS: Seen(State.NO, "the rule is OK")}

    assert deduce(Observations(A, B, seen)).sentence == "Nothing is stuck: the rule is OK."


def test_what_works_by_now_is_told_with_what_was() -> None:
    reason = Reason("TRANSFER [70] Communication error on send", "TRANSFER", Kind.OTHER)

    deduced = deduce(Observations(A, B, _sound(), reason))

    assert deduced.layers == ()
    assert "by now the file is copied" in deduced.sentence
    assert reason.text in deduced.sentence


def test_a_file_that_is_not_there_is_not_the_pairs_fault() -> None:
    seen = _sound() | {
        Look.A_FILE: Seen(State.NO, "404"),
        Look.COPY_FILE: Seen(State.NO, "404"),
        Look.A_SIZE: Seen(State.UNSEEN),
    }
    reason = Reason("SOURCE [2] HTTP 404", "SOURCE", Kind.MISSING)

    assert deduce(Observations(A, B, seen, reason)).layer is Layer.SOURCE


@pytest.mark.parametrize("look", [Look.HANDED_ON, Look.FTS_PROMPT])
def test_what_does_not_wait_long_is_no_case_yet(look: Look) -> None:
    seen = _sound() | {look: Seen(State.UNSEEN, "the request is QUEUED for 5 s")}

    deduced = deduce(Observations(A, B, seen))

    assert deduced.layers == ()
    assert deduced.sentence.startswith("No layer can be named yet: the request is QUEUED for 5 s")


def test_a_door_that_is_closed_to_us_only_is_not_blamed() -> None:
    seen = {look: s for look, s in _sound().items() if look.place != "source"}
    seen |= {Look.A_ANSWERS: Seen(State.NO, "no answer"), Look.COPY: Seen(State.UNSEEN)}
    reason = Reason("DESTINATION [5] checksum", "DESTINATION", Kind.CHECKSUM)

    # FTS had read the source: it is this machine that does not reach it.
    assert deduce(Observations(A, B, seen, reason)).layers == ()


def test_a_check_says_what_it_has_seen() -> None:
    reason = "TRANSFER [70] Communication error on send"

    assert whose(reason, A, B).startswith("No layer can be named")
    assert whose(reason, A, B, {Look.COPY: True, Look.FTS_COPIES: False}).startswith("FTS: ")
    assert whose("SOURCE [2] HTTP 404 : File not found", A, B).startswith("Endpoint A (the source")
