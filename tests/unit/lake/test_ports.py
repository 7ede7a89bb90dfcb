from __future__ import annotations

import os
import socket

import pytest

from lakeproof.lake import ports
from lakeproof.lake.errors import LakeError


def test_zero_gives_free_ports_in_a_row() -> None:
    chosen = ports.choose(0)

    assert chosen == list(range(chosen[0], chosen[0] + ports.COUNT))
    assert not any(ports.answers(port) for port in chosen)


def test_busy_port_is_one_sentence_with_port_process_and_way_out() -> None:
    base = ports.choose(0)[0]
    with socket.create_server(("127.0.0.1", base + 2)):
        with pytest.raises(LakeError) as caught:
            ports.choose(base)

        assert ports.answers(base + 2)
    sentence = str(caught.value)
    assert f"port {base + 2} is in use by" in sentence
    assert f"(pid {os.getpid()})" in sentence
    assert "--port-base" in sentence
    assert "\n" not in sentence


def test_forbidden_port_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", refuse)

    with pytest.raises(LakeError, match="port 443 cannot be used: Permission denied"):
        ports.choose(443)
