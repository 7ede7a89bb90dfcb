"""XRootD's own client in a process of its own: `python -P agent.py`, told by lines of JSON.

Each line on standard input is `{"do": NAME, "timeout_s": SECONDS, ...}`, each line on standard
output `{"ok": true, "value": ...}` or `{"ok": false, "code": XRDCL, "errno": KXR, "said": TEXT,
"value": ...}`. Bytes are base64. Who this process is, is in its environment, where XRootD's
client looks (X509_USER_PROXY, XrdSecPROTOCOL), and in the first line: `{"token": JWT or null}`.
"""

from __future__ import annotations

import json
import os
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

# XRootD's client may print: the answers keep a descriptor of their own.
ANSWERS = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

from XRootD import client  # noqa: E402
from XRootD.client.flags import (  # noqa: E402
    DirListFlags,
    MkDirFlags,
    OpenFlags,
    PrepareFlags,
    QueryCode,
)

PIECE = 4 << 20
LARGEST_READ = 64 << 20
UNKNOWN = -1
Parameters = dict[str, Any]


class NotDone(Exception):  # noqa: N818  reads as a fact
    """XRootD's client says that something was not done; `value` is what there is all the same."""

    def __init__(self, status: Any, value: Any = None) -> None:  # noqa: ANN401  a foreign class
        super().__init__(status.message)
        self.status = status
        self.value = value


class Agent:
    """Does what it is told at one door, as whoever this process is."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._fs: Any = client.FileSystem(url)
        self._s = 0

    def answer(self, asked: Parameters) -> Parameters:
        """The answer to one line."""
        self._s = asked.pop("timeout_s")
        do: Callable[..., Any] = getattr(self, f"do_{asked.pop('do')}")
        try:
            return {"ok": True, "value": do(**asked)}
        except NotDone as why:
            return {
                "ok": False,
                "code": why.status.code,
                "errno": why.status.errno,
                "said": why.status.message.strip(),
                "value": why.value,
            }
        except Exception as error:  # noqa: BLE001  whatever it is, it is the answer
            said = f"{type(error).__name__}: {error}"
            return {"ok": False, "code": UNKNOWN, "errno": 0, "said": said}

    def do_ping(self) -> None:
        """Log in, and hear that the server lives."""
        _done(self._fs.ping(self._s))

    def do_stat(self, path: str) -> Parameters:
        """Size, flags, modification time and mode."""
        return _facts(_done(self._fs.stat(path, self._s)))

    def do_listing(self, path: str) -> list[Parameters]:
        """What is in a directory, each with its facts."""
        found = _done(self._fs.dirlist(path, DirListFlags.STAT, self._s))
        return [{"name": each.name, **_facts(each.statinfo)} for each in found]

    def do_statvfs(self, path: str) -> Parameters:
        """Free space in MiB and how full it is in percent."""
        return dict(vars(_done(self._fs.statvfs(path, self._s))))

    def do_locate(self, path: str) -> list[Parameters]:
        """Which servers have a file."""
        return [dict(vars(each)) for each in _done(self._fs.locate(path, OpenFlags.NONE, self._s))]

    def do_mkdir(self, path: str, parents: bool, mode: int) -> None:
        """Make a directory."""
        flags = MkDirFlags.MAKEPATH if parents else MkDirFlags.NONE
        _done(self._fs.mkdir(path, flags, mode, self._s))

    def do_remove(self, path: str) -> None:
        """Remove a file."""
        _done(self._fs.rm(path, self._s))

    def do_rmdir(self, path: str) -> None:
        """Remove an empty directory."""
        _done(self._fs.rmdir(path, self._s))

    def do_move(self, path: str, to: str) -> None:
        """Rename a file or directory."""
        _done(self._fs.mv(path, to, self._s))

    def do_truncate(self, path: str, size: int) -> None:
        """Cut a file, or lengthen it."""
        _done(self._fs.truncate(path, size, self._s))

    def do_chmod(self, path: str, mode: int) -> None:
        """Change a file's mode."""
        _done(self._fs.chmod(path, mode, self._s))

    def do_set_attribute(self, path: str, name: str, text: str) -> None:
        """Set an extended attribute."""
        ((_, status),) = _done(self._fs.set_xattr(path, [(name, text)], self._s))
        _each_done(status)

    def do_attribute(self, path: str, name: str) -> str:
        """The value of an extended attribute."""
        ((_, text, status),) = _done(self._fs.get_xattr(path, [name], self._s))
        _each_done(status)
        return str(text)

    def do_attributes(self, path: str) -> list[str]:
        """The names of a file's extended attributes."""
        return [str(each[0]) for each in _done(self._fs.list_xattr(path, self._s)) or ()]

    def do_delete_attribute(self, path: str, name: str) -> None:
        """Remove an extended attribute."""
        ((_, status),) = _done(self._fs.del_xattr(path, [name], self._s))
        _each_done(status)

    def do_query(self, kind: str, argument: str) -> str:
        """What the server answers to a query: checksum, config or space."""
        code = getattr(QueryCode, kind.upper())
        answer: bytes = _done(self._fs.query(code, argument, self._s))
        return answer.rstrip(b"\0").decode(errors="replace")

    def do_prepare(self, paths: list[str], wish: str) -> str:
        """Ask for files to be brought online ("stage") or let go ("evict"); the request's id."""
        flags = getattr(PrepareFlags, wish.upper())
        answer: bytes = _done(self._fs.prepare(paths, flags, 0, self._s))
        return answer.rstrip(b"\0").decode(errors="replace")

    def do_read(self, path: str, offset: int, size: int | None) -> str:
        """The bytes of a file from `offset` on, all of them or `size`, at most 64 MiB."""
        got, wanted = bytearray(), LARGEST_READ if size is None else min(size, LARGEST_READ)
        with self._opened(path, OpenFlags.READ) as file:
            while len(got) < wanted:
                asked = min(PIECE, wanted - len(got))
                part = _done(file.read(offset + len(got), asked, self._s))
                got += part
                if len(part) < asked:
                    break
        return b64encode(got).decode()

    def do_write(self, path: str, data: str, replace: bool, parents: bool, posc: bool) -> None:
        """Write a file, which is closed at the end."""
        flags = OpenFlags.DELETE if replace else OpenFlags.NEW
        flags |= OpenFlags.MAKEPATH if parents else 0
        flags |= OpenFlags.POSC if posc else 0
        content = b64decode(data)
        with self._opened(path, flags | OpenFlags.UPDATE) as file:
            for start in range(0, len(content), PIECE):
                part = content[start : start + PIECE]
                _done(file.write(part, start, len(part), self._s))

    def do_vector_read(self, path: str, ranges: list[tuple[int, int]]) -> list[Parameters]:
        """Several ranges (offset, length) of a file in one request."""
        with self._opened(path, OpenFlags.READ) as file:
            found = _done(file.vector_read([(start, size) for start, size in ranges], self._s))
        return [
            {"offset": each.offset, "data": b64encode(each.buffer).decode()}
            for each in found.chunks
        ]

    def do_copy(self, source: str, target: str, options: Parameters) -> Parameters:
        """Copy as xrdcp does; either may be a local file, or with `thirdparty` both are remote."""
        process: Any = client.CopyProcess()
        limits = dict.fromkeys(("inittimeout", "tpctimeout", "cptimeout"), self._s)
        process.add_job(source, target, retry=0, **limits, **options)
        _done((process.prepare(), None))
        status, results = process.run()
        if not status.ok:
            raise NotDone(results[0]["status"] if results else status)
        result = results[0]
        return {name: str(result[name]) for name in result if "cksum" in name.lower()}

    @contextmanager
    def _opened(self, path: str, flags: int) -> Iterator[Any]:
        """An open file; when nothing else went wrong, closing it has to succeed, too."""
        file: Any = client.File()
        _done(file.open(f"{self._url}/{path}", flags, 0o644, self._s))
        try:
            yield file
        except BaseException:
            file.close(self._s)
            raise
        _done(file.close(self._s))


def _facts(found: Any) -> Parameters:  # noqa: ANN401  a foreign class
    if found is None:
        return {}
    known = ("size", "flags", "modtime", "mode", "owner", "group", "id")
    return {name: vars(found).get(name) for name in known}


def _done(answer: tuple[Any, Any]) -> Any:  # noqa: ANN401
    """The value of an answer; raises NotDone."""
    status, value = answer
    if not status.ok:
        raise NotDone(status)
    return value


def _each_done(status: Any) -> None:  # noqa: ANN401  a mapping or a foreign class
    """The same of one attribute in an answer about several."""
    told = client.responses.XRootDStatus(status) if isinstance(status, dict) else status
    if not told.ok:
        raise NotDone(told)


def main() -> None:
    """Answer until the input ends."""
    token = json.loads(sys.stdin.readline())["token"]
    if token is not None:
        os.environ["BEARER_TOKEN"] = token
    agent = Agent(sys.argv[1])
    for line in sys.stdin:
        ANSWERS.write(json.dumps(agent.answer(json.loads(line))) + "\n")
        ANSWERS.flush()
    # XRootD's own threads may wait for servers for minutes.
    os._exit(0)


if __name__ == "__main__":
    main()
