"""A real XRootD with an area that anybody may write to over plain http, on loopback only."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from string import Template

from lakeproof.lake import ports
from lakeproof.lake.errors import LakeError
from lakeproof.lake.packages import program
from lakeproof.lake.xrootd import Account

AREA = "/area"
START_S = 20.0
STOP_S = 10.0
POLL_S = 0.05


@contextmanager
def anonymous_area() -> Iterator[str]:
    """Start the server on free ports; gives the URL of its area, and stops it by its pid."""
    account = Account.for_servers()
    home = Path(tempfile.mkdtemp(prefix="lp-anon-"))
    try:
        port = _configure(home, account)
        # As root, XRootD is told whom to become.
        become = ["-R", account.name] if account.name else []
        log = home / "log"
        command = [program("xrootd"), "-c", str(home / "x.cfg"), "-s", str(home / "run" / "pid")]
        with log.open("wb") as stream:
            server = subprocess.Popen(  # noqa: S603  a fixed program, our own paths
                [*command, "-I", "v4", *become],
                cwd=home,
                env={"PATH": "/usr/bin:/bin", "HOME": str(home)},
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
            )
        try:
            _wait(server, port, log)
            yield f"http://{ports.LOOPBACK}:{port}{AREA}"
        finally:
            _stop(server)
    finally:
        rmtree(home)


def _configure(home: Path, account: Account) -> int:
    home.chmod(0o711)
    for folder in (home / "root", home / "root" / AREA.strip("/"), home / "run"):
        folder.mkdir()
        os.chown(folder, account.uid, account.gid)
    port, root_port, *_ = ports.choose(0)
    text = Template((Path(__file__).parent / "anonymous.cfg").read_text("utf-8")).substitute(
        home=home, base_path=AREA, port=port, root_port=root_port
    )
    (home / "x.cfg").write_text(text, "utf-8")
    return port


def _wait(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while not ports.answers(port):
        if server.poll() is not None or time.monotonic() > deadline:
            raise LakeError(f"XRootD did not start:\n{log.read_text(errors='replace')[-2000:]}")
        time.sleep(POLL_S)


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(STOP_S)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
