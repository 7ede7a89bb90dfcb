"""What does in a shell what an operation at a root:// door did, with XRootD's own programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

How = Mapping[str, Any]

# xrdfs DOOR, then these.
XRDFS: dict[str, Callable[[How], list[str]]] = {
    # Of a mere login xrdfs knows no better proof than a question.
    "ping": lambda _: ["query", "config", "version"],
    "stat": lambda how: ["stat", how["path"]],
    "listing": lambda how: ["ls", "-l", how["path"]],
    "statvfs": lambda how: ["statvfs", how["path"]],
    "locate": lambda how: ["locate", how["path"]],
    "mkdir": lambda how: ["mkdir", *(["-p"] if how["parents"] else []), how["path"]],
    "remove": lambda how: ["rm", how["path"]],
    "rmdir": lambda how: ["rmdir", how["path"]],
    "move": lambda how: ["mv", how["path"], how["to"]],
    "truncate": lambda how: ["truncate", how["path"], str(how["size"])],
    "chmod": lambda how: ["chmod", how["path"], letters(how["mode"])],
    "set_attribute": lambda how: ["xattr", how["path"], "set", f"{how['name']}={how['text']}"],
    "attribute": lambda how: ["xattr", how["path"], "get", how["name"]],
    "attributes": lambda how: ["xattr", how["path"], "list"],
    "delete_attribute": lambda how: ["xattr", how["path"], "del", how["name"]],
    "query": lambda how: ["query", how["kind"], *how["argument"].split()],
    "read": lambda how: ["cat", how["path"]],
    "prepare": lambda how: ["prepare", {"stage": "-s", "evict": "-e"}[how["wish"]], *how["paths"]],
}


def command(do: str, door: str, url: str, how: How) -> tuple[str, ...]:
    """The words of a command line: `door` is root://host:port, `url` that of the file."""
    if do in XRDFS:
        return ("xrdfs", door, *XRDFS[do](how))
    if do == "copy":
        third = ("--tpc", "only") if "thirdparty" in how["options"] else ()
        return ("xrdcp", *third, how["source"], how["target"])
    # No program reads several ranges, or writes without copying.
    return ("xrdcp", "FILE", url) if do == "write" else ("xrdcp", url, "-")


def letters(mode: int) -> str:
    """0o640 is rw-r-----, as xrdfs wants it."""
    bits = f"{mode & 0o777:09b}"
    return "".join(
        letter if bit == "1" else "-" for letter, bit in zip("rwx" * 3, bits, strict=True)
    )
