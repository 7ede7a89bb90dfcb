"""One act of gfal2, as Rucio and FTS ask for it: `python3 -I gfal_do.py VERB URL [URL or WORD]`.

It runs in whichever Python has gfal2's bindings, where lakeproof need not be installed, and as a
process of its own: what crashes in gfal2 takes nothing else along. What is asked for comes on
standard output, one line each; a failure ends with 1 and its reason on standard error.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import gfal2

HTTP = "HTTP PLUGIN"


def options() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description="One act of gfal2.")
    parser.add_argument("verb", choices=["copy", "sum", "ls", "mkdir", "rename", "rm", "stat"])
    parser.add_argument("url")
    parser.add_argument("second", nargs="?", default="", help="a URL, or the name of a checksum")
    parser.add_argument("--mode", default="", help='"3rd pull", "3rd push" or "streamed"')
    parser.add_argument("--token", type=Path, help="file with the bearer token of the (first) URL")
    parser.add_argument("--second-token", type=Path, help="that of the second URL")
    parser.add_argument("--cert", default="", help="PEM file: a proxy, or certificate and key")
    parser.add_argument("--timeout", type=int, default=300, help="seconds")
    return parser.parse_args()


def context_for(asked: argparse.Namespace) -> Any:  # noqa: ANN401  gfal2 has no types
    """gfal2 with the credentials that are given; no copy is made in another way than asked for."""
    context = gfal2.creat_context()
    context.set_user_agent("lakeproof", gfal2.get_version())
    context.set_opt_boolean("BDII", "ENABLED", False)
    context.set_opt_boolean(HTTP, "ENABLE_FALLBACK_TPC_COPY", False)
    context.set_opt_boolean(HTTP, "RETRIEVE_BEARER_TOKEN", bool(asked.mode and not asked.token))
    if asked.mode:
        context.set_opt_string(HTTP, "DEFAULT_COPY_MODE", asked.mode)
        context.set_opt_boolean(HTTP, "ENABLE_REMOTE_COPY", asked.mode != "streamed")
        context.set_opt_boolean(HTTP, "ENABLE_STREAM_COPY", asked.mode == "streamed")
    if asked.cert:
        context.set_opt_string("X509", "CERT", asked.cert)
        context.set_opt_string("X509", "KEY", asked.cert)
    for url, file in ((asked.url, asked.token), (asked.second, asked.second_token or asked.token)):
        if file is not None and "://" in url:
            place = urlsplit(url)
            token = context.cred_new("BEARER", file.read_text().strip())
            context.cred_set(f"{place.scheme}://{place.netloc}/", token)
    return context


def copy(context: Any, asked: argparse.Namespace) -> list[str]:  # noqa: ANN401
    """The ways that were tried; the last one counts."""
    modes: list[str] = []
    parameters = context.transfer_parameters()
    parameters.overwrite = False
    parameters.create_parent = False
    parameters.timeout = asked.timeout

    def heard(event: Any) -> None:  # noqa: ANN401
        if event.stage == "TRANSFER:TYPE":
            modes.append(event.description)

    parameters.event_callback = heard
    context.filecopy(parameters, asked.url, asked.second)
    return modes


def do(context: Any, asked: argparse.Namespace) -> list[str]:  # noqa: ANN401
    """The lines that answer; raises gfal2.GError."""
    if asked.verb == "copy":
        return copy(context, asked)
    if asked.verb == "sum":
        return [str(context.checksum(asked.url, asked.second))]
    if asked.verb == "ls":
        return [name for name in context.listdir(asked.url) if name not in (".", "..")]
    if asked.verb == "stat":
        return [str(context.stat(asked.url).st_size)]
    if asked.verb == "mkdir":
        context.mkdir(asked.url, 0o755)
    elif asked.verb == "rename":
        context.rename(asked.url, asked.second)
    else:
        context.unlink(asked.url)
    return []


def main() -> int:
    """Do what the command line asks for."""
    asked = options()
    try:
        lines = do(context_for(asked), asked)
    except gfal2.GError as error:
        sys.stderr.write(f"[{error.code}] {error.message}\n")
        return 1
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
