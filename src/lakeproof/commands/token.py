"""`lakeproof token explain | get`: what a token is, and how to come by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from lakeproof.credentials.client import ClientCredentials
from lakeproof.credentials.errors import CredentialError
from lakeproof.credentials.explain import (
    Explanation,
    Finding,
    Weight,
    as_json,
    explain,
    verify,
)
from lakeproof.credentials.issuer import IssuerClient
from lakeproof.credentials.names import SecretName
from lakeproof.credentials.sources import StaticToken, parse_source
from lakeproof.inventory import InventoryError, endpoint_from_url
from lakeproof.results import new_run_id
from lakeproof.session.adhoc import AdHoc
from lakeproof.session.advice import ask, fits
from lakeproof.session.sessions import Sessions
from lakeproof.wire.auth import Bearer
from lakeproof.wire.connection import TlsConfig
from lakeproof.wire.redact import redactor

FINE, WRONG, UNKNOWN, USAGE = 0, 1, 2, 3
WIDTH = 12
NO_ISSUER = (
    "which issuer? Give --issuer, --client-id and --client-secret-file; with the lake on this "
    'machine: eval "$(lakeproof lake env)"'
)


@click.group("token")
def group() -> None:
    """Tokens: what one says, and how to get one.

    \b
    lakeproof token explain file:token
    lakeproof token explain file:token --endpoint davs://se.example.org:2880/vo/file
    curl -H "Authorization: Bearer $(lakeproof token get --read /)" https://se.example.org/vo/file
    """


@group.command("explain")
@click.argument("source", default="discover", metavar="SOURCE")
@click.option("--endpoint", "url", metavar="URL", help="Also say why this storage takes it or not.")
@click.option("--scope-root", metavar="PATH", help="The URL path that a token's / means there.")
@click.option("--ca", type=click.Path(path_type=Path, exists=True), help="Authority to trust.")
@click.option("--client-id", metavar="ID", help="For SOURCE client:ISSUER_URL.")
@click.option("--client-secret-file", type=click.Path(path_type=Path), help="For the same.")
@click.option("--offline", is_flag=True, help="Do not ask the issuer for its keys.")
@click.option("--json", "json_", is_flag=True, help="As JSON, for programs.")
def explain_(  # noqa: PLR0913  the options, each by name
    *,
    source: str,
    url: str | None,
    scope_root: str | None,
    ca: Path | None,
    client_id: str | None,
    client_secret_file: Path | None,
    offline: bool,
    json_: bool,
) -> None:
    """Say in plain words what a token is, what it lets its holder do, and what is wrong with it.

    SOURCE: file:PATH, env:NAME, oidc-agent:ACCOUNT, client:ISSUER_URL, or discover (the usual
    places; what is taken without SOURCE). The token itself is never shown.

    Exit code 0: nothing is wrong with it; 1: something is; 2: it could not be told; 3: wrong usage.
    """
    try:
        token, origin = _text_of(source, client_id, client_secret_file, ca)
        told = explain(token, origin)
        findings = [*told.findings]
        if told.facts is not None and not offline:
            findings.append(_signature(token, told, ca))
        lines = [*told.lines]
        if url is not None:
            lines += _against(url, ca, scope_root, Bearer(token, origin), told, findings)
    except (CredentialError, InventoryError) as error:
        click.echo(str(error), err=True)
        raise SystemExit(UNKNOWN) from None
    told = Explanation(tuple(lines), tuple(findings), told.facts)
    click.echo(as_json(told) if json_ else "\n".join(_text(told)))
    unknown = any(f.weight is Weight.UNKNOWN for f in findings)
    raise SystemExit(FINE if told.is_sound and not unknown else UNKNOWN if told.is_sound else WRONG)


def _text_of(
    source: str, client_id: str | None, secret_file: Path | None, ca: Path | None
) -> tuple[str, str]:
    """The token as it stands at its source, also one that is of no use any more."""
    secret_file = secret_file.absolute() if secret_file else None
    found = parse_source(
        source, client_id=client_id, client_secret_file=secret_file, tls=TlsConfig(ca), base=Path()
    )
    text = found.text() if isinstance(found, StaticToken) else found.token((), "")
    redactor.register(text, found.describe)
    return text, found.describe


def _signature(token: str, told: Explanation, ca: Path | None) -> Finding:
    issuer = told.facts.issuer if told.facts else None
    if issuer is None:
        return Finding(Weight.UNKNOWN, "its signature was not looked at: it names no issuer")
    try:
        client = IssuerClient(issuer, tls=TlsConfig(ca), timeout_s=10)
        try:
            return verify(token, client.public_keys())
        finally:
            client.close()
    except CredentialError as error:
        sentence = f"its signature was not looked at: {error}"
        return Finding(Weight.UNKNOWN, sentence, do="--offline leaves it out.")


def _against(
    url: str,
    ca: Path | None,
    scope_root: str | None,
    bearer: Bearer,
    told: Explanation,
    findings: list[Finding],
) -> list[tuple[str, str]]:
    plan = AdHoc([url], ca=str(ca) if ca else None, scope_root=scope_root).plan()
    sessions = Sessions(plan, new_run_id(), read_only=True)
    try:
        session = sessions.get(plan.targets[0].name)
        if told.facts is not None:
            findings += fits(session, told.facts)
        answer, meaning = ask(session, bearer)
        findings += meaning
        return [("Server", f"{session.target.endpoint.url}: {answer}")]
    finally:
        sessions.close()


def _text(told: Explanation) -> Iterator[str]:
    for label, text in told.lines:
        yield f"{label:{WIDTH}}{text}"
    for finding in told.findings:
        clause = f"  [{finding.clause}]" if finding.clause else ""
        yield f"{finding.weight.label:{WIDTH}}{finding.sentence}{clause}"
        if finding.do:
            yield f"{'  do':{WIDTH}}{finding.do}"
    yield ""
    yield _sum(told.findings)


def _sum(findings: Iterable[Finding]) -> str:
    wrong = sum(finding.weight is Weight.WRONG for finding in findings)
    if not wrong:
        return "Nothing is wrong with this token."
    return f"{wrong} thing{'s are' if wrong != 1 else ' is'} wrong."


@group.command("get")
@click.option("--read", multiple=True, metavar="PATH", help="May read what is below PATH.")
@click.option("--create", multiple=True, metavar="PATH", help="May add new files below PATH.")
@click.option("--modify", multiple=True, metavar="PATH", help="May add, replace and delete there.")
@click.option("--stage", multiple=True, metavar="PATH", help="May bring files from tape to disk.")
@click.option("--scope", "scopes", multiple=True, metavar="WORD", help="Another right, as it is.")
@click.option("--for", "url", metavar="URL", help="Only for this storage. Default: any.")
@click.option("--audience", metavar="NAME", help="The same, by the name the storage goes by.")
@click.option("--issuer", envvar="LAKE_ISSUER", metavar="URL", help="Who gives tokens.")
@click.option("--client-id", envvar="LAKE_CLIENT_ID", metavar="ID", help="Who asks.")
@click.option(
    "--client-secret-file",
    envvar="LAKE_CLIENT_SECRET_FILE",
    type=click.Path(path_type=Path),
    help="The file with the secret of who asks; readable by you alone.",
)
@click.option("--ca", envvar="LAKE_CA", type=click.Path(path_type=Path), help="Authority to trust.")
def get(  # noqa: PLR0913  the options, each by name
    *,
    read: tuple[str, ...],
    create: tuple[str, ...],
    modify: tuple[str, ...],
    stage: tuple[str, ...],
    scopes: tuple[str, ...],
    url: str | None,
    audience: str | None,
    issuer: str | None,
    client_id: str | None,
    client_secret_file: Path | None,
    ca: Path | None,
) -> None:
    """Get a token from an issuer and print it, and nothing else.

    With the lake on this machine it needs no options but what the token may do:

    \b
    eval "$(lakeproof lake env)"
    lakeproof token get --read / > token && chmod 600 token
    """
    if not (issuer and client_id and client_secret_file):
        click.echo(NO_ISSUER, err=True)
        raise SystemExit(USAGE)
    named = {"read": read, "create": create, "modify": modify, "stage": stage}
    asked = [f"storage.{right}:{path}" for right, paths in named.items() for path in paths]
    try:
        wanted = audience or (endpoint_from_url(url).token_audience if url else "")
        source = ClientCredentials(
            issuer,
            client_id,
            SecretName(f"file:{client_secret_file.absolute()}"),
            tls=TlsConfig(ca),
        )
        try:
            click.echo(source.token([*asked, *scopes], wanted))
        finally:
            source.close()
    except (CredentialError, InventoryError) as error:
        click.echo(str(error), err=True)
        raise SystemExit(UNKNOWN) from None
