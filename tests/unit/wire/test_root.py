from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

import pytest

from lakeproof.wire.auth import ANONYMOUS, Bearer, Credential
from lakeproof.wire.guard import GuardError, WriteGuard
from lakeproof.wire.reply import NotReached
from lakeproof.wire.root import door as wire_root
from lakeproof.wire.root.door import RootDoor
from lakeproof.wire.root.process import RootClientMissing, RootProcess, RootSettings
from lakeproof.wire.root.reply import RootReply
from lakeproof.wire.storage import Budget, BudgetExceeded
from lakeproof.wire.transcript import Recorder

OURS = PurePosixPath("/data/lakeproof/run")


class Told(RootProcess):
    """A process that answers what it is told to."""

    answer: dict[str, Any] = {"ok": True, "value": None}  # noqa: RUF012
    asked: list[dict[str, Any]] = []  # noqa: RUF012

    def ask(self, do: str, timeout_s: float | None = None, **how: Any) -> dict[str, Any]:  # noqa: ANN401
        self.asked.append({"do": do, **how})
        return dict(self.answer)


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> RootDoor:
    Told.answer, Told.asked = {"ok": True, "value": None}, []
    monkeypatch.setattr(wire_root, "RootProcess", Told)

    def credential_for(method: str, path: PurePosixPath) -> Credential:
        return Bearer("a-token-of-the-run", f"{method} {path}")

    return RootDoor(
        RootSettings("root://se.example.org:1094"),
        name="SE",
        credential_for=credential_for,
        door_path=lambda path: PurePosixPath("/pnfs") / path.relative_to("/data"),
        guard=WriteGuard(PurePosixPath("/pnfs/lakeproof/run")),
        budget=Budget(10),
        recorder=Recorder(),
    )


def _fails(code: int, errno: int = 0, said: str = "no") -> None:
    Told.answer = {"ok": False, "code": code, "errno": errno, "said": said}


def test_what_is_about_no_file_is_authorised_in_the_runs_directory_of_a_door_for_reading(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Told.answer, Told.asked = {"ok": True, "value": "adler32"}, []
    monkeypatch.setattr(wire_root, "RootProcess", Told)
    authorised = []

    def credential_for(method: str, path: PurePosixPath) -> Credential:
        authorised.append(path)
        return ANONYMOUS

    door = RootDoor(
        RootSettings("root://cache.example.org:1094"),
        name="CACHE",
        credential_for=credential_for,
        door_path=lambda path: path,
        guard=WriteGuard(None),
        inside=OURS,
        budget=Budget(10),
        recorder=Recorder(),
    )

    assert door.config("chksum") == {"chksum": "adler32"}
    assert authorised == [OURS]


def test_a_path_of_the_webdav_door_is_the_same_file_at_this_door(door: RootDoor) -> None:
    door.stat(OURS / "f")

    assert Told.asked == [{"do": "stat", "path": "/pnfs/lakeproof/run/f"}]
    assert door.url_of(OURS / "f") == "root://se.example.org:1094//pnfs/lakeproof/run/f"


@pytest.mark.parametrize("where", [PurePosixPath("/data/other"), "/pnfs/lakeproof/run/../other"])
def test_nothing_outside_the_runs_directory_is_written(
    door: RootDoor, where: PurePosixPath | str
) -> None:
    writes: tuple[Callable[[], RootReply], ...] = (
        lambda: door.remove(where),
        lambda: door.rmdir(where),
        lambda: door.write(where, b"x"),
        lambda: door.truncate(where, 0),
        lambda: door.chmod(where, 0o600),
        lambda: door.set_attribute(where, "n", "v"),
        lambda: door.move(OURS / "f", where),
        lambda: door.copy_from("root://other.example.org//f", where),
    )
    for write in writes:
        with pytest.raises(GuardError):
            write()
    assert Told.asked == []
    assert door.stat(where).ok


def test_what_is_written_counts(door: RootDoor) -> None:
    assert door.write(OURS / "f", b"x" * 9).ok
    with pytest.raises(BudgetExceeded):
        door.write(OURS / "g", b"xx")


@pytest.mark.parametrize(
    ("errno", "status"), [(3010, 403), (3011, 404), (3018, 409), (3005, 500), (3013, 501)]
)
def test_an_error_of_the_protocol_has_the_status_of_http(
    door: RootDoor, errno: int, status: int
) -> None:
    _fails(400, errno, f"[ERROR] Server responded with an error: [{errno}] no\n")

    reply = door.stat(OURS / "f")

    assert (reply.status, reply.code, reply.ok, reply.failure) == (status, errno, False, None)
    assert reply.describe().startswith(f"root stat: [{errno}] no (kXR_")


def test_who_is_not_let_in_is_refused(door: RootDoor) -> None:
    _fails(204, said="[FATAL] Auth failed: No protocols left to try")

    assert door.ping(auth=ANONYMOUS).status == 401


def test_without_a_connection_nothing_was_asked(door: RootDoor) -> None:
    _fails(108, said="[FATAL] Connection error")

    with pytest.raises(NotReached, match="Connection error"):
        door.ping()


def test_an_answer_that_breaks_off_is_no_refusal(door: RootDoor) -> None:
    _fails(206, said="[ERROR] Operation expired")

    reply = door.stat(OURS / "f")

    assert reply.status == 0
    assert reply.failure is not None
    assert reply.failure.kind == "timeout"


def test_unknown_keys_are_not_in_a_configuration(door: RootDoor) -> None:
    Told.answer = {"ok": True, "value": "1\nsitename\n0:adler32\n"}

    assert door.config("tpc", "sitename", "chksum") == {"tpc": "1", "chksum": "0:adler32"}


def test_what_repeats_it_shows_no_token(door: RootDoor) -> None:
    reply = door.chmod(OURS / "f", 0o640)

    assert reply.exchange is not None
    assert reply.exchange.curl() == (
        'XrdSecPROTOCOL=ztn BEARER_TOKEN="$TOKEN" xrdfs root://se.example.org:1094 chmod '
        "/pnfs/lakeproof/run/f rw-r-----"
    )
    assert "root chmod" in reply.exchange.text()


def test_a_client_that_does_not_start_says_so() -> None:
    process = RootProcess(RootSettings("root://localhost:1"), ANONYMOUS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lakeproof.wire.root.process.AGENT", "/nowhere/agent.py")
        with pytest.raises(RootClientMissing, match="nowhere"):
            process.ask("ping")


def test_nobody_listens() -> None:
    process = RootProcess(RootSettings("root://127.0.0.1:1"), ANONYMOUS)
    try:
        assert process.ask("ping", 2)["code"] == 108
    finally:
        process.close()
