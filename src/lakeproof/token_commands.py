"""`lakeproof token`: get one, and explain one, without ever showing it unasked."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import click

from lakeproof.credentials.errors import CredentialError
from lakeproof.credentials.explain import (
    Explanation,
    Finding,
    audience_finding,
    audiences_of,
    explain,
    signature_finding,
)
from lakeproof.credentials.facts import TokenFacts
from lakeproof.credentials.issuer import IssuerClient
from lakeproof.credentials.sources import StaticToken, parse_source
from lakeproof.exitcode import ExitCode
from lakeproof.wire.connection import TlsConfig
from lakeproof.wire.redact import redactor

_ca = click.option(
    "--ca",
    envvar="LAKE_CA",
    type=click.Path(exists=True, path_type=Path),
    help="Certificates to trust: a file or a folder.",
)
_client_id = click.option("--client-id", envvar="LAKE_CLIENT_ID", help="Name of your client.")
_secret_file = click.option(
    "--client-secret-file",
    envvar="LAKE_CLIENT_SECRET_FILE",
    type=click.Path(path_type=Path),
    help="File that holds the client's secret.",
)


@click.group()
def group() -> None:
    """Get a token, or see what a token is and what is wrong with it."""


@group.command()
@click.option("--issuer", envvar="LAKE_ISSUER", help="Address of the token issuer.")
@_client_id
@_secret_file
@click.option("--scope", "scopes", multiple=True, help="A right, as the issuer spells it.")
@click.option("--read", "reads", multiple=True, metavar="PATH", help="May read below PATH.")
@click.option("--create", "creates", multiple=True, metavar="PATH", help="May add files there.")
@click.option("--modify", "modifies", multiple=True, metavar="PATH", help="May change files there.")
@click.option("--audience", help="Name of the server it is for.")
@click.option("--for", "url", metavar="URL", help="Address of the server it is for.")
@_ca
def get(  # noqa: PLR0913, PLR0917  one parameter an option
    issuer: str | None,
    client_id: str | None,
    client_secret_file: Path | None,
    scopes: tuple[str, ...],
    reads: tuple[str, ...],
    creates: tuple[str, ...],
    modifies: tuple[str, ...],
    audience: str | None,
    url: str | None,
    ca: Path | None,
) -> None:
    """Print a new token, and nothing else.

    \b
    curl -H "Authorization: Bearer $(lakeproof token get --read /)" https://se.example.org/f
    """
    if not issuer or not client_id or client_secret_file is None:
        raise click.UsageError(
            "give --issuer, --client-id and --client-secret-file; with a lake on this machine: "
            'eval "$(lakeproof lake env)"'
        )
    if audience and url:
        raise click.UsageError("give either --audience or --for")
    wanted = [right for scope in scopes for right in scope.split()]
    for name, paths in (("read", reads), ("create", creates), ("modify", modifies)):
        wanted += [f"storage.{name}:{path}" for path in paths]
    intended = audience or (_audiences(url)[0] if url else "")
    try:
        source = parse_source(
            f"client:{issuer}",
            client_id=client_id,
            client_secret_file=client_secret_file,
            tls=TlsConfig(ca),
        )
        click.echo(source.token(wanted, intended))
    except CredentialError as error:
        raise click.ClickException(redactor.text(error.sentence)) from None


@group.command("explain")
@click.argument("source")
@click.option("--endpoint", metavar="URL", help="Would this endpoint take the token?")
@click.option("--offline", is_flag=True, help="Do not ask the issuer for its keys.")
@click.option("--json", "as_json", is_flag=True, help="Print it for programs.")
@_client_id
@_secret_file
@_ca
def explain_command(  # noqa: PLR0913, PLR0917  one parameter an option
    source: str,
    endpoint: str | None,
    offline: bool,
    as_json: bool,
    client_id: str | None,
    client_secret_file: Path | None,
    ca: Path | None,
) -> None:
    """Say in plain words what the token of SOURCE is; the token itself is never shown.

    SOURCE is file:PATH, env:NAME, oidc-agent:ACCOUNT, client:ISSUER_URL or discover.
    Exit code: 0 it is fine, 1 something is wrong with it, 2 that could not be told.
    """
    accepted = _audiences(endpoint) if endpoint else ()
    try:
        given = parse_source(
            source, client_id=client_id, client_secret_file=client_secret_file, tls=TlsConfig(ca)
        )
    except CredentialError as error:
        raise click.UsageError(error.sentence) from None
    try:
        token = given.text() if isinstance(given, StaticToken) else given.token((), "")
    except CredentialError as error:
        click.echo(redactor.text(error.sentence), err=True)
        raise SystemExit(ExitCode.NOT_JUDGED) from None
    found = explain(token, datetime.now(UTC))
    findings, unknown = list(found.findings), ""
    if found.kind.startswith("access"):
        facts = TokenFacts.of(token, source)
        wrong = audience_finding(facts, accepted) if accepted else None
        findings += [wrong] if wrong else []
        if not offline:
            more, unknown = _signature(token, facts, ca)
            findings += more
    _show(found, findings, unknown, as_json=as_json)
    if findings:
        raise SystemExit(ExitCode.FAILED)
    if unknown:
        raise SystemExit(ExitCode.NOT_JUDGED)


def _audiences(url: str) -> tuple[str, ...]:
    try:
        parts = urlsplit(url)
        port = parts.port or 443
    except ValueError:
        raise click.UsageError("that is no URL; write davs://host:port/path") from None
    if parts.scheme not in ("https", "davs") or not parts.hostname:
        raise click.UsageError("an endpoint is written https://host:port/path or davs://…")
    return audiences_of(parts.hostname, port)


def _signature(token: str, facts: TokenFacts, ca: Path | None) -> tuple[list[Finding], str]:
    """What is wrong with the signature, and why that could not be told."""
    if facts.issuer is None:
        return [], "Signature: not checked, for the token names no issuer."
    try:
        client = IssuerClient(facts.issuer, tls=TlsConfig(ca))
        try:
            wrong = signature_finding(token, client.public_keys())
        finally:
            client.close()
    except CredentialError as error:
        return [], f"Signature: not checked. {redactor.text(error.sentence)}"
    return ([wrong] if wrong else []), ""


def _show(found: Explanation, findings: list[Finding], unknown: str, *, as_json: bool) -> None:
    if as_json:
        told = {
            "kind": found.kind,
            "says": found.says,
            "findings": [asdict(finding) for finding in findings],
            "not_told": unknown,
        }
        click.echo(redactor.text(json.dumps(told, indent=2, ensure_ascii=False)))
        return
    lines = [f"Kind: {found.kind}", *found.says]
    for finding in findings:
        lines += [f"Wrong: {finding.sentence}. [{finding.clause}]", f"  Do: {finding.do}."]
    lines += [unknown] if unknown else []
    lines += [] if findings or unknown else ["Nothing is wrong with it that can be seen here."]
    click.echo(redactor.text("\n".join(lines)))
