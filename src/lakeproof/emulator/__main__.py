"""One emulated storage element as a process: `python -m lakeproof.emulator --help`."""

from __future__ import annotations

import signal
import threading
from pathlib import Path, PurePosixPath

import click

from lakeproof.emulator import EmulatorConfig, StorageServer, TrustedIssuer, dialect_names

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option("--dialect", default="conformant", show_default=True, help="How to speak.")
@click.option("--fault", "faults", multiple=True, help="A fault to have; repeatable.")
@click.option("--root", type=click.Path(path_type=Path), required=True, help="Where files lie.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to bind.")
@click.option("--name", default="", help="Host name clients use; default: the address.")
@click.option("--port", default=0, show_default=True, help="Port of the door; 0 is a free one.")
@click.option("--data-port", default=0, help="Port of the data server; 0 is a free one.")
@click.option("--certificate", type=FILE, required=True, help="PEM chain of the server.")
@click.option("--key", type=FILE, required=True, help="PEM key of the server.")
@click.option("--ca", type=FILE, help="PEM authorities for issuers and for copy partners.")
@click.option("--ca-certificate", type=FILE, help="PEM authority that signs wrong certificates.")
@click.option("--ca-key", type=FILE, help="Its PEM key; without it they are self-signed.")
@click.option("--client-ca", type=FILE, help="PEM authorities of client certificates.")
@click.option("--member", "members", multiple=True, help="Subject that may use the area.")
@click.option("--issuer", "issuers", multiple=True, help="URL of a trusted token issuer.")
@click.option("--audience", "audiences", multiple=True, help="A further audience of tokens.")
@click.option("--base-path", default="/data", show_default=True, help="The area's path.")
@click.option("--public-path", default="", help="Path below which reading needs no credential.")
@click.option("--tape-path", default="", help="Path below which files go to simulated tape.")
@click.option("--tape-latency", default=2.0, show_default=True, help="Seconds of a recall.")
@click.option(
    "--tape-staging/--no-tape-staging", "tape_staging", default=None, help="As the dialect, else."
)
@click.option("--marker-interval", default=5.0, show_default=True, help="Seconds.")
@click.option("--transfer-rate", type=int, help="Bytes a second of one third-party copy.")
@click.option("--throttle-block", "throttle_block_s", type=float, help="Seconds; 0 switches off.")
@click.option("--also-at", multiple=True, help="A further address to bind; repeatable.")
@click.option("--reader-group", "reader_groups", multiple=True, help="Group that may read.")
@click.option("--writer-group", "writer_groups", multiple=True, help="Group that may do all.")
@click.option("--quota", default=1 << 40, show_default=True, help="Bytes the area may hold.")
@click.option("--secret-file", type=FILE, help="File with the secret of macaroons.")
@click.option("--ready-file", type=click.Path(path_type=Path), help="Written with the URL.")
def main(  # noqa: PLR0913  one parameter for each option
    *,
    ca: Path | None,
    issuers: tuple[str, ...],
    base_path: str,
    public_path: str,
    tape_path: str,
    tape_latency: float,
    marker_interval: float,
    secret_file: Path | None,
    ready_file: Path | None,
    faults: tuple[str, ...],
    **plain: object,
) -> None:
    """Serve one emulated storage element until SIGTERM or SIGINT."""
    area = PurePosixPath(base_path)
    if plain["dialect"] not in dialect_names():
        raise click.BadParameter(f"one of {', '.join(dialect_names())}", param_hint="--dialect")
    config = EmulatorConfig(
        **plain,  # type: ignore[arg-type]
        faults=frozenset(faults),
        base_path=area,
        public_path=PurePosixPath(public_path) if public_path else None,
        tape_path=PurePosixPath(tape_path) if tape_path else None,
        tape_latency_s=tape_latency,
        marker_interval_s=marker_interval,
        issuers=tuple(TrustedIssuer(url, area, ca) for url in issuers),
        trust=ca,
        macaroon_secret=secret_file.read_text().strip() if secret_file else "",
    )
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    with StorageServer(config) as server:
        click.echo(f"{server.url}{area}")
        if ready_file is not None:
            ready_file.write_text(f"{server.url}{area}\n")
        stopped.wait()


if __name__ == "__main__":
    main()
