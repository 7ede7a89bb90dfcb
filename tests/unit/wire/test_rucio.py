from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lakeproof.session.rse import Rse
from lakeproof.verdict import Blame, Blocked, NotRun, Unjudged, Unsupported
from lakeproof.wire.payload import Payload
from lakeproof.wire.rucio import Answer, RucioNotReached, RucioProcess, RucioSettings


class Clients:
    """Answers as it was told, by what is asked."""

    def __init__(self, **answers: Answer | Callable[[], Answer]) -> None:
        self._answers = {"protocols": _done([{"scheme": "davs", "read": 1, "write": 1}]), **answers}

    def ask(self, do: str, **how: Any) -> Answer:  # noqa: ANN401
        answer = self._answers[do]
        return answer if isinstance(answer, Answer) else answer()

    def close(self) -> None: ...


def _done(value: object = None) -> Answer:
    return Answer(ok=True, value=value)


def _rse(**answers: Answer | Callable[[], Answer]) -> Rse:
    return Rse("SITE", Clients(**answers), scope="s", prefix="run", patience_s=0.1)


def _settings(python: Path) -> RucioSettings:
    url = "https://rucio.invalid"
    return RucioSettings(url, url, "probe", "oidc", python)


def test_clients_that_are_not_installed_are_one_sentence(tmp_path: Path) -> None:
    process = RucioProcess(_settings(tmp_path / "python"))

    with pytest.raises(RucioNotReached, match="script/bootstrap --with-rucio installs"):
        process.ask("protocols", rse="SITE")


def test_clients_that_end_say_their_last_words() -> None:
    process = RucioProcess(_settings(Path(sys.executable)))  # which has no Rucio

    with pytest.raises(RucioNotReached, match="No module named 'rucio'"):
        process.ask("protocols", rse="SITE")


def test_token_is_neither_in_the_command_nor_in_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[str] = []

    def popen(command: list[str], **how: Any) -> None:  # noqa: ANN401
        seen.append(f"{command} {how['env']}")
        raise OSError(2, "not here")

    monkeypatch.setattr("subprocess.Popen", popen)
    process = RucioProcess(_settings(Path(sys.executable)), lambda: "a-secret-token")

    with pytest.raises(RucioNotReached):
        process.ask("protocols", rse="SITE")
    assert seen
    assert "a-secret-token" not in seen[0]


def test_failure_at_the_storage_is_an_answer_to_judge() -> None:
    rse = _rse(upload=Answer(ok=False, kind="NoFilesUploaded", said="403"))

    answer = rse.upload("f", Payload.of(b"x"))

    assert not answer.ok
    assert "403" in answer.describe()


@pytest.mark.parametrize("kind", ["InsufficientAccountLimit", "AccessDenied", "DatabaseException"])
def test_failure_of_rucio_is_not_the_endpoints(kind: str) -> None:
    rse = _rse(upload=Answer(ok=False, kind=kind, said="no"))

    with pytest.raises(Unjudged) as caught:
        rse.upload("f", Payload.of(b"x"))
    assert caught.value.blame is Blame.PARTNER


def test_preferred_protocol_comes_first_and_absent_ones_not_at_all() -> None:
    protocols = [
        {"scheme": "root", "read": 2, "write": None},
        {"scheme": "davs", "read": 1, "write": 1},
        {"scheme": "gsiftp", "read": 0, "write": 0},
    ]
    rse = _rse(protocols=_done(protocols))

    assert rse.schemes("read") == ["davs", "root"]
    assert rse.schemes("write") == ["davs"]


def test_path_is_that_of_the_url_over_http() -> None:
    rse = _rse(replicas=_done(["root://h:1//data/f", "davs://h:2/data/a%20b"]))

    assert str(rse.path_of("f")) == "/data/a b"


def test_replica_that_is_not_listed_has_no_path() -> None:
    with pytest.raises(Blocked, match="no replica"):
        _rse(replicas=_done([])).path_of("f")


@pytest.mark.parametrize(
    ("state", "reason", "copied"), [("OK", "", 1), ("STUCK", "TRANSFER [5] no route", 0)]
)
def test_rule_ends_with_its_reason(state: str, reason: str, copied: int) -> None:
    states = iter([("REPLICATING", 0), (state, copied)])

    def rule() -> Answer:
        now, there = next(states)
        return _done({"state": now, "reason": reason, "copied": there})

    rse = _rse(add_rule=_done("id"), rule=rule)
    rse.patience_s = 5

    end = rse.replicate("f")

    assert (end.state, end.reason, end.copied) == (state, reason, copied)


def test_rule_that_does_not_end_is_told_as_it_stands() -> None:
    rse = _rse(add_rule=_done("id"), rule=_done({"state": "REPLICATING", "waiting": 2}))

    assert rse.replicate("f").describe() == "REPLICATING, 2 copies under way"


def test_patience_begins_anew_with_every_copy() -> None:
    copied = iter(range(1, 9))

    def rule() -> Answer:
        there = next(copied)
        return _done({"state": "OK" if there == 3 else "REPLICATING", "copied": there})

    rse = _rse(add_rule=_done("id"), rule=rule)
    rse.patience_s, rse.poll_s = 0.2, 0.15

    assert rse.replicate("f", copies=3).ok


def test_rule_that_is_ok_with_fewer_copies_is_waited_for() -> None:
    states = iter([1, 2])
    rse = _rse(add_rule=_done("id"), rule=lambda: _done({"state": "OK", "copied": next(states)}))
    rse.patience_s = 5

    assert rse.replicate("f", copies=2).copied == 2


def test_file_of_somebody_else_is_never_written() -> None:
    rse = _rse(place=_done("https://h/data/precious"))

    with pytest.raises(Blocked, match="file of this run"):
        rse.put("run-1", Payload.of(b"x"))


@pytest.mark.parametrize("kind", ["AccessDenied", "CannotAuthenticate"])
def test_subscription_that_we_may_not_add_is_not_run(kind: str) -> None:
    rse = _rse(whoami=_done("probe"), subscribe=Answer(ok=False, kind=kind))

    with pytest.raises(NotRun, match="no subscription"):
        rse.subscribe("d")


def test_another_token_needs_a_login_by_token() -> None:
    rse = _rse(whoami=_done("probe"))

    with pytest.raises(NotRun, match="oidc"):
        rse.log_in("token")


def test_scheme_that_the_rse_lacks_is_unsupported() -> None:
    with pytest.raises(Unsupported, match="no protocol root"):
        _rse().over_root("read")
