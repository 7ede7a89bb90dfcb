"""A small WebDAV storage in memory on 127.0.0.1, which can be told to misbehave."""

from __future__ import annotations

import threading
import zlib
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import quote, unquote

DAV = "DAV: OPTIONS, GET, HEAD, PUT, DELETE, MKCOL, PROPFIND"
METHODS = DAV.removeprefix("DAV: ")
LOGIN = b"<html><body>Please log in</body></html>"
ROW = """<D:response><D:href>{href}</D:href><D:propstat><D:prop>
<D:resourcetype>{kind}</D:resourcetype><D:getcontentlength>{size}</D:getcontentlength>
</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>"""
HOLD_S = 60


class Storage:
    """What is stored (None: a collection), what was asked, and how to misbehave."""

    def __init__(self) -> None:
        self.tree: dict[str, bytes | None] = {"/": None, "/store": None}
        self.asked: list[tuple[str, str]] = []
        self.refuse: set[str] = set()
        self.pretend: set[str] = set()
        self.silent: set[str] = set()
        self.login_page = False
        self.upset: dict[str, int] = {}
        self.throttled: set[str] = set()
        self.held = threading.Event()
        self.release = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.storage = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/store"

    @property
    def runs(self) -> list[str]:
        """The run directories that are there."""
        return [path for path in self.tree if path.startswith("/store/lakeproof/lp-")]

    def add_collection(self, path: str) -> None:
        """Make a collection and what is above it."""
        pieces = path.strip("/").split("/")
        for depth in range(len(pieces)):
            self.tree.setdefault("/" + "/".join(pieces[: depth + 1]), None)

    def stop(self) -> None:
        """Let everybody go and stop listening."""
        self.release.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    storage: Storage

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients of these tests are killed in the middle of a request: no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "MiniDAV/1.0"
    server: _Server
    timeout = 30
    also: ClassVar[dict[str, str]] = {"DAV": "1", "Allow": METHODS}

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_any(self) -> None:
        storage = self.server.storage
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        path = unquote(self.path).rstrip("/") or "/"
        storage.asked.append((self.command, path))
        if path.endswith("/hold"):
            storage.held.set()
            storage.release.wait(HOLD_S)
        if "/lp-" in path and storage.upset.get(self.command, 0) > 0:
            storage.upset[self.command] -= 1
            self._answer(503)
        elif self.command in storage.throttled:
            self._answer(429)
        elif self.command in storage.silent:
            self.close_connection = True
        elif storage.login_page:
            self._answer(200, LOGIN, {"Content-Type": "text/html"})
        elif self.command in storage.refuse:
            self._answer(403)
        elif self.command in storage.pretend:
            self._answer(204)
        else:
            getattr(self, f"on_{self.command.lower()}")(path, body)

    do_OPTIONS = do_GET = do_HEAD = do_PUT = do_DELETE = do_MKCOL = do_PROPFIND = do_any  # noqa: N815

    def on_options(self, _: str, __: bytes) -> None:
        self._answer(200, headers=self.also)

    def on_get(self, path: str, _: bytes) -> None:
        tree = self.server.storage.tree
        content = tree.get(path)
        if content is None:
            self._answer(404 if path not in tree else 200 if self.command == "HEAD" else 405)
            return
        digest = {"Digest": f"adler32={zlib.adler32(content):08x}"}
        self._answer(200, content, digest)

    on_head = on_get

    def on_put(self, path: str, body: bytes) -> None:
        tree = self.server.storage.tree
        if path.rpartition("/")[0] not in tree:
            self._answer(409)
            return
        new = path not in tree
        tree[path] = body
        self._answer(201 if new else 204)

    def on_mkcol(self, path: str, _: bytes) -> None:
        tree = self.server.storage.tree
        if path in tree:
            self._answer(405)
        elif (path.rpartition("/")[0] or "/") not in tree:
            self._answer(409)
        else:
            tree[path] = None
            self._answer(201)

    def on_delete(self, path: str, _: bytes) -> None:
        tree = self.server.storage.tree
        if any(known.startswith(f"{path}/") for known in tree):
            self._answer(409)
            return
        self._answer(204 if tree.pop(path, b"absent") != b"absent" else 404)

    def on_propfind(self, path: str, _: bytes) -> None:
        tree = self.server.storage.tree
        if path not in tree:
            self._answer(404)
            return
        shown = [path]
        if self.headers.get("Depth") == "1":
            prefix = path.rstrip("/") + "/"
            shown += [k for k in tree if k.startswith(prefix) and "/" not in k[len(prefix) :] != ""]
        rows = "".join(self._row(each) for each in shown)
        body = f'<?xml version="1.0"?><D:multistatus xmlns:D="DAV:">{rows}</D:multistatus>'
        self._answer(207, body.encode(), {"Content-Type": "application/xml"})

    def _row(self, path: str) -> str:
        content = self.server.storage.tree[path]
        kind = "<D:collection/>" if content is None else ""
        return ROW.format(href=quote(path), kind=kind, size=len(content or b""))

    def _answer(
        self, status: int, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def date_time_string(self, timestamp: float | None = None) -> str:
        return formatdate(timestamp, usegmt=True)
