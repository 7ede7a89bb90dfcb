"""Tries the cells of the scope matrix on one endpoint: what has to be there, then the request.

Files that are only looked at are laid down once an endpoint; what a request may change is the
cell's own. Nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

from lakeproof.copies import Pull, Push
from lakeproof.credentials.client import Oddity
from lakeproof.credentials.wallet import EndpointWallet
from lakeproof.matrix import Cell, Grant, Place, table
from lakeproof.session.root_cells import ROOT_LOOKING, ROOT_NEW, ROOT_OPERATIONS, SENT, THERE
from lakeproof.session.tape_cells import TAPE_OPERATIONS, Tapes
from lakeproof.session.tried import Tried
from lakeproof.verdict import Blocked, NotRun
from lakeproof.wire.auth import Bearer
from lakeproof.wire.reply import Reply
from lakeproof.wire.root.door import RootDoor
from lakeproof.wire.storage import SetUpFailed, StorageElement
from lakeproof.wire.tape import TapeApi
from lakeproof.wire.tpc import TpcEnd, Transfer

# These change no file.
LOOKING = frozenset({"stat", "props", "checksum", "get", "list", *TAPE_OPERATIONS, *ROOT_LOOKING})
NEW = frozenset({"put", "mkcol", "in", "pull", "store", *ROOT_NEW})
WRITERS = frozenset({"create", "modify"})
NO_PARENT = frozenset({404, 409})
THEIRS = "theirs"
NO_ODD = (
    "it needs an issuer that signs odd tokens on request (trusted_odd_tokens in the "
    "inventory, --odd-tokens with the laptop lake's issuer)"
)


class Grounds:
    """The directory of the matrix at one endpoint, and what was laid down in it."""

    def __init__(
        self, se: StorageElement, wallet: EndpointWallet, groups: Mapping[str, str] | None = None
    ) -> None:
        self._se = se
        self._groups = groups or {}
        self._wallet = wallet
        se.new_workdir("matrix")
        self._base = se.workdir
        self._laid: set[PurePosixPath] = set()
        self._controls: dict[str, Reply] = {}
        self._count = 0
        self._partner: StorageElement | None = None
        self._tapes: Tapes | None = None
        self._trials: dict[tuple[str, str], Transfer] = {}

    def try_it(
        self,
        cell: Cell,
        partner: StorageElement | None = None,
        tape: TapeApi | None = None,
        root: RootDoor | None = None,
    ) -> Tried:
        """Send the cell's request; Blocked when its token is good for nothing at all.

        `partner` is the other end of a third-party copy, `tape` what a cell about tapes asks,
        `root` the door of a cell about root://.
        """
        self._partner = partner
        if cell.verdict == "deny":
            self._control(cell.grant, root)
        if cell.operation.name in LOOKING:
            name = "data"
        else:
            self._count += 1
            name = f"{cell.operation.name}-{self._count}"
        target = self._path(cell.place.target, name)
        bearer = self._bearer(cell.grant, cell.place, name)
        if cell.place.name not in {"leading", "ancestor"}:
            self._se.make_directory(target.parent)
        if cell.operation.name not in NEW:
            self._lay(target)
        if cell.operation.name in TAPE_OPERATIONS:
            return self._ask_tape(tape, cell, target, bearer)
        if cell.operation.name in ROOT_OPERATIONS:
            if root is None:
                raise ValueError("the cell is about a root:// door")
            return ROOT_OPERATIONS[cell.operation.name](root, target, bearer)
        return OPERATIONS[cell.operation.name](self, target, bearer)

    def _ask_tape(
        self, api: TapeApi | None, cell: Cell, target: PurePosixPath, bearer: Bearer
    ) -> Tried:
        if api is None:
            raise ValueError("the cell is about the tape API")
        if self._tapes is None:
            scopes = (f"storage.{name}:{self._base}" for name in ("read", "stage"))
            self._tapes = Tapes(api, self._wallet.bearer(*scopes))
        operation = cell.operation.name
        if operation == "poll" or cell.verdict == "deny":
            self._tapes.require(operation, target)
        return TAPE_OPERATIONS[operation](self._tapes, target, bearer)

    def _control(self, grant: Grant, root: RootDoor | None) -> None:
        """The door takes this issuer's tokens, and this very kind where it grants a thing."""
        inside = table().places["inside"]
        kind = grant.name if grant.name in WRITERS else "read"
        which = kind if root is None else f"{kind}-root"
        if which not in self._controls:
            name = "data" if kind == "read" else f"control-{which}"
            target = self._path(inside.target, name)
            bearer = self._bearer(table().grants[kind], inside, name)
            self._se.make_directory(target.parent)
            if kind == "read":
                self._lay(target)
            self._controls[which] = self._try_control(root, kind, target, bearer)
        reply = self._controls[which]
        if not reply.ok:
            raise Blocked(f"the control request did not succeed: {reply.describe()}")

    def _try_control(
        self, root: RootDoor | None, kind: str, target: PurePosixPath, bearer: Bearer
    ) -> Reply:
        if kind == "read":
            return root.read(target, auth=bearer) if root else self._se.get(target, auth=bearer)
        if root is not None:
            return root.write(target, SENT, auth=bearer)
        return self._se.put(target, SENT, auth=bearer)

    def _bearer(self, grant: Grant, place: Place, name: str) -> Bearer:
        path, other = self._text(place.scope, name), self._text(THEIRS, name)
        parts = grant.scope.split()
        if not grant.odd:
            return self._wallet.bearer(*(part.format(scope=path, other=other) for part in parts))
        if not self._wallet.can_mint_odd:
            raise NotRun(NO_ODD)
        genuine = (f"storage.read:{path}",)
        term = self._wallet.in_scope_terms(genuine)[0].partition(":")[2]
        claims: dict[str, Any] = {"scope": " ".join(part.format(scope=term) for part in parts)}
        if grant.groups:
            claims["wlcg.groups"] = [group.format(**self._groups) for group in grant.groups]
        return self._wallet.odd(genuine, Oddity(claims, {}, None, None))

    def _text(self, template: str, name: str) -> str:
        """As text: dots and slashes of a scope must stay as they are."""
        return f"{self._base}/{template.format(n=name)}"

    def _path(self, template: str, name: str) -> PurePosixPath:
        return PurePosixPath(self._text(template, name))

    def _lay(self, path: PurePosixPath) -> None:
        """Have a file at `path`; once."""
        if path in self._laid:
            return
        self._se.make_directory(path.parent)
        reply = self._se.put(path, THERE)
        if not reply.ok:
            raise SetUpFailed(f"cannot create {path}: {reply.describe()}", reply)
        self._laid.add(path)

    def _stat(self, target: PurePosixPath, bearer: Bearer) -> Tried:
        return Tried(self._se.head(target, auth=bearer))

    def _props(self, target: PurePosixPath, bearer: Bearer) -> Tried:
        return Tried(self._se.propfind(target, 0, auth=bearer))

    def _checksum(self, target: PurePosixPath, bearer: Bearer) -> Tried:
        return Tried(self._se.digest(target, "adler32", auth=bearer))

    def _list(self, target: PurePosixPath, bearer: Bearer) -> Tried:
        return Tried(self._se.propfind(target.parent, 1, auth=bearer))

    def _get(self, target: PurePosixPath, bearer: Bearer) -> Tried:
        return Tried(self._se.get(target, auth=bearer))

    def _put(self, target: PurePosixPath, bearer: Bearer) -> Tried:
        reply = self._se.put(target, SENT, auth=bearer)
        if reply.status in NO_PARENT and target.parent.parent != self._base:
            # Where an upload makes no collections, the client does, by the same right.
            for collection in (target.parent.parent, target.parent):
                self._se.mkcol(collection, auth=bearer)
            reply = self._se.put(target, SENT, auth=bearer)
        return Tried(reply, absent=(target,), holding={target: SENT})

    def _over(self, target: PurePosixPath, bearer: Bearer) -> Tried:
        reply = self._se.put(target, SENT, auth=bearer)
        return Tried(reply, kept={target: THERE}, holding={target: SENT})

    def _mkcol(self, target: PurePosixPath, bearer: Bearer) -> Tried:
        return Tried(self._se.mkcol(target, auth=bearer), absent=(target,), made=(target,))

    def _rename(self, target: PurePosixPath, bearer: Bearer) -> Tried:
        return self._move(target, target.with_name(f"{target.name}-renamed"), bearer)

    def _out(self, target: PurePosixPath, bearer: Bearer) -> Tried:
        to = self._path(THEIRS, "") / target.name
        self._se.make_directory(to.parent)
        return self._move(target, to, bearer)

    def _in(self, target: PurePosixPath, bearer: Bearer) -> Tried:
        source = self._path(THEIRS, "") / target.name
        self._lay(source)
        return self._move(source, target, bearer)

    def _move(self, source: PurePosixPath, to: PurePosixPath, bearer: Bearer) -> Tried:
        reply = self._se.move(source, to, auth=bearer)
        before, after = {source: THERE}, {to: THERE}
        return Tried(reply, kept=before, absent=(to,), holding=after, gone=(source,))

    def _onto(self, target: PurePosixPath, bearer: Bearer) -> Tried:
        other = target.with_name(f"{target.name}-other")
        reply = self._se.put(other, SENT)
        if not reply.ok:
            raise SetUpFailed(f"cannot create {other}: {reply.describe()}", reply)
        reply = self._se.move(target, other, overwrite=True, auth=bearer)
        before = {target: THERE, other: SENT}
        return Tried(reply, kept=before, holding={other: THERE}, gone=(target,))

    def _pull(self, target: PurePosixPath, bearer: Bearer) -> Tried:
        tried = self._pullover(target, bearer)
        return Tried(tried.reply, absent=(target,), holding={target: SENT}, copy=tried.copy)

    def _pullover(self, target: PurePosixPath, bearer: Bearer) -> Tried:
        partner = self._other_end()
        source = partner.workdir / "source"
        self._sound(partner.put(source, SENT), "the partner's file cannot be written")
        copy = Pull(self._se, partner)(source, target, auth=bearer)
        return Tried(copy.reply, kept={target: THERE}, holding={target: SENT}, copy=copy)

    def _push(self, target: PurePosixPath, bearer: Bearer) -> Tried:
        partner = self._other_end()
        to = partner.workdir / target.name
        copy = Push(self._se, partner)(target, to, auth=bearer)
        return Tried(copy.reply, arriving={to: THERE}, copy=copy)

    def _source(self, target: PurePosixPath, bearer: Bearer) -> Tried:
        partner = self._other_end()
        fetch = Pull(partner, self._se)
        self._works_at_all(partner, fetch)
        to = partner.workdir / target.name
        copy = fetch(target, to, remote_auth=bearer)
        return Tried(copy.reply, arriving={to: THERE}, copy=copy)

    def _store(self, target: PurePosixPath, bearer: Bearer) -> Tried:
        tried = self._storeover(target, bearer)
        return Tried(tried.reply, absent=(target,), holding={target: SENT}, copy=tried.copy)

    def _storeover(self, target: PurePosixPath, bearer: Bearer) -> Tried:
        partner = self._other_end()
        send = Push(partner, self._se)
        self._works_at_all(partner, send)
        source = partner.workdir / "sent"
        self._sound(partner.put(source, SENT), "the partner's file cannot be written")
        copy = send(source, target, remote_auth=bearer)
        return Tried(copy.reply, kept={target: THERE}, holding={target: SENT}, copy=copy)

    def _works_at_all(self, partner: StorageElement, copies: Pull | Push) -> None:
        """The partner makes such copies with this endpoint; Blocked where it does not."""
        which = partner.name, type(copies).__name__
        if which not in self._trials:
            self._trials[which] = copies.trial()
        if self._trials[which].end is not TpcEnd.SUCCESS:
            raise Blocked(f"{partner.name} makes no such copy: {self._trials[which].describe()}")

    def _other_end(self) -> StorageElement:
        if self._partner is None:
            raise ValueError("a copy has another end")
        return self._partner

    def _sound(self, reply: Reply, otherwise: str) -> None:
        if not reply.ok:
            raise Blocked(f"{otherwise}: {reply.describe()}")

    def _delete(self, target: PurePosixPath, bearer: Bearer) -> Tried:
        return Tried(self._se.delete(target, auth=bearer), kept={target: THERE}, gone=(target,))


Attempt = Callable[[Grounds, PurePosixPath, Bearer], Tried]

OPERATIONS: dict[str, Attempt] = {
    "stat": Grounds._stat,
    "props": Grounds._props,
    "checksum": Grounds._checksum,
    "list": Grounds._list,
    "get": Grounds._get,
    "put": Grounds._put,
    "over": Grounds._over,
    "mkcol": Grounds._mkcol,
    "rename": Grounds._rename,
    "onto": Grounds._onto,
    "out": Grounds._out,
    "in": Grounds._in,
    "delete": Grounds._delete,
    "pull": Grounds._pull,
    "pullover": Grounds._pullover,
    "push": Grounds._push,
    "source": Grounds._source,
    "store": Grounds._store,
    "storeover": Grounds._storeover,
}
