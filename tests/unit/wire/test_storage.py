"""The storage element: credentials, work directories, listings, and careful removal."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from lakeproof.wire.auth import ANONYMOUS, Credential
from lakeproof.wire.guard import GuardError
from lakeproof.wire.storage import BudgetExceeded, SetUpFailed, StorageElement
from lakeproof.wire.webdav import BadMultistatus
from tests.unit.wire.conftest import Connect, Serve
from tests.unit.wire.servers import Request

AREA = PurePosixPath("/vo/lakeproof/run")


class NoWallet:
    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def for_operation(self, method: str, path: PurePosixPath) -> Credential:
        self.asked.append((method, str(path)))
        return ANONYMOUS

    def for_macaroon(self, path: PurePosixPath) -> Credential:
        return self.for_operation("POST", path)


class Tree:
    """A strict little WebDAV server: paths to None (collection) or content."""

    def __init__(self) -> None:
        self.nodes: dict[PurePosixPath, bytes | None] = {PurePosixPath("/vo"): None}
        self.extra = ""
        self.stuck: set[PurePosixPath] = set()

    def __call__(self, request: Request) -> bytes:
        path = PurePosixPath("/" + request.target.strip("/"))
        status: int
        body: bytes
        status, body = getattr(self, request.method.lower())(path, request)
        return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body

    def mkcol(self, path: PurePosixPath, _: Request) -> tuple[int, bytes]:
        if path in self.nodes:
            return 405, b""
        if path.parent not in self.nodes:
            return 409, b""
        self.nodes[path] = None
        return 201, b""

    def put(self, path: PurePosixPath, request: Request) -> tuple[int, bytes]:
        self.nodes[path] = request.body
        return 201, b""

    def move(self, path: PurePosixPath, request: Request) -> tuple[int, bytes]:
        to = PurePosixPath("/" + request.headers["destination"].split("/", 3)[3])
        if to in self.nodes and request.headers.get("overwrite") == "F":
            return 412, b""
        self.nodes[to] = self.nodes.pop(path)
        return 201, b""

    def delete(self, path: PurePosixPath, _: Request) -> tuple[int, bytes]:
        if path not in self.nodes:
            return 404, b""
        if path in self.stuck or any(path in other.parents for other in self.nodes):
            return 409, b""
        del self.nodes[path]
        return 204, b""

    def head(self, path: PurePosixPath, request: Request) -> tuple[int, bytes]:
        assert request.headers["want-digest"] == "adler32"
        return (200 if path in self.nodes else 404), b""

    def propfind(self, path: PurePosixPath, request: Request) -> tuple[int, bytes]:
        if path not in self.nodes:
            return 404, b""
        shown = [path]
        if request.headers["depth"] == "1":
            shown += [other for other in self.nodes if other.parent == path]
        inner = "".join(self._response(one) for one in shown) + self.extra
        return 207, f'<D:multistatus xmlns:D="DAV:">{inner}</D:multistatus>'.encode()

    def _response(self, path: PurePosixPath) -> str:
        kind = "<D:collection/>" if self.nodes[path] is None else ""
        return (
            f"<D:response><D:href>{path}</D:href><D:propstat><D:prop>"
            f"<D:resourcetype>{kind}</D:resourcetype></D:prop>"
            "<D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>"
        )


@pytest.fixture
def tree() -> Tree:
    return Tree()


@pytest.fixture
def se(serve: Serve, connect: Connect, tree: Tree) -> StorageElement:
    client = connect(serve(answer=tree), root=str(AREA))
    return StorageElement("TEST", client=client, directory=AREA, wallet=NoWallet())


def test_the_workdir_is_made_when_needed_and_fresh_for_each_check(
    se: StorageElement, tree: Tree
) -> None:
    assert AREA not in tree.nodes

    se.new_workdir("tokens.scopes.create cannot/overwrite")
    first = se.workdir

    assert first in tree.nodes
    assert first.parent == AREA
    assert "create-cannot-overwrite" in first.name
    assert se.workdir == first
    se.new_workdir()
    assert se.workdir != first


def test_a_workdir_that_cannot_be_made(se: StorageElement, tree: Tree) -> None:
    tree.nodes.clear()

    with pytest.raises(SetUpFailed, match="MKCOL answered 409"):
        _ = se.workdir


def test_operations(se: StorageElement, tree: Tree) -> None:
    work = se.workdir

    assert se.put(work / "f", b"one").status == 201
    assert tree.nodes[work / "f"] == b"one"
    assert se.move(work / "f", work / "g").ok
    assert se.put(work / "f", b"two").ok
    assert se.move(work / "g", work / "f", overwrite=False).status == 412
    assert [entry.path for entry in se.listing(work)] == [work / "g", work / "f"]
    assert se.digest(work / "f", "adler32").ok
    assert se.url_of(work / "a b") == f"{se.url}{work}/a%20b"
    assert se.credential("GET", work) is ANONYMOUS
    with pytest.raises(BadMultistatus, match="404"):
        se.listing(work / "missing")


def test_a_tree_is_removed_child_by_child(se: StorageElement, tree: Tree) -> None:
    se.make_directory(se.workdir / "a" / "b")
    se.put(se.workdir / "a" / "b" / "f", b"x")
    se.put(se.workdir / "g", b"x")

    assert se.remove_tree(AREA) == []
    assert set(tree.nodes) == {PurePosixPath("/vo"), PurePosixPath("/vo/lakeproof")}


def test_what_stays_is_reported(se: StorageElement, tree: Tree) -> None:
    stuck = se.workdir / "f"
    se.put(stuck, b"x")
    tree.stuck.add(stuck)

    assert se.remove_tree(AREA) == [stuck, stuck.parent, AREA]


def test_a_listing_cannot_lead_the_removal_astray(se: StorageElement, tree: Tree) -> None:
    victim = PurePosixPath("/vo/precious")
    tree.nodes[victim] = b"data"
    se.make_directory(AREA)
    tree.extra = "<D:response><D:href>/vo/precious</D:href></D:response>"
    tree.extra += "<D:response><D:href>/vo/lakeproof/run/../../precious</D:href></D:response>"

    left = se.remove_tree(AREA)

    assert victim in tree.nodes
    assert victim in left


@pytest.mark.parametrize("path", ["/vo", "/vo/lakeproof", "/", "/vo/lakeproof/run/.."])
def test_nothing_above_the_area_is_removed(se: StorageElement, path: str) -> None:
    with pytest.raises(GuardError):
        se.remove_tree(PurePosixPath(path))


def test_the_byte_budget_is_kept(se: StorageElement) -> None:
    se.budget.max_bytes = 10
    work = se.workdir

    assert se.put(work / "f", b"12345678").ok
    with pytest.raises(BudgetExceeded, match="has written 8 bytes and may write 10"):
        se.put(work / "g", b"123")
    assert se.put(work / "h", b"12").ok
