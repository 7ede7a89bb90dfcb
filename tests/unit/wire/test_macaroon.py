"""Macaroon requests, and the answers of servers that give one, or something else."""

from __future__ import annotations

import json
import ssl
from pathlib import PurePosixPath

import pytest

from lakeproof.wire.auth import Bearer
from lakeproof.wire.macaroon import request_macaroon
from lakeproof.wire.redact import redactor
from tests.unit.wire.conftest import Connect, Serve

PATH = PurePosixPath("/run/dir")
TEXT = "a-macaroon-of-some-length"
TOKEN = Bearer("token-for-the-request")


def _answer(body: str, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


def test_request_and_grant(serve: Serve, connect: Connect, server_tls: ssl.SSLContext) -> None:
    given = json.dumps({"macaroon": TEXT, "expires_in": 600})
    server = serve(answer=lambda _: _answer(given), tls=server_tls)

    grant = request_macaroon(
        connect(server),
        PATH,
        auth=TOKEN,
        activities=("DOWNLOAD", "LIST"),
        validity="PT1M",
        caveats=("path:/run/dir/x",),
    )

    sent = server.seen[0]
    assert (sent.method, sent.target) == ("POST", "/run/dir")
    assert sent.headers["content-type"] == "application/macaroon-request"
    assert json.loads(sent.body) == {
        "caveats": ["activity:DOWNLOAD,LIST", "path:/run/dir/x"],
        "validity": "PT1M",
    }
    assert grant.bearer == Bearer(TEXT, label="macaroon: DOWNLOAD LIST at /run/dir")
    assert grant.fields["expires_in"] == 600
    assert TEXT not in redactor.text(f"it says {TEXT}")


def test_nothing_is_asked_for_that_was_not_named(
    serve: Serve, connect: Connect, server_tls: ssl.SSLContext
) -> None:
    server = serve(answer=lambda _: _answer("{}"), tls=server_tls)

    request_macaroon(connect(server), PATH, auth=TOKEN, validity=None)

    assert json.loads(server.seen[0].body) == {"caveats": []}


@pytest.mark.parametrize(
    "answer",
    [
        _answer("{}"),
        _answer("no JSON"),
        _answer("[1]"),
        _answer('{"macaroon": 7}'),
        _answer('{"macaroon": "x-x-x-x-x"}', "403 Forbidden"),
    ],
)
def test_no_macaroon_is_no_bearer(
    serve: Serve, connect: Connect, server_tls: ssl.SSLContext, answer: bytes
) -> None:
    server = serve(answer=lambda _: answer, tls=server_tls)

    assert request_macaroon(connect(server), PATH, auth=TOKEN).bearer is None
