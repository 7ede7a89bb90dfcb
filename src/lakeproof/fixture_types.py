"""The types of the fixtures that are callables, for the signatures of checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, Literal, Protocol, TypeVar

from lakeproof.matrix import Cell
from lakeproof.session.probe import Probe
from lakeproof.session.tried import Tried
from lakeproof.wire.auth import Bearer, ClientCert
from lakeproof.wire.payload import Payload
from lakeproof.wire.reply import Reply
from lakeproof.wire.root.door import RootDoor
from lakeproof.wire.root.frames import Page
from lakeproof.wire.root.reply import RootReply
from lakeproof.wire.root.speech import Offer, OpenFile
from lakeproof.wire.storage import StorageElement
from lakeproof.wire.tape import Discovery, TapeApi
from lakeproof.wire.tpc import Transfer

T = TypeVar("T")

Tampering = Literal[
    "flipped-signature",
    "truncated-signature",
    "dropped-signature",
    "widened-payload",
    "alg-none",
    "alg-none-spelt",
    "hs256-public-key",
    "same-kid-new-key",
    "unknown-kid",
    "unknown-algorithm",
]

MacaroonForgery = Literal[
    "altered-signature", "dropped-activity", "widened-activity", "foreign-key"
]

ProxyKind = Literal[
    "proxy",
    "limited",
    "independent",
    "elliptic",
    "long-chain",
    "expired",
    "foreign-signature",
    "too-deep",
    "self-signed",
    "unknown-authority",
]


class PayloadOf(Protocol):
    """Makes a payload of so many bytes, different in every check."""

    def __call__(self, size: int) -> Payload:  # noqa: D102  the class says it
        ...


class TargetOf(Protocol):
    """Facts about the server that a redirect names; blocked when the answer is no redirect."""

    def __call__(self, reply: Reply) -> Probe:  # noqa: D102  the class says it
        ...


class GreetRoot(Protocol):
    """Shakes hands with the root:// door and logs in as nobody; `tls`: says that it wants TLS."""

    def __call__(self, *, tls: bool = False) -> Offer:  # noqa: D102  the class says it
        ...


class OpenRoot(Protocol):
    """Opens a file over a root:// connection of its own; blocked when it cannot be opened."""

    def __call__(  # noqa: D102
        self, where: PurePosixPath, *, write: bool = False, posc: bool = False, auth: Bearer
    ) -> AbstractContextManager[OpenFile]: ...


class ReadPages(Protocol):
    """A page read of an open file; unsupported where the door has no such request."""

    def __call__(  # noqa: D102
        self, file: OpenFile, offset: int, size: int
    ) -> tuple[RootReply, list[Page]]: ...


class RootCopy(Protocol):
    """Has one root:// door fetch a file of another: where it is, and where it is to be."""

    def __call__(self, path: PurePosixPath, to: PurePosixPath) -> RootReply:  # noqa: D102
        ...


class DiscoveryOf(Protocol):
    """Asks a door, or the door at one address, where its tape API is."""

    def __call__(self, door: StorageElement) -> Discovery: ...  # noqa: D102


class TokenFor(Protocol):
    """Asks for a token of exactly these scopes, whose paths are URL paths."""

    def __call__(  # noqa: D102
        self, *scopes: str, audience: str | None = None
    ) -> Bearer: ...


class MacaroonFor(Protocol):
    """Asks a storage for a macaroon for a path with these activities, good for ten minutes."""

    def __call__(  # noqa: D102
        self, storage: StorageElement, path: PurePosixPath, *activities: str
    ) -> Bearer: ...


class MacaroonBy(Protocol):
    """Asks the storage for a macaroon with a token; unsupported where tokens are given none."""

    def __call__(  # noqa: D102
        self, asking: Bearer, path: PurePosixPath, *activities: str
    ) -> Bearer: ...


class LimitedMacaroonFor(Protocol):
    """Asks the storage for a macaroon with further caveats; unsupported where it takes none such.

    `activities` are those of `MacaroonFor`; a caveat is "path:/x", "ip:192.0.2.0/24" and the like.
    It is unsupported as well where the macaroon does not read the file `reads`.
    """

    def __call__(  # noqa: D102
        self,
        path: PurePosixPath,
        *caveats: str,
        activities: Sequence[str],
        reads: PurePosixPath | None = None,
    ) -> Bearer: ...


class Narrowed(Protocol):
    """Appends caveats to a macaroon, as its holder may; unsupported for what is no macaroon."""

    def __call__(self, bearer: Bearer, *caveats: str) -> Bearer:  # noqa: D102
        ...


class MacaroonEnd(Protocol):
    """Until when a macaroon is good, UTC; None when it says nothing of it."""

    def __call__(self, bearer: Bearer) -> datetime | None:  # noqa: D102
        ...


class ForgedMacaroon(Protocol):
    """Makes a forgery of a macaroon."""

    def __call__(self, bearer: Bearer, kind: MacaroonForgery) -> Bearer:  # noqa: D102
        ...


class OAuthMacaroonFor(Protocol):
    """Asks for a macaroon in the OAuth form; unsupported where no token endpoint is published.

    `scope` is "ACTIVITY,ACTIVITY:/path". Gives the answer and the macaroon, None without one.
    """

    def __call__(self, scope: str) -> tuple[Reply, Bearer | None]:  # noqa: D102
        ...


@dataclass
class Embargoed:
    """A file that one identity keeps to itself, and one that belongs to the other."""

    path: PurePosixPath
    payload: Payload
    others: PurePosixPath
    etag: str = ""


@dataclass(frozen=True)
class Laid:
    """A file at the origin of a cache: its path at the cache, that `behind` it, its content."""

    path: PurePosixPath
    behind: PurePosixPath
    payload: Payload


class Lay(Protocol):
    """Lays a file of so many bytes, of its own content, at the origin; blocked when that fails.

    With `warm` it is read through the cache once, by somebody who may, so that it is kept there.
    """

    def __call__(  # noqa: D102  the class says it
        self, name: str, size: int, *, warm: bool = False
    ) -> Laid: ...


class DataServerOf(Protocol):
    """The server that a redirect names, and the rest of the URL there; blocked without one."""

    def __call__(self, reply: Reply) -> tuple[StorageElement, str]:  # noqa: D102
        ...


class Apart(Protocol):
    """The storage element over a connection of its own, new at each call.

    What came over another connection before must not lend its rights.
    """

    def __call__(self) -> StorageElement:  # noqa: D102
        ...


class ProxyFor(Protocol):
    """Makes a proxy, or an impostor, from the certificate that was given."""

    def __call__(self, kind: ProxyKind) -> ClientCert:  # noqa: D102
        ...


class Impersonating(Protocol):
    """The given certificate's name in one that somebody else signed, as a proxy or a person."""

    def __call__(self, kind: Literal["proxy", "person"]) -> ClientCert:  # noqa: D102
        ...


class OddTokenFor(Protocol):
    """Has the issuer sign a token that is wrong: claims or header merged over (None removes)."""

    def __call__(  # noqa: D102, PLR0913  each way to be odd, by name
        self,
        *,
        scopes: Sequence[str],
        claims: Mapping[str, Any] | None = None,
        header: Mapping[str, Any] | None = None,
        lifetime_s: int | None = None,
        algorithm: str | None = None,
        audience: str | None = None,
        new_key: bool = False,
    ) -> Bearer: ...


class ExpiredToken(Protocol):
    """Gives a genuine token that has expired; not run when there is none."""

    def __call__(self) -> Bearer:  # noqa: D102
        ...


class Tampered(Protocol):
    """Makes a forgery of the genuine token."""

    def __call__(self, kind: Tampering) -> Bearer:  # noqa: D102
        ...


class Together(Protocol):
    """Runs calls at the same time, each with the element over a connection of its own.

    `together(lambda se: se.put(path, a), lambda se: se.put(path, b))` gives the results in
    order; all calls have ended by then. The first error of them is raised. At most 50 calls.
    """

    def __call__(self, *calls: Callable[[StorageElement], T]) -> list[T]:  # noqa: D102
        ...


@dataclass(frozen=True)
class ForeignFile:
    """A file of another community by its URL path, and the path that our scope "/" means."""

    path: PurePosixPath
    scope_root: PurePosixPath


class TryCell(Protocol):
    """Sends the request of a cell of the scope matrix, its files laid down before.

    Where the request must be refused, it is blocked unless the token is good for something.
    `partner` is the other end of a third-party copy, `tape` what a cell about tapes asks, `root`
    the door of a cell about root://.
    """

    def __call__(  # noqa: D102
        self,
        cell: Cell,
        partner: StorageElement | None = None,
        tape: TapeApi | None = None,
        root: RootDoor | None = None,
    ) -> Tried: ...


class Survey(Protocol):
    """Notes in the field `measured` of the check's result whether something works; 1 or 0.

    Nobody judges it: it tells what an endpoint does where the specification lets it choose.
    """

    def __call__(self, what: str, works: bool) -> None:  # noqa: D102
        ...


class Pace(Protocol):
    """Records how long a copy of `data` took and how fast it was; nobody judges it.

    `pace(transfer, data)` adds copy_s and copy_mb_per_s to `measured` of the check's result. A
    small file tells more of latency than of bandwidth.
    """

    def __call__(self, transfer: Transfer, data: Payload) -> None: ...  # noqa: D102


class Measure(Protocol):
    """Records how long requests took; nobody judges it.

    `measure("uploads", replies, at_a_time=10)` adds uploads_p50_s, uploads_p95_s, uploads_p99_s
    and uploads_per_s to the field `measured` of the check's result.
    """

    def __call__(  # noqa: D102
        self, what: str, replies: Sequence[Reply], *, at_a_time: int = 1
    ) -> None: ...
