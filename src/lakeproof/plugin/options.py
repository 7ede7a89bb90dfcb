"""The one table of options that `lakeproof check|run|demo` and plain `pytest` share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import pytest

from lakeproof.inventory.model import Technology
from lakeproof.store_place import HELP

Command = Literal["check", "run", "demo"]
ALL: frozenset[Command] = frozenset({"check", "run", "demo"})
ADHOC: frozenset[Command] = frozenset({"check"})
AUTO = "auto"
MOST = 64
"""How many endpoints `auto` checks at a time: each costs 25 to 40 MB and a share of a processor."""
FLEET: frozenset[Command] = frozenset({"run"})


@dataclass(frozen=True)
class Option:
    """One option: `--name`, its help, and which commands offer it."""

    name: str
    help: str
    metavar: str | None = None
    multiple: bool = False
    flag: bool = False
    choices: tuple[str, ...] = ()
    default: str | None = None
    commands: frozenset[Command] = ALL
    short: str | None = None

    @property
    def dest(self) -> str:
        """The attribute name in pytest's configuration."""
        return "lakeproof_" + self.name.replace("-", "_")


OPTIONS: tuple[Option, ...] = (
    Option(
        "token",
        "Where the access token comes from: env:NAME, file:PATH, oidc-agent:ACCOUNT, or "
        "client:ISSUER_URL with --client-id and --client-secret-file. Default: BEARER_TOKEN, "
        "BEARER_TOKEN_FILE, $XDG_RUNTIME_DIR/bt_u<uid>, /tmp/bt_u<uid>, whichever is there.",
        metavar="SOURCE",
        commands=ADHOC,
    ),
    Option("client-id", "Client name at the issuer, for --token client:…", "ID", commands=ADHOC),
    Option(
        "client-secret-file",
        "File with the client's secret (mode 0600), for --token client:…",
        "PATH",
        commands=ADHOC,
    ),
    Option(
        "odd-tokens",
        "The issuer of --token client:… signs odd tokens (expired, other claims) on request, as "
        "the laptop lake's does.",
        flag=True,
        commands=ADHOC,
    ),
    Option(
        "audience",
        "Audience to ask tokens for. Default: https://host[:port] of the endpoint.",
        "A",
        commands=ADHOC,
    ),
    Option(
        "scope-root",
        "URL path that a token's scope path '/' means at this storage. Default: found by trying.",
        "PATH",
        commands=ADHOC,
    ),
    Option(
        "partner-token",
        "Token source for the --partner endpoints and that of --cache-of. Default: the same as "
        "--token.",
        "SOURCE",
        commands=ADHOC,
    ),
    Option(
        "other-token",
        "A second identity, of another group: where its token comes from, as for --token. What the "
        "first identity keeps must stay closed to it (profile embargo).",
        metavar="SOURCE",
        commands=ADHOC,
    ),
    Option("other-client-id", "Client name, for --other-token client:…", "ID", commands=ADHOC),
    Option(
        "other-client-secret-file",
        "File with that client's secret (mode 0600).",
        "PATH",
        commands=ADHOC,
    ),
    Option(
        "other-area",
        "URL path where the second identity may write. Default: below the endpoint's URL.",
        "PATH",
        commands=ADHOC,
    ),
    Option("proxy", "X.509 proxy, or certificate and key in one PEM file.", "PATH", commands=ADHOC),
    Option(
        "other-proxy",
        "The same of somebody else, who may do nothing here: the storage must keep it out.",
        "PATH",
        commands=ADHOC,
    ),
    Option(
        "ca",
        "CA certificate file or hashed directory. Default: the system's.",
        "PATH",
        commands=ADHOC,
    ),
    Option(
        "partner",
        "Other end for third-party copies. Default: the other URLs, then the inventory's "
        "golden endpoint.",
        "URL",
        multiple=True,
        commands=ADHOC,
    ),
    Option(
        "technology",
        "The storage system, if you would rather say than let it be recognised.",
        choices=get_args(Technology),
        default="auto",
        commands=ADHOC,
    ),
    Option(
        "feature",
        "Declare a feature present or absent, for example tpc-push=no.",
        "NAME=yes|no",
        multiple=True,
        commands=ADHOC,
    ),
    Option(
        "fts",
        "REST URL of an FTS (File Transfer Service), such as https://fts.example.org:8446: copies "
        "through it are checked too.",
        "URL",
    ),
    Option(
        "peer-url",
        "How the endpoints reach a server of ours, which sees what they do in third-party copies: "
        "https://HOST:PORT of this machine, or of something that forwards to it.",
        "URL",
        commands=ADHOC,
    ),
    Option(
        "peer-listen",
        "Where that server listens; 0.0.0.0:PORT if HOST is this machine. Default: 127.0.0.1 and "
        "the port of --peer-url.",
        "ADDRESS:PORT",
        commands=ADHOC,
    ),
    Option(
        "peer-certificate",
        "Its host certificate, from an authority that the endpoints trust: PEM, with the key in "
        "it or in --peer-key.",
        "PATH",
        commands=ADHOC,
    ),
    Option("peer-key", "The key of --peer-certificate.", "PATH", commands=ADHOC),
    Option(
        "peer-other-url",
        "The same server at another port or name: where does a token go in a redirect?",
        "URL",
        commands=ADHOC,
    ),
    Option("peer-other-listen", "Where it listens for that.", "ADDRESS:PORT", commands=ADHOC),
    Option(
        "peer-inside-url",
        "The same server at an address that the endpoints must not fetch from, such as their own "
        "loopback.",
        "URL",
        commands=ADHOC,
    ),
    Option("peer-inside-listen", "Where it listens for that.", "ADDRESS:PORT", commands=ADHOC),
    Option(
        "known-failures",
        "File with known failures to apply.",
        "FILE",
        multiple=True,
    ),
    Option(
        "inventory",
        "The endpoint inventory. Default: endpoints.yaml.",
        "FILE",
        short="-i",
        commands=FLEET,
    ),
    Option("site", "Only this site.", "NAME", multiple=True, commands=FLEET),
    Option("endpoint", "Only this endpoint.", "NAME", multiple=True, commands=FLEET),
    Option(
        "pair",
        "Of the mesh only this pair: A copies from B and to B. Without --suite, --check or "
        "--profile nothing else is tried, but whether both ends are there.",
        "A,B",
        multiple=True,
        commands=FLEET,
    ),
    Option("suite", "Only this suite, for example webdav.", "NAME", multiple=True),
    Option(
        "check",
        "Only checks whose id matches, for example 'tokens.*'.",
        "ID_GLOB",
        multiple=True,
    ),
    Option(
        "profile",
        "Only the checks of this profile, for example embargo; `lakeproof profiles list` has the "
        "names. Several together: the checks of each.",
        "NAME",
        multiple=True,
    ),
    Option(
        "level",
        "Only requirements of this level or above: must, should or may.",
        choices=("must", "should", "may"),
        default="may",
    ),
    Option("read-only", "Write nothing; run only what needs no write.", flag=True),
    Option(
        "sample-file",
        "With --read-only: a file on the endpoint, below its path or as an absolute URL path, with "
        "its size in bytes and its adler32; ranges, second reads and checksums are tried on it.",
        "PATH,SIZE,ADLER32",
        commands=ADHOC,
    ),
    Option(
        "root-door",
        "The root:// door beside the URL, for the suite root, as root://HOST:PORT//PATH: the same "
        "files as at the URL.",
        "URL",
        commands=ADHOC,
    ),
    Option(
        "cache-of",
        "The URL is a cache's: the davs:// URL of the same files at the storage behind it, where "
        "the run lays files to read them through the cache (suite cache).",
        "URL",
        commands=ADHOC,
    ),
    Option(
        "keep-token",
        "Keep one token of each endpoint and issuer, encrypted, and see in a later run that it is "
        "refused once it has expired.",
        flag=True,
    ),
    Option(
        "patient",
        "Wait so many minutes at most for a token to expire, to see that it is refused then; for "
        "--token oidc-agent:… and client:….",
        "MINUTES",
    ),
    Option("intrusive", "Also run checks that load or annoy a server.", flag=True),
    Option(
        "issuer-rate",
        "With --intrusive: the tokens a second that a token issuer has to give, and that are asked "
        "of it at most.",
        "TOKENS",
        default="1000",
    ),
    Option("store", HELP, "WHERE"),
    Option("out", "Folder for results and pages. Default: reports.", "DIR", default="reports"),
)


def add_pytest_options(parser: pytest.Parser) -> None:
    """Offer every option of the table to pytest, plus the ones only the CLI uses."""
    group = parser.getgroup(
        "lakeproof", "lakeproof: which endpoints, which credentials, which checks"
    )
    group.addoption(
        "--url",
        dest="lakeproof_url",
        action="append",
        default=[],
        metavar="URL",
        help="Endpoint to check, without an inventory (repeatable): davs://host:port/path",
    )
    for option in OPTIONS:
        settings: dict[str, object] = {"dest": option.dest, "help": option.help}
        if option.flag:
            settings["action"] = "store_true"
        elif option.multiple:
            settings |= {"action": "append", "default": [], "metavar": option.metavar}
        elif option.choices:
            settings |= {"choices": option.choices, "default": option.default}
        else:
            settings |= {"default": option.default, "metavar": option.metavar}
        group.addoption(f"--{option.name}", **settings)
    group.addoption(
        "--progress",
        dest="lakeproof_progress",
        action="store_true",
        help="Report as the lakeproof command does instead of as pytest does.",
    )
    group.addoption(
        "--jobs",
        dest="lakeproof_jobs",
        default="1",
        metavar="N|auto",
        help="Endpoints checked at the same time, each in a process of its own.",
    )
