"""A pytest plugin: notes every request of a run and where its time goes, then replays the requests.

`bench/one_endpoint` has the lakeproof command load it by PYTEST_PLUGINS. Tokens stay in this
process: the record that it writes has none.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from requests.models import PreparedRequest

from bench.floor import SMALL, Bare, replay
from bench.wiretap_names import BEGAN, INTO
from lakeproof.credentials.issuer import IssuerClient
from lakeproof.plugin.collect import check_of
from lakeproof.session.sessions import Sessions
from lakeproof.wire.connection import Adapter
from lakeproof.wire.http import HttpClient
from lakeproof.wire.redact import redactor

CLEAN_UP = "(clean-up)"


class Wiretap:
    """What one run did, request by request, and the seconds of its phases."""

    def __init__(self) -> None:
        self.phases: dict[str, float] = defaultdict(float)
        self.requests: list[dict[str, Any]] = []
        self.bare: list[Bare] = []
        self.where = ""
        self.checks: list[dict[str, Any]] = []
        # A check may ask in several threads at the same time.
        self._mine = threading.local()
        self._marked = float(os.environ[BEGAN])

    def mark(self, phase: str) -> None:
        """What passed since the last mark belongs to `phase`."""
        now = time.time()
        self.phases[phase] += now - self._marked
        self._marked = now

    @contextmanager
    def timed(self, phase: str) -> Iterator[None]:
        """The block belongs to `phase`, beside (not instead of) what `mark` counts."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.phases[phase] += time.perf_counter() - began

    def tap(self) -> None:
        """Put ourselves under the HTTP client, the token client and the clean-up."""
        self._tap_client()
        self._tap_adapter()
        grant, clean = IssuerClient.grant, Sessions.clean_up

        def granted(issuer: IssuerClient, *args: Any, **kw: Any) -> dict[str, Any]:  # noqa: ANN401
            with self.timed("of which tokens from the issuer"), self._elsewhere():
                return grant(issuer, *args, **kw)

        def cleaned(sessions: Sessions) -> list[str]:
            self.mark("report")
            self.where = CLEAN_UP
            try:
                return clean(sessions)
            finally:
                self.mark("clean-up")

        IssuerClient.grant, Sessions.clean_up = granted, cleaned  # type: ignore[method-assign,assignment]

    @contextmanager
    def _elsewhere(self) -> Iterator[None]:
        # The issuer is no endpoint: its requests are not part of the floor.
        self._mine.elsewhere = True
        try:
            yield
        finally:
            self._mine.elsewhere = False

    @property
    def _deaf(self) -> bool:
        return getattr(self._mine, "elsewhere", False)

    def _tap_client(self) -> None:
        request: Callable[..., Any] = HttpClient.request

        def tapped(client: HttpClient, method: str, path: Any, **kw: Any) -> Any:  # noqa: ANN401
            if self._deaf:
                return request(client, method, path, **kw)
            began = time.perf_counter()
            sent: list[Bare] = []
            self._mine.sent = sent
            reply = None
            try:
                reply = request(client, method, path, **kw)
            finally:
                seconds = time.perf_counter() - began
                if sent:
                    sent[-1].seconds = seconds
                self.requests.append(
                    {
                        "check": self.where,
                        "method": method,
                        "url": redactor.text(client.url_of(path)),
                        "status": reply.status if reply else 0,
                        "sent": sum(bare.sent for bare in sent),
                        "received": reply.length if reply else 0,
                        "wire_requests": len(sent),
                        "duration_s": round(seconds, 6),
                    }
                )
            return reply

        HttpClient.request = tapped  # type: ignore[method-assign,assignment]

    def _tap_adapter(self) -> None:
        send: Callable[..., Any] = Adapter.send

        def tapped(adapter: Adapter, request: PreparedRequest, **kw: Any) -> Any:  # noqa: ANN401
            if self._deaf:
                return send(adapter, request, **kw)
            _, tls = adapter.build_connection_pool_key_attributes(request, verify=True)
            bare = Bare(
                self.where,
                str(request.method),
                str(request.url),
                {name: str(value) for name, value in (request.headers or {}).items()},
                tls.get("ssl_context"),
            )
            self.bare.append(bare)
            self._mine.sent.append(bare)
            if isinstance(request.body, bytes):
                bare.sent = len(request.body)
                bare.body = request.body if bare.sent <= SMALL else b""
            elif request.body is not None:
                request.body = _counted(bare, request.body)  # type: ignore[assignment]
            response = send(adapter, request, **kw)
            bare.status = response.status_code
            return response

        Adapter.send = tapped  # type: ignore[method-assign,assignment]


def _counted(bare: Bare, body: Any) -> Iterator[bytes]:  # noqa: ANN401  requests' own union
    for piece in body:
        bare.sent += len(piece)
        yield piece


tap = Wiretap()


def pytest_load_initial_conftests() -> None:
    """The interpreter, the command and pytest are there."""
    tap.mark("import")
    tap.tap()


@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    """The plan is made, and every check imported once."""
    tap.mark("plan")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Count the collection."""
    tap.mark("plan")
    try:
        return (yield)
    finally:
        tap.mark("collection")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    """Count a check's set-up."""
    tap.mark("report")
    check = check_of(item)
    tap.where = check.id if check else item.nodeid
    try:
        yield
    finally:
        tap.mark("set-up")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call() -> Generator[None, None, None]:
    """Count the check itself; what is between set-up and call is reporting."""
    tap.mark("report")
    began, cpu, first = time.perf_counter(), time.process_time(), len(tap.requests)
    try:
        yield
    finally:
        tap.mark("checks")
        wall, used = time.perf_counter() - began, time.process_time() - cpu
        asking = sum(request["duration_s"] for request in tap.requests[first:])
        tap.checks.append(
            {"check": tap.where, "call_s": wall, "cpu_s": used, "in_requests_s": asking}
        )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown() -> Generator[None, None, None]:
    """Count a check's tear-down with its set-up."""
    tap.mark("report")
    try:
        yield
    finally:
        tap.mark("set-up")


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """The run is over: replay its requests and write everything down."""
    tap.mark("report")
    wall_s = time.time() - float(os.environ[BEGAN])
    used = os.times()
    floor = replay(tap.bare)
    result = {
        "wall_s": wall_s,
        "cpu_s": used.user + used.system,
        "inside_requests_s": sum(request["duration_s"] for request in tap.requests),
        "phases_s": dict(tap.phases),
        "requests": tap.requests,
        "checks": tap.checks,
        "floor": [timed.as_dict() for timed in floor],
    }
    Path(os.environ[INTO]).write_text(json.dumps(result), encoding="utf-8")
