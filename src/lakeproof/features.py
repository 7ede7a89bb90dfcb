"""What a check may need, and whether this endpoint, this run and these credentials have it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address

from lakeproof.check import Check
from lakeproof.credentials.errors import CredentialError
from lakeproof.session.endpoint import EndpointSession
from lakeproof.session.issuer import IssuerSession
from lakeproof.session.sessions import NO_CACHE, NO_OTHER
from lakeproof.verdict import Blocked, NotRun, Unsupported
from lakeproof.wire.webdav import BadMultistatus, parse_multistatus

NEEDS: dict[str, str] = {
    "tls": "the door speaks TLS",
    "webdav": "the door answers HTTP and speaks WebDAV",
    "write": "the run may write below the endpoint's area",
    "sample": "there is a file of known content, the run's own or the operator's",
    "tpc-pull": "the endpoint fetches from another one on request (COPY with Source)",
    "tpc-push": "the endpoint sends to another one on request (COPY with Destination)",
    "fts": "an FTS (File Transfer Service) is named, which makes copies on request",
    "root": "the inventory names a root:// door beside the WebDAV door (doors: root)",
    "partner": "there is another endpoint to copy from and to",
    "elsewhere": "the endpoint is on another machine than this one",
    "observer": "the endpoint reaches a server of ours, which sees what it does",
    "tokens": "there is an access token",
    "other-token": "there is a second identity, of another group",
    "token-scopes": "the token source gives tokens of chosen scopes",
    "token-audience": "the token source gives tokens for a chosen audience",
    "odd-tokens": "the issuer signs odd tokens on request",
    "groups": "the inventory says which groups may read and write (groups:)",
    "foreign": "the inventory names a file of another community (foreign:)",
    "md5": "the endpoint knows md5 checksums",
    "x509": "there is an X.509 certificate or proxy",
    "other-x509": "there is a certificate of somebody who may do nothing here",
    "macaroons": "the endpoint issues macaroons",
    "macaroon-caveats": "macaroon requests may bring caveats of path and address",
    "macaroon-form": "the endpoint publishes a token endpoint that gives macaroons",
    "rucio": "a Rucio knows the endpoint as an RSE, and we have an account there",
    "cache": "the endpoint is a cache of another one, which the run may write to (cache_of)",
    "quota": "collections state their used and available bytes (RFC 4331)",
    "srr": "the endpoint publishes a storage resource report",
    "tape": "the endpoint offers the WLCG Tape REST API, version 1",
    "tape-door": "the inventory says that there is tape, or the endpoint offers the tape API",
    "tape-file": "the inventory names a file on tape that may be recalled (tape: {path: …})",
    "redirects": "the door hands reads or writes on to other servers",
    "issuer": "tokens are asked for at an issuer, as a client of it (--token client:URL)",
    "token-exchange": "the issuer exchanges tokens (RFC 8693)",
    "token-refresh": "the issuer gives refresh tokens (RFC 6749)",
    "introspection": "the issuer tells what a token is (RFC 7662)",
    "revocation": "the issuer takes tokens back (RFC 7009)",
    "issuer-health": "the issuer has a page that tells how it is",
    "intrusive": "the operator agreed to checks that load or annoy a server",
}

# What an issuer's metadata promises, or its pages show.
OFFERS = ("token-exchange", "token-refresh", "introspection", "revocation", "issuer-health")
# A copy writes at one of its two ends.
WRITING = frozenset({"write", "tpc-pull", "tpc-push", "partner", "cache"})

UNASKED = "it loads or annoys the server; run it with --intrusive"


@dataclass(frozen=True)
class RunMode:
    """What the operator allows in this run."""

    read_only: bool = False
    intrusive: bool = False


def require(check: Check, session: EndpointSession, mode: RunMode) -> None:
    """Raise NotRun, Unsupported, Blocked or an error unless everything `check` needs is there.

    What the operator or the inventory rules out comes first and costs no request; then
    reachability, then the work directory, then the credential.
    """
    _require_known(check)
    _require_allowed(check, session, mode)
    session.require_configured()
    if "rucio" in check.needs:
        _ = session.rse
    _require_declared(check, session)
    if check.suite == "reachability":
        _require_connection(check, session)
        if "write" in check.needs:
            session.require_ready()
        if check.needs & {"tokens", "x509"}:
            _require_credentials(check, session)
        return
    session.require_reachable()
    session.require_ready()
    _require_credentials(check, session)
    if "elsewhere" in check.needs and not _is_elsewhere(session):
        raise NotRun("the endpoint is on this machine, whose neighbours nobody agreed to ask")
    if "redirects" in check.needs and not session.redirects:
        raise Unsupported("the door serves reads and writes itself and redirects nothing")
    if "root" in check.needs and check.suite == "root":
        session.root.require()
    if check.needs & {"tape", "tape-door"}:
        _require_tape(check, session)
    if "srr" in check.needs and not _is_promised(session) and not session.publishes_report:
        raise Unsupported(
            "no storage resource report is declared, and there is none at the usual places"
        )


def _require_tape_door(session: EndpointSession) -> None:
    """What has tape by the inventory has to lead to its API; what has none need not."""
    endpoint = session.target.endpoint
    declared, offered = endpoint.features.get("tape"), session.tape.api is not None
    if declared is False and offered:
        raise NotRun("tape is declared absent, but the endpoint offers it: correct the declaration")
    if declared is False:
        raise Unsupported(f"tape is declared absent ({NEEDS['tape']})")
    if not (declared or offered or endpoint.doors.tape not in (None, "auto")):
        raise Unsupported(f"no tape is declared, and there is no tape API: {session.tape.why}")


def _require_tape(check: Check, session: EndpointSession) -> None:
    if "tape-door" in check.needs:
        _require_tape_door(session)
    elif session.tape.api is None:
        if session.target.endpoint.features.get("tape") is True:
            raise NotRun(f"tape is declared, but not offered: {session.tape.why}")
        raise Unsupported(f"there is no tape API: {session.tape.why}")
    if "tape-file" in check.needs and session.recallable is None:
        raise NotRun(
            "no file to recall is named: tape: {path: PATH} of the endpoint in the inventory"
        )


def require_of_issuer(check: Check, session: IssuerSession, mode: RunMode) -> None:
    """The same for a check of a token issuer.

    A check that needs "tls" alone looks at the connection, of which more may be wrong than lets
    a client in.
    """
    _require_known(check)
    if "intrusive" in check.needs and not mode.intrusive:
        raise NotRun(UNASKED)
    if "tls" in check.needs:
        session.require_connection()
        return
    session.require_answer()
    for feature in OFFERS:
        if feature in check.needs and not session.issuer.offers(feature):
            raise Unsupported(f"{feature} is not offered ({NEEDS[feature]})")


def _require_known(check: Check) -> None:
    unknown = check.needs - NEEDS.keys()
    if unknown:
        raise ValueError(f"{check.id} needs {sorted(unknown)}, which lakeproof.features lacks")


def _is_promised(session: EndpointSession) -> bool:
    """The operator says that there is a report, or where, so that its absence counts."""
    endpoint = session.target.endpoint
    return endpoint.features.get("srr") is True or endpoint.doors.srr != "auto"


def _is_elsewhere(session: EndpointSession) -> bool:
    """No address of the door is this machine's own; a declaration can say so of a tunnel."""
    declared = session.target.endpoint.features.get("elsewhere")
    own = any(ip_address(each).is_loopback for each in session.probe.addresses)
    return not own if declared is None else declared


def _require_allowed(check: Check, session: EndpointSession, mode: RunMode) -> None:
    downtime = session.target.endpoint.downtime
    if downtime is not None and downtime.covers(datetime.now(UTC)):
        raise NotRun(f"downtime until {downtime.end:%Y-%m-%d %H:%M} UTC: {downtime.reason}")
    if mode.read_only and check.needs & WRITING:
        raise NotRun("it writes, and the run is --read-only")
    endpoint = session.target.endpoint
    may_write = (endpoint.is_writable or endpoint.cache_of is not None) and not mode.read_only
    if "sample" in check.needs and not may_write and endpoint.sample is None:
        raise NotRun(
            "it reads a file of known content, and the run may not write one: give "
            "--sample-file PATH,SIZE,ADLER32"
        )
    if "cache" in check.needs and endpoint.cache_of is None:
        raise NotRun(NO_CACHE)
    if "other-token" in check.needs and session.target.other is None:
        raise NotRun(NO_OTHER)
    if "groups" in check.needs and endpoint.groups is None:
        raise NotRun(
            "which groups may read and write is not said: groups: {reader: /NAME, writer: /NAME} "
            "in the inventory"
        )
    if "root" in check.needs and (endpoint.doors.root is None or endpoint.doors.webdav is None):
        raise Unsupported("no root:// door is named: doors: {root: root://…} in the inventory")
    if "foreign" in check.needs and endpoint.foreign is None:
        raise NotRun(
            "no file of another community is named: foreign: /PATH of the endpoint in the inventory"
        )
    if "intrusive" in check.needs and not mode.intrusive:
        raise NotRun(UNASKED)


def _require_declared(check: Check, session: EndpointSession) -> None:
    for need in sorted(check.needs):
        if session.target.endpoint.features.get(need) is not False:
            continue
        seen = PROBES.get(need, _cannot_tell)(session)
        if seen:
            raise NotRun(
                f"{need} is declared absent, but the endpoint offers it: correct the declaration"
            )
        raise Unsupported(f"{need} is declared absent ({NEEDS[need]})")


def _require_connection(check: Check, session: EndpointSession) -> None:
    if not check.needs:
        return
    if session.probe.no_connection is not None:
        raise Blocked(session.probe.no_connection)
    if "tls" in check.needs and session.door.scheme != "https":
        raise Unsupported("the door is plain http")


def _require_credentials(check: Check, session: EndpointSession) -> None:
    wallet = session.wallet
    token_needs = check.needs & {"tokens", "token-scopes", "token-audience", "odd-tokens"}
    if token_needs and wallet.source is None:
        raise NotRun("no access token: give --token")
    if check.needs & {"token-scopes", "token-audience"} and not wallet.can_narrow:
        source = wallet.source.describe if wallet.source else "no source"
        raise Unsupported(f"{source} cannot give tokens of chosen scopes and audience")
    if "odd-tokens" in check.needs and not wallet.can_mint_odd:
        raise NotRun(
            "it needs an issuer that signs odd tokens on request (trusted_odd_tokens in the "
            "inventory, --odd-tokens with the laptop lake's issuer)"
        )
    if "x509" in check.needs and wallet.certificate is None:
        raise NotRun("no certificate: give --proxy")
    if "other-x509" in check.needs and wallet.other_certificate is None:
        raise NotRun(
            "no certificate of somebody who may do nothing here: give --other-proxy "
            "(auth.other_x509 in the inventory)"
        )


def _cannot_tell(_: EndpointSession) -> bool:
    return False


def _offers_copy(session: EndpointSession) -> bool:
    """COPY is offered although neither direction of third-party copy is declared present."""
    features = session.target.endpoint.features
    if features.get("tpc-pull") is not False or features.get("tpc-push") is not False:
        return False
    session.require_reachable()
    methods = session.greeting.headers.get("Allow", "").upper()
    return "COPY" in [method.strip() for method in methods.split(",")]


def _states_quota(session: EndpointSession) -> bool:
    """The endpoint's own collection states its quota."""
    session.require_reachable()
    try:
        reply = session.storage.quota(session.door.path)
        entries = parse_multistatus(reply.body, reply.url)
    except (BadMultistatus, CredentialError):
        return False
    return any("{DAV:}quota-used-bytes" in entry.properties for entry in entries)


def _publishes_report(session: EndpointSession) -> bool:
    session.require_reachable()
    return session.publishes_report


def _offers_tape(session: EndpointSession) -> bool:
    session.require_reachable()
    return session.tape.api is not None


PROBES: dict[str, Callable[[EndpointSession], bool]] = {
    "quota": _states_quota,
    "srr": _publishes_report,
    "tape": _offers_tape,
    "tpc-pull": _offers_copy,
    "tpc-push": _offers_copy,
}
