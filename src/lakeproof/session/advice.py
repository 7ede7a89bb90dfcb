"""Why an endpoint takes a token, or does not: what fits, and what it answers when asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from urllib.parse import unquote

from lakeproof.credentials.explain import ANY_AUDIENCE, PROFILE, Finding, Weight
from lakeproof.credentials.facts import TokenFacts
from lakeproof.credentials.wallet import scope_root_candidates
from lakeproof.session.endpoint import EndpointSession
from lakeproof.wire.auth import Bearer
from lakeproof.wire.dates import http_date
from lakeproof.wire.reply import NotReached, Reply

SKEW = timedelta(seconds=60)
OK, MULTI_STATUS, UNAUTHORISED, FORBIDDEN, NOT_FOUND = 200, 207, 401, 403, 404
LOOKING = ("storage.read", "storage.create", "storage.modify", "storage.stage")


def fits(session: EndpointSession, facts: TokenFacts) -> Iterator[Finding]:
    """What of the token does not fit the endpoint, told without asking it."""
    yield from _audience(session, facts)
    yield from _path(session, facts)


def _audience(session: EndpointSession, facts: TokenFacts) -> Iterator[Finding]:
    origin, host = session.door.origin, session.door.host
    if not facts.audience or ANY_AUDIENCE in facts.audience or origin in facts.audience:
        return
    do = f"Get one for it: lakeproof token get --for {session.url} …"
    named = ", ".join(facts.audience)
    if any(host.lower() in audience.lower() for audience in facts.audience):
        yield Finding(
            Weight.NOTE,
            f"it is for {named}, which names this server in another form than {origin}; servers "
            "compare letter by letter, so it depends on how this one is configured",
            f"{PROFILE} §2.1.1",
            do,
        )
        return
    sentence = f"it is for {named}, and this server is {origin}: it must refuse the token"
    yield Finding(Weight.WRONG, sentence, f"{PROFILE} §2.1.1", do)


def _path(session: EndpointSession, facts: TokenFacts) -> Iterator[Finding]:
    path = session.door.path
    scopes = [scope.partition(":") for scope in facts.scopes]
    covered = sorted({unquote(where) for name, _, where in scopes if name in LOOKING and where})
    if not covered:
        if not facts.claims.get("wlcg.groups"):
            yield Finding(
                Weight.WRONG,
                "it grants nothing at any storage: no storage scope, no groups",
                f"{PROFILE} §2.2",
                "Ask for a scope: lakeproof token get --read /",
            )
        return
    if not any(scope.startswith("storage.read:") for scope in facts.scopes):
        yield Finding(
            Weight.NOTE,
            "it has no storage.read: XRootD before 5.6.9 lets only that look at a path",
            f"{PROFILE} §2.2.1",
        )
    root = session.target.endpoint.scope_root
    roots = (root,) if root is not None else scope_root_candidates(path)
    allowed = [PurePosixPath(f"{base}/{scope.strip('/')}") for base in roots for scope in covered]
    if any(path.is_relative_to(each) for each in allowed):
        return
    above = any(each.is_relative_to(path) for each in allowed)
    at = f" (scope / is {root} here)" if root is not None else ""
    yield Finding(
        Weight.NOTE if above else Weight.WRONG,
        f"it is for {', '.join(covered)}{at}; {path} lies above"
        if above
        else f"it is for {', '.join(covered)}, which does not cover {path}{at}",
        f"{PROFILE} §2.2.1",
        "Ask for a scope that covers it, or look at another path.",
    )


def ask(session: EndpointSession, bearer: Bearer) -> tuple[str, list[Finding]]:
    """What the endpoint answers to a look at its path (PROPFIND, depth 0), and what that means."""
    try:
        reply = session.storage.propfind(session.door.path, 0, auth=bearer)
    except NotReached as error:
        sentence = f"it was not asked: {error.sentence}"
        return sentence, [Finding(Weight.UNKNOWN, "whether the server takes it")]
    return reply.describe(), [*_meaning(reply), *_clock(reply)]


def _meaning(reply: Reply) -> Iterator[Finding]:
    challenge = reply.headers.get("WWW-Authenticate", "")
    said = f' (it says: "{challenge[:200]}")' if challenge else ""
    if reply.status in (MULTI_STATUS, OK):
        yield Finding(Weight.NOTE, "the server takes the token and shows the path")
    elif reply.status == NOT_FOUND:
        yield Finding(Weight.NOTE, "the server takes the token; there is nothing at this path")
    elif reply.status == UNAUTHORISED:
        yield Finding(
            Weight.WRONG,
            f"the server does not accept the token at all{said}",
            "RFC 6750 §3.1",
            "If nothing above is wrong, ask the site whether it trusts the token's issuer, and "
            "which audience it goes by.",
        )
    elif reply.status == FORBIDDEN:
        yield Finding(
            Weight.WRONG,
            f"the server does not let the token look at this path{said}",
            "RFC 6750 §3.1",
            "If nothing above is wrong: XRootD answers 403 also when it trusts neither issuer nor "
            "audience; ask the site for both, and for the path that scope / means there "
            "(--scope-root).",
        )
    else:
        yield Finding(Weight.NOTE, "the answer says nothing about the token")


def _clock(reply: Reply) -> Iterator[Finding]:
    theirs = http_date(reply.headers.get("Date"))
    if theirs is None:
        return
    apart = theirs - datetime.now(UTC)
    if abs(apart) > SKEW:
        way = "ahead of" if apart > timedelta(0) else "behind"
        yield Finding(
            Weight.NOTE,
            f"the server's clock is {abs(apart).total_seconds():.0f} s {way} this machine's, so it "
            "sees the token begin and end at other times",
        )
