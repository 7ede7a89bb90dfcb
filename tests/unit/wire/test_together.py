"""Calls at the same time: own connections; shared guard, budget and record; errors come out."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import PurePosixPath

import pytest

from lakeproof.wire.auth import ANONYMOUS, Credential
from lakeproof.wire.guard import GuardError
from lakeproof.wire.reply import Reply
from lakeproof.wire.storage import BudgetExceeded, StorageElement
from lakeproof.wire.together import MOST, together
from tests.unit.wire.conftest import Connect, Serve
from tests.unit.wire.servers import OK, Request, Server

RUN = PurePosixPath("/run")
CREATED = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"


class NoWallet:
    def for_operation(self, method: str, path: PurePosixPath) -> Credential:
        return ANONYMOUS

    def for_macaroon(self, path: PurePosixPath) -> Credential:
        return self.for_operation("POST", path)


@pytest.fixture
def meeting() -> threading.Barrier:
    """Answers only when three requests are there at the same time."""
    return threading.Barrier(3, timeout=5)


@pytest.fixture
def server(serve: Serve, meeting: threading.Barrier) -> Server:
    def answer(request: Request) -> bytes:
        if request.method == "MKCOL":
            return CREATED
        if request.method == "PUT":
            meeting.wait()
            return CREATED
        return OK

    return serve(answer=answer)


@pytest.fixture
def se(server: Server, connect: Connect) -> StorageElement:
    return StorageElement("TEST", client=connect(server), directory=RUN, wallet=NoWallet())


def _put(name: str, size: int = 10) -> Callable[[StorageElement], Reply]:
    return lambda one: one.put(RUN / name, b"x" * size)


def test_calls_run_at_the_same_time_and_answer_in_order(se: StorageElement, server: Server) -> None:
    replies = together(se, [_put(name) for name in "abc"])

    assert [reply.url[-1] for reply in replies] == ["a", "b", "c"]
    assert [reply.status for reply in replies] == [201, 201, 201]
    assert server.connections >= 3


def test_everything_is_recorded_and_counted_once(se: StorageElement) -> None:
    _ = se.workdir
    before = se.client.recorder.requests

    together(se, [_put(name) for name in "abc"])

    puts = [e for e in se.client.recorder.current.exchanges if e.method == "PUT"]
    assert sorted(e.url[-1] for e in puts) == ["a", "b", "c"]
    assert {e.status for e in puts} == {201}
    assert se.client.recorder.requests - before == 3
    assert se.client.recorder.bytes_sent == se.budget.written == 30


def test_all_share_one_work_directory(se: StorageElement) -> None:
    found = together(se, [lambda one: one.workdir] * 5)

    assert set(found) == {se.workdir}


def test_the_guard_holds_in_every_call(se: StorageElement, server: Server) -> None:
    with pytest.raises(GuardError):
        together(se, [lambda one: one.delete("/precious"), lambda one: one.get(RUN / "f")])

    assert "DELETE" not in [request.method for request in server.seen]


def test_the_budget_is_one_for_all(se: StorageElement) -> None:
    se.budget.max_bytes = 30

    with pytest.raises(BudgetExceeded) as raised:
        together(se, [_put(name) for name in "abcde"])

    assert se.budget.written == 30
    assert [note for note in raised.value.__notes__ if "BudgetExceeded" in note]


def test_the_first_error_is_raised_and_the_others_are_its_notes(se: StorageElement) -> None:
    def fail(word: str) -> str:
        raise LookupError(word)

    with pytest.raises(LookupError, match="one") as raised:
        together(se, [lambda _: "fine", lambda _: fail("one"), lambda _: fail("two")])

    assert raised.value.__notes__ == ["at the same time: LookupError: two"]


@pytest.mark.parametrize("count", [0, MOST + 1])
def test_the_number_is_bounded(se: StorageElement, count: int) -> None:
    with pytest.raises(ValueError, match="at the same time"):
        together(se, [lambda one: one.name] * count)


def test_as_many_as_allowed(se: StorageElement) -> None:
    replies = together(se, [lambda one: one.get(RUN / "f")] * MOST)

    assert [reply.body for reply in replies] == [b"ok"] * MOST
