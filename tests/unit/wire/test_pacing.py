"""Doors that count 401s: what is held back, for how long, and what is not."""

from __future__ import annotations

from lakeproof.wire.auth import Bearer, Credential
from lakeproof.wire.pacing import Limiter, Pacer

DCACHE = Limiter(unauthorised=3, window_s=20, block_s=10)
GOOD, BAD = Bearer("good-token-0123456789"), Bearer("bad-token-0123456789")


class Door:
    """A door with dCache's limiter and a clock of its own, asked through a pacer."""

    def __init__(self, limiter: Limiter | None) -> None:
        self.now = 0.0
        self.refused: list[float] = []
        self.shut_out = 0
        self.pacer = Pacer(limiter, clock=lambda: self.now, sleep=self._pass)

    def _pass(self, seconds: float) -> None:
        self.now += seconds

    def ask(self, credential: Credential | None, status: int) -> None:
        placed = self.pacer.before(credential)
        if status == 401:
            recent = [moment for moment in self.refused if self.now - moment <= 20]
            self.refused = [*recent, self.now]
            self.shut_out += len(self.refused) >= 3
        self.pacer.after(credential, status, placed=placed)


def test_refusals_never_reach_the_limit() -> None:
    door = Door(DCACHE)

    for _ in range(10):
        door.ask(None, 401)

    assert door.shut_out == 0
    assert door.pacer.waits == 4
    assert 80 < door.now < 82


def test_without_a_limiter_nothing_waits() -> None:
    door = Door(None)

    for _ in range(10):
        door.ask(None, 401)

    assert door.now == 0
    assert door.shut_out > 0


def test_a_credential_that_was_let_in_is_not_held_back() -> None:
    door = Door(DCACHE)
    door.ask(GOOD, 200)
    for _ in range(2):
        door.ask(BAD, 401)

    door.ask(GOOD, 403)

    assert door.now == 0


def test_a_credential_that_was_let_in_and_then_refused_counts_again() -> None:
    door = Door(DCACHE)
    door.ask(GOOD, 200)
    for _ in range(2):
        door.ask(GOOD, 401)

    door.ask(GOOD, 200)

    assert door.now > 20


def test_requests_under_way_count_as_if_they_were_refused() -> None:
    pacer = Pacer(DCACHE, sleep=lambda _: pacer.after(BAD, 200, placed=True))

    assert pacer.before(None)
    assert pacer.before(None)
    assert pacer.before(None)

    assert pacer.waits == 1


def test_an_unanswered_request_gives_its_place_back() -> None:
    door = Door(DCACHE)

    for _ in range(5):
        door.ask(None, 0)

    assert door.now == 0


def test_the_note_says_how_long_and_why() -> None:
    door = Door(DCACHE)
    for _ in range(3):
        door.ask(None, 401)
    door.ask(None, 429)

    assert "2 requests waited" not in door.pacer.note
    assert "1 requests waited 20 s" in door.pacer.note
    assert "401 3 times in 20 s" in door.pacer.note
    assert "429 (throttled) 1 times" in door.pacer.note
    assert Pacer(DCACHE).note == ""
