"""Faults of authorisation: what the real server refuses is let in with the proxy's own token.

Two elements judge the request by its credential, a sound one and one with the faults. Where only
the faulty one would let it in, it goes on with a token that may do everything; where only the
faulty one refuses, or refuses otherwise, its refusal is the answer. Where both agree, the real
server decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from pathlib import PurePosixPath

from lakeproof.emulator import paths
from lakeproof.emulator.answer import Refused
from lakeproof.emulator.authn import identify
from lakeproof.emulator.element import Element
from lakeproof.emulator.exchange import Exchange
from lakeproof.emulator.identity import Action
from lakeproof.emulator.proxy.call import Call, Upstream, whole

FAULTS = frozenset(
    [
        "anonymous-read",
        "anonymous-write",
        "anonymous-list",
        "anonymous-delete",
        "anonymous-fallback",
        "token-refused-500",
        "token-signature-ignored",
        "token-alg-none",
        "token-hs256-confusion",
        "token-foreign-key",
        "token-es256-refused",
        "token-expired-accepted",
        "token-nbf-ignored",
        "token-audience-ignored",
        "token-audience-missing-accepted",
        "token-audience-any-refused",
        "token-issuer-ignored",
        "token-extra-claim-refused",
        "scope-path-ignored",
        "scope-prefix-confusion",
        "scope-create-overwrites",
        "scope-create-deletes",
        "scope-create-reads",
        "scope-create-rename-overwrites",
        "scope-create-refused",
        "scope-create-mkcol-refused",
        "scope-modify-rename-refused",
        "scope-modify-delete-refused",
        "scope-stat-refused",
        "scope-read-writes",
        "scope-read-deletes",
        "scope-read-mkcols",
        "scope-read-moves",
        "scope-stage-reads",
        "scope-pathless-accepted",
        "scope-pathless-skipped",
        "scope-unknown-grants",
        "scope-file-refused",
        "scope-move-source-unchecked",
        "scope-move-destination-unchecked",
        "scope-copy-source-unchecked",
        "scope-copy-destination-unchecked",
        "scope-denied-yet-written",
        "scope-denied-401",
        "scope-denied-500",
        "path-traversal",
        "tpc-unauthorised-accepted",
    ]
)


@dataclass(frozen=True)
class Need:
    """One right that a request needs; `waived_by` is the fault that does not ask for it."""

    action: Action
    path: PurePosixPath
    collection: bool = False
    waived_by: str = ""


@dataclass(frozen=True)
class Access:
    """Judges requests; `faulty` has the faults of the proxy, `sound` none."""

    sound: Element
    faulty: Element
    upstream: Upstream

    async def judge(self, call: Call) -> None:
        """Let the call in, or keep it out (raises Refused), where a fault does so."""
        faults = self.faulty.faults
        if not faults.names & FAULTS:
            return
        needs = await self._needs(call)
        by_right = await self._refusal(self.sound, call, needs)
        by_fault = await self._refusal(self.faulty, call, needs)
        if by_right is not None and by_fault is None:
            if ".." in call.path.parts:
                call.retarget(paths.resolve(call.path))
            call.use_token(self.upstream.token)
        elif (
            by_right is not None and call.method == "PUT" and faults.has("scope-denied-yet-written")
        ):
            call.use_token(self.upstream.token)
            await whole(await self.upstream.send(call))
            raise by_right
        elif by_fault is not None and (by_right is None or by_right.status != by_fault.status):
            raise by_fault

    async def _refusal(self, element: Element, call: Call, needs: list[Need]) -> Refused | None:
        """How `element` refuses the request, None if it would carry it out."""
        exchange = _as_seen_by(element, call)
        anonymous = "Authorization" not in call.headers
        if anonymous and call.method == "COPY" and element.faults.has("tpc-unauthorised-accepted"):
            return None
        if ".." in call.path.parts and not element.faults.has("path-traversal"):
            return Refused(HTTPStatus.BAD_REQUEST, "Path must not contain '..'")
        try:
            exchange.identity = await identify(exchange)
            for need in needs:
                if not self._waived(exchange, need):
                    exchange.allow(need.action, need.path, collection=need.collection)
        except Refused as refusal:
            return refusal
        return None

    def _waived(self, exchange: Exchange, need: Need) -> bool:
        faults = exchange.faults
        if exchange.method == "MOVE" and faults.has("scope-read-moves"):
            return exchange.identity.may(Action.READ, exchange.path)
        return bool(need.waived_by) and faults.has(need.waived_by)

    async def _needs(self, call: Call) -> list[Need]:
        path = call.path
        found = await self.upstream.members(path, "0")
        tree = bool(found) and found[0].is_collection
        simple = {"HEAD": Action.STAT, "GET": Action.LIST if tree else Action.READ}
        simple |= {"MKCOL": Action.MKCOL, "DELETE": Action.DELETE}
        if call.method in simple:
            return [Need(simple[call.method], path, tree or call.method == "MKCOL")]
        if call.method == "PROPFIND":
            lists = tree and call.headers.get("Depth") != "0"
            return [Need(Action.LIST if lists else Action.STAT, path, tree)]
        storing = Action.OVERWRITE if found else Action.CREATE
        if call.method == "PUT":
            return [Need(storing, path)]
        if call.method == "COPY" and "Source" in call.headers:
            return [Need(storing, path, waived_by="scope-copy-destination-unchecked")]
        if call.method == "COPY":
            return [Need(Action.READ, path, waived_by="scope-copy-source-unchecked")]
        return await self._needs_of_move(call) if call.method == "MOVE" else []

    async def _needs_of_move(self, call: Call) -> list[Need]:
        there = await self.upstream.members(call.destination, "0")
        arriving = Action.DISPLACE if there else Action.CREATE
        return [
            Need(Action.RENAME, call.path, waived_by="scope-move-source-unchecked"),
            Need(arriving, call.destination, waived_by="scope-move-destination-unchecked"),
        ]


def _as_seen_by(element: Element, call: Call) -> Exchange:
    exchange = call.exchange
    return Exchange(
        element, exchange.request, True, call.path, dict(exchange.query), exchange.slash
    )
