"""Starting a server that was just built, once, to see whether it works."""

from __future__ import annotations

import http.client
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lakeproof.lake import ports
from lakeproof.lake.built.recipe import Place
from lakeproof.lake.errors import LakeError
from lakeproof.lake.xrootd import Account

PATIENCE_S = 20.0
POLL_S = 0.05
LOG_LINES = 10
CONTENT = b"built here\n"
# The plug-ins that the lake loads: one that cannot be loaded ends the server at once.
SETTINGS = """\
all.export /data
oss.localroot {home}/state/disk
all.adminpath {home}
all.pidpath {home}
all.sitename trial
xrd.port {root_port}
xrd.protocol XrdHttp:{port} libXrdHttp.so
http.exthandler xrdtpc +notls libXrdHttpTPC.so
tpc.allow local
tpc.allow private
http.exthandler xrdhttptapeapi +notls libXrdHttpTapeApi.so {home}/state 4m
"""
EXPECTED = (
    ("PUT", "/data/trial", CONTENT, 201, None),
    ("GET", "/data/trial", b"", 200, CONTENT),
    ("GET", "/.well-known/wlcg-tape-rest-api", b"", 200, None),
)


def verify(place: Place, version: str) -> None:
    """Have the server store and give back a file, on loopback.

    Raises LakeError when it does not start, answers otherwise, or is of another version.
    """
    said = subprocess.run(  # noqa: S603  what was just built
        [place.server, "-v"], capture_output=True, text=True, check=False
    )
    if f"v{version}" not in said.stdout + said.stderr:
        raise LakeError(f"the server that was built says of itself: {said.stdout}{said.stderr}")
    account = Account.for_servers()
    home = Path(tempfile.mkdtemp(prefix="lakeproof-trial-"))
    try:
        with _running(place, home, account) as port:
            for method, path, body, status, content in EXPECTED:
                reply, got = _ask(port, method, path, body)
                if reply.status != status or content not in (None, got):
                    raise LakeError(
                        f"the server that was built answers {method} {path} with {reply.status} "
                        f"and {len(got)} bytes"
                    )
    finally:
        shutil.rmtree(home)


def _ask(port: int, method: str, path: str, body: bytes) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection(ports.LOOPBACK, port, timeout=PATIENCE_S)
    try:
        connection.request(method, path, body or None)
        reply = connection.getresponse()
        return reply, reply.read()
    finally:
        connection.close()


@contextmanager
def _running(place: Place, home: Path, account: Account) -> Iterator[int]:
    """The server in `home`, as long as it is looked at; gives the port of its HTTP door."""
    port, root_port, *_ = ports.choose(0)
    settings, log = home / "trial.cfg", home / "log"
    settings.write_text(SETTINGS.format(home=home, port=port, root_port=root_port))
    (home / "state" / "disk" / "data").mkdir(parents=True)
    for made in (home, *home.rglob("*")):
        os.chown(made, account.uid, account.gid)
    with log.open("wb") as output:
        server = subprocess.Popen(  # noqa: S603  what was just built
            [place.server, "-c", settings, "-s", home / "pid"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=home,
            env={"PATH": "/usr/bin:/bin", "HOME": str(home)},
            user=account.name,
            group=account.name,
            extra_groups=[] if account.name else None,
        )
    try:
        _wait(server, port, log)
        yield port
    finally:
        server.terminate()
        server.wait(PATIENCE_S)


def _wait(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not ports.answers(port):
        if server.poll() is not None or time.monotonic() > deadline:
            last = log.read_text(errors="replace").splitlines()[-LOG_LINES:]
            lines = "\n".join(f"  {line}" for line in last)
            raise LakeError(f"the server that was built does not start:\n{lines}")
        time.sleep(POLL_S)
