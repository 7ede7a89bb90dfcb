"""Nothing outside the run's directory is written, whatever the target is spelled like."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from lakeproof.wire.guard import GuardError, WriteGuard
from tests.unit.wire.conftest import Connect, Serve
from tests.unit.wire.servers import OK

ORIGIN = "https://se.example.org:443"
ROOT = PurePosixPath("/data/lakeproof/run1")
GUARD = WriteGuard(ROOT)


def check(method: str, target: str, **headers: str) -> None:
    GUARD.check(method, target, headers, ORIGIN)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "MKCOL", "PROPPATCH", "PATCH", "FROB"])
@pytest.mark.parametrize(
    "target",
    [
        "/data/lakeproof/run1",
        "/data/lakeproof/run1/",
        "/data/lakeproof/run1/a/b",
        "/data/lakeproof/run1/a/../b?x=/../..",
        "/data/lakeproof/run1/a%20b",
        "//data/lakeproof/run1/x",
        "/data/lakeproof/run1/a;v=1",
    ],
)
def test_inside(method: str, target: str) -> None:
    check(method, target)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PROPPATCH", "delete", "Delete", "FROB"])
@pytest.mark.parametrize(
    "target",
    [
        "/",
        "",
        "*",
        "/data",
        "/data/lakeproof",
        "/data/lakeproof/",
        "/data/lakeproof/run10",
        "/data/lakeproof/run1/..",
        "/data/lakeproof/run1/../run2/x",
        "/data/lakeproof/run1/%2e%2e/x",
        "/data/lakeproof/run1/%2E./x",
        "/data/lakeproof/run1%2f..%2frun2",
        "/data/lakeproof/run1/%252e%252e/x",
        "/data/lakeproof/run1/..;a=b/x",
        "/data/lakeproof/run1/..%5cx",
        "/data/lakeproof/run1/a/../../x",
        "https://se.example.org/data/lakeproof",
        "/DATA/lakeproof/run1/x",
        "/data/lakeproof?x=/data/lakeproof/run1",
        "/data/lakeproof#/data/lakeproof/run1",
    ],
)
def test_outside(method: str, target: str) -> None:
    with pytest.raises(GuardError, match="/data/lakeproof/run1"):
        check(method, target)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PROPFIND", "POST"])
def test_reading_is_free(method: str) -> None:
    check(method, "/anything")
    WriteGuard(None).check(method, "/anything", {}, ORIGIN)


def test_read_only() -> None:
    with pytest.raises(GuardError, match="read-only"):
        WriteGuard(None).check("PUT", "/data/x", {}, ORIGIN)


def test_an_ancestor_may_be_created_but_not_removed() -> None:
    check("MKCOL", "/data/lakeproof")
    with pytest.raises(GuardError):
        check("DELETE", "/data/lakeproof")
    with pytest.raises(GuardError):
        check("MKCOL", "/data/other")


def test_both_ends_of_a_move() -> None:
    inside = "/data/lakeproof/run1/a"
    check("MOVE", inside, Destination=f"{ORIGIN}/data/lakeproof/run1/b")
    check("MOVE", inside, destination="/data/lakeproof/run1/b")
    for bad in ("/data/x", f"{ORIGIN}/data/lakeproof/run1/%2e%2e/b", "https://other/data/b"):
        with pytest.raises(GuardError):
            check("MOVE", inside, Destination=bad)
    with pytest.raises(GuardError):
        check("MOVE", "/data/x", Destination=f"{ORIGIN}{inside}")


def test_where_a_copy_writes() -> None:
    inside = "/data/lakeproof/run1/a"
    check("COPY", inside, Source="https://other/x")
    check("COPY", "/data/public", Destination="https://other/x")
    check("COPY", "/data/public", Destination=f"davs://SE.example.org{inside}")
    with pytest.raises(GuardError):
        check("COPY", "/data/x", Source="https://other/x")
    with pytest.raises(GuardError):
        check("COPY", inside, Destination="https://se.example.org/data/x")
    with pytest.raises(GuardError):
        check("COPY", "/data/x")
    with pytest.raises(GuardError):
        check("COPY", "/data/x", Source="https://o/x", Destination="https://o/y")


@pytest.mark.parametrize("root", ["/", "//", "relative", "/a/../b"])
def test_a_careless_root_is_refused(root: str) -> None:
    with pytest.raises(GuardError):
        WriteGuard(PurePosixPath(root))


def test_the_client_asks_its_guard(serve: Serve, connect: Connect) -> None:
    server = serve(answer=lambda _: OK)
    client = connect(server)

    with pytest.raises(GuardError):
        client.request("DELETE", PurePosixPath("/other"))
    with pytest.raises(GuardError):
        client.request("DELETE", "/run/%2e%2e")
    with pytest.raises(GuardError):
        client.request("MOVE", "/run/x", headers={"destination": "/x"})

    assert server.connections == 0


def test_further_directories_of_the_run_may_be_written_to() -> None:
    other = PurePosixPath("/data/neighbour/lakeproof/run1-other")
    guard = WriteGuard(ROOT, (other,))

    guard.check("MOVE", f"{ROOT}/f", {"Destination": f"{ORIGIN}{other}/f"}, ORIGIN)
    with pytest.raises(GuardError):
        guard.check("MOVE", f"{ROOT}/f", {"Destination": f"{ORIGIN}{other}x/f"}, ORIGIN)
    with pytest.raises(GuardError):
        WriteGuard(ROOT, (PurePosixPath("/"),))
