from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lakeproof.session.rse import Rse
from lakeproof.verdict import Blame, Blocked, Unjudged
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


@pytest.mark.parametrize(("state", "reason"), [("OK", ""), ("STUCK", "TRANSFER [5] no route")])
def test_rule_ends_with_its_reason(state: str, reason: str) -> None:
    ends = iter(["REPLICATING", state])
    rse = _rse(
        add_rule=_done("id"),
        rule=lambda: _done({"state": next(ends), "reason": reason}),
    )
    rse.patience_s = 5

    end = rse.replicate("f")

    assert (end.state, end.reason) == (state, reason)


def test_rule_that_does_not_end_is_not_judged() -> None:
    rse = _rse(add_rule=_done("id"), rule=_done({"state": "REPLICATING", "reason": ""}))

    with pytest.raises(Unjudged, match="REPLICATING"):
        rse.replicate("f")
