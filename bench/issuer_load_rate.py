"""How many tokens a second our client can ask for, beside a bare one, of an issuer without work."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
from joserfc import jws
from joserfc.jwk import ECKey

from bench.constant_issuer import started
from lakeproof.credentials.names import PathName, SecretName
from lakeproof.lake import ca
from lakeproof.session.issuer import IssuerSession
from lakeproof.session.issuer_load import OWN_LIMIT, STEPS, LoadPlan, alone_at
from lakeproof.session.plan import IssuerTarget, TokenSpec
from lakeproof.wire.connection import TlsConfig, tls_context
from lakeproof.wire.crowd import Bounds, Order, Step, crowd
from lakeproof.wire.http import Timeouts
from lakeproof.wire.transcript import Recorder

TARGET_PER_S = 1500
UNLIMITED = 1_000_000
FORM = b"grant_type=client_credentials&scope=storage.read%3A%2Fdata%2Fload&audience=se"
HEADERS = {
    "Accept": "application/json",
    "Authorization": "Basic bm9ib2R5Om5vdGhpbmc=",
    "Content-Type": "application/x-www-form-urlencoded",
}
YEAR_S = 365 * 24 * 3600


@dataclass(frozen=True)
class Place:
    """Where the trivial issuer listens, and its files."""

    secure: str
    plain: str
    directory: Path
    tls: TlsConfig


def answers(url: str) -> dict[str, Any]:
    """The constant bodies by path: metadata, one key, and a token that was signed once."""
    key = ECKey.generate_key("P-256", {"kid": "constant", "alg": "ES256", "use": "sig"})
    claims = {
        "iss": url,
        "sub": "nobody",
        "aud": ["https://se"],
        "scope": "storage.read:/data/load",
        "wlcg.ver": "1.0",
        "exp": int(time.time()) + YEAR_S,
        "jti": "constant",
    }
    token = jws.serialize_compact(
        {"alg": "ES256", "typ": "JWT", "kid": "constant"}, json.dumps(claims).encode(), key
    )
    return {
        "/.well-known/openid-configuration": {
            "issuer": url,
            "jwks_uri": f"{url}/jwks",
            "token_endpoint": f"{url}/token",
        },
        "/jwks": {"keys": [key.as_dict(private=False)]},
        "/token": {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": 3600,
            "scope": claims["scope"],
        },
    }


def judged(place: Place, seconds: float) -> list[Step]:
    """What a run does: every answer is taken apart, and one signature of ten verified."""
    target = IssuerTarget(
        "constant",
        TokenSpec(
            f"client:{place.secure}",
            client_id="nobody",
            secret=SecretName(f"file:{place.directory / 'secret'}"),
            ca=PathName(str(place.directory / "ca.pem")),
        ),
        ("https://se",),
        ("/data",),
        Timeouts(connect_s=5, read_s=10, total_s=10),
    )
    session = IssuerSession(target, Recorder(), LoadPlan(UNLIMITED, seconds))
    try:
        alone_at(session.issuer)
        found = session.load
    finally:
        session.close()
    if found.refused or found.mistaken:
        raise click.ClickException(f"wrong answers: {found.refused + found.mistaken}")
    return found.steps


def unjudged(url: str) -> Callable[[Place, float], list[Step]]:
    """Our client alone: only the status is looked at."""

    def measure(place: Place, seconds: float) -> list[Step]:
        order = Order(f"{getattr(place, url)}/token", lambda _: FORM, HEADERS, place.tls)
        bounds = Bounds(rate=UNLIMITED, seconds=seconds)
        return crowd(order, lambda _n, status, _b: "" if status == 200 else "wrong", STEPS, bounds)  # noqa: PLR2004

    return measure


def bare(url: str) -> Callable[[Place, float], list[Step]]:
    """The floor: the same bytes over asyncio's streams, next to nothing parsed."""

    def measure(place: Place, seconds: float) -> list[Step]:
        where = getattr(place, url)
        return [asyncio.run(_bare(where, place.tls, count, seconds)) for count in STEPS]

    return measure


async def _bare(url: str, tls: TlsConfig, at_a_time: int, seconds: float) -> Step:
    parts = urlsplit(url)
    lines = [f"POST /token HTTP/1.1\r\nHost: {parts.netloc}", f"Content-Length: {len(FORM)}"]
    lines += [f"{name}: {value}" for name, value in HEADERS.items()]
    request = "\r\n".join([*lines, "", ""]).encode() + FORM
    context = tls_context(tls, None) if parts.scheme == "https" else None
    doors = [
        await asyncio.open_connection(parts.hostname, parts.port, ssl=context)
        for _ in range(at_a_time)
    ]
    step = Step(at_a_time)

    async def line(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (begun := time.perf_counter()) < end:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.rpartition(b"Content-Length: ")[2]))
            step.taken.append(time.perf_counter() - begun)

    before, began = time.thread_time(), time.perf_counter()
    end = began + seconds
    await asyncio.gather(*(line(*door) for door in doors))
    step.span_s = time.perf_counter() - began
    step.busy = (time.thread_time() - before) / step.span_s
    for _, writer in doors:
        writer.close()
    await asyncio.gather(*(writer.wait_closed() for _, writer in doors))
    return step


WAYS: Mapping[str, Callable[[Place, float], list[Step]]] = {
    "ours, TLS, every answer judged": judged,
    "ours, TLS": unjudged("secure"),
    "ours, plain HTTP": unjudged("plain"),
    "bare client, TLS": bare("secure"),
    "bare client, plain HTTP": bare("plain"),
}
FLOOR = {"ours, TLS, every answer judged": "bare client, TLS"} | {
    f"ours, {way}": f"bare client, {way}" for way in ("TLS", "plain HTTP")
}


def medians(rounds: list[dict[str, list[Step]]]) -> dict[str, Any]:
    """By way and number at a time: median rate, latency and load of our processor."""
    found: dict[str, Any] = {}
    for way in WAYS:
        each = zip(*(one[way] for one in rounds), strict=True)
        found[way] = {
            str(steps[0].at_a_time): {
                "per_s": round(statistics.median(step.per_s for step in steps), 1),
                "p50_s": round(statistics.median(statistics.median(s.taken) for s in steps), 6),
                "busy": round(statistics.median(step.busy for step in steps), 2),
                "starved": round(statistics.median(step.starved for step in steps), 2),
            }
            for steps in each
        }
    for way, floor in FLOOR.items():
        for count, figures in found[way].items():
            figures["of_bare"] = round(figures["per_s"] / found[floor][count]["per_s"], 2)
    return found


def table(found: Mapping[str, Any]) -> str:
    """One line a way, and whether the target is reached by what a run does."""
    lines = [f"{'requests a second':32}" + "".join(f"{count:>10} at a time" for count in STEPS)]
    for way, steps in found.items():
        cells = (
            f"{figures['per_s']:9.0f} {figures['busy']:4.0%} "
            + (f"{figures['of_bare']:.2f}x" if "of_bare" in figures else "     ")
            for figures in steps.values()
        )
        lines.append(f"{way:32}" + " ".join(cells))
    lines += [
        "(%: share of one processor that the client uses; x: of the bare client's rate)",
        *_against_target(found["ours, TLS, every answer judged"]),
    ]
    return "\n".join(lines)


def _against_target(steps: Mapping[str, Mapping[str, float]]) -> list[str]:
    best = max(steps.values(), key=lambda figures: figures["per_s"])
    reached = "reached" if best["per_s"] >= TARGET_PER_S else "NOT reached"
    full = best["per_s"] / best["busy"]
    limit = "the client's own work"
    if best["busy"] < OWN_LIMIT:
        used = best["busy"] + best["starved"]
        limit = "the issuer's process" if used < OWN_LIMIT else "a processor that others use"
    return [
        f"target {TARGET_PER_S} a second, judged, over TLS: {reached} ({best['per_s']:.0f})",
        f"limit: {limit}; the client worked {best['busy']:.0%} of the time and waited "
        f"{best['starved']:.0%} for a processor; with a whole one it would send {full:.0f} a "
        "second",
        f"load of this machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors",
    ]


@click.command()
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1))
@click.option("--seconds", default=1.0, show_default=True, help="Of each step of each way.")
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    default=Path(__file__).resolve().parents[1] / "reports" / "bench",
    help="Folder for issuer-load.json. Default: reports/bench.",
)
def main(*, rounds: int, seconds: float, report: Path) -> None:
    """Measure the client of the suite `issuer` under load against a trivial issuer on loopback.

    The issuer is a process of its own and answers with constants. All ways are measured in turn,
    `rounds` times; the medians are shown.
    """
    done = []
    with tempfile.TemporaryDirectory(prefix="lp-bench-") as folder:
        directory = Path(folder)
        secure, plain = (socket.create_server(("127.0.0.1", 0), backlog=256) for _ in range(2))
        urls = [
            f"{scheme}://localhost:{listening.getsockname()[1]}"
            for scheme, listening in (("https", secure), ("http", plain))
        ]
        _lay_out(directory, urls[0])
        place = Place(urls[0], urls[1], directory, TlsConfig(directory / "ca.pem"))
        with secure, plain, started(directory, secure, plain):
            for _ in range(rounds):
                done.append({way: measure(place, seconds) for way, measure in WAYS.items()})
    found = medians(done)
    report.mkdir(parents=True, exist_ok=True)
    record = {"processors": os.cpu_count(), "load": os.getloadavg(), "ways": found}
    (report / "issuer-load.json").write_text(json.dumps(record, indent=1) + "\n", "utf-8")
    click.echo(table(found))


def _lay_out(directory: Path, url: str) -> None:
    authority = ca.make_authority()
    (directory / "ca.pem").write_bytes(authority.certificate_pem)
    ca.write_credential(ca.issue(authority, "localhost", ["localhost"]), directory / "host.pem")
    (directory / "answers.json").write_text(json.dumps(answers(url)), "utf-8")
    (directory / "secret").touch(mode=0o600)
    (directory / "secret").write_text("bench-secret-of-no-use")
