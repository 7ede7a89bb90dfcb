"""Doors that are dead, silent, or something else: one cause counts once, and nobody waits long."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.plugin.dav import Storage
from tests.plugin.tree import Finished, Tree

FEW = 3
ENOUGH = 40  # checks of the real suites; each would cost a time-out


@contextmanager
def _port(*, listens: bool) -> Iterator[int]:
    """A port that refuses connections, or one where they are accepted and never served."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        if listens:
            sock.listen(512)
        yield sock.getsockname()[1]


def _beyond_reachability(run: Finished) -> Counter[str]:
    return Counter(
        row["outcome"] for row in run.results if not row["check"].startswith("reachability.")
    )


def _counted(run: Finished) -> list[tuple[str, str]]:
    quiet = ("pass", "blocked", "notrun", "unsupported")
    return [(row["check"], row["outcome"]) for row in run.results if row["outcome"] not in quiet]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_refused_connection_fails_once_and_blocks_the_rest(tree: Tree, scheme: str) -> None:
    with _port(listens=False) as port:
        tree.write_inventory({"DEAD": f"{scheme}://127.0.0.1:{port}/store"})
        run = tree.lakeproof("run", f"--out={tree.out}")

    assert run.code == 1
    assert _counted(run) == [("reachability.network.some-address-accepts", "fail")]
    rest = _beyond_reachability(run)
    assert rest["blocked"] > ENOUGH
    assert set(rest) <= {"blocked", "notrun", "unsupported"}
    assert f":{port} refuses connections" in run.result("some-address-accepts")["actual"]
    assert run.summary["left_behind"] == []


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_silent_door_costs_one_time_out(tree: Tree, scheme: str) -> None:
    with _port(listens=True) as port:
        path = tree.write_inventory({"SILENT": f"{scheme}://127.0.0.1:{port}/store"})
        path.write_text(path.read_text().replace("connect_timeout_s: 1", "connect_timeout_s: 0.3"))
        run = tree.lakeproof("run", f"--out={tree.out}")

    assert run.code in (1, 2)
    assert len(_counted(run)) == 1
    assert _counted(run)[0][0].startswith("reachability.")
    rest = _beyond_reachability(run)
    assert rest["blocked"] > ENOUGH
    assert set(rest) <= {"blocked", "notrun", "unsupported"}


# Stands in for the resolver, so that no question leaves this machine; notes each question.
RESOLVER = """
import socket, pathlib
genuine = socket.getaddrinfo
def getaddrinfo(host, *more, **kw):
    if host != "nobody.invalid":
        return genuine(host, *more, **kw)
    with pathlib.Path(__file__).with_name("asked").open("a") as stream:
        stream.write("x")
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
socket.getaddrinfo = getaddrinfo
"""


def test_name_that_does_not_resolve_is_asked_once_and_fails_once(tree: Tree) -> None:
    (tree.directory / "sitecustomize.py").write_text(RESOLVER)
    tree.write_inventory({"NAMELESS": "https://nobody.invalid/store"})

    run = tree.lakeproof("run", f"--out={tree.out}", env={"PYTHONPATH": str(tree.directory)})

    assert run.code == 1
    assert _counted(run) == [("reachability.network.name-resolves", "fail")]
    assert _beyond_reachability(run)["blocked"] > ENOUGH
    assert len((tree.directory / "asked").read_text()) <= FEW


def test_login_page_is_no_webdav_door(tree: Tree, storage: Storage) -> None:
    storage.login_page = True
    tree.write_inventory({"PORTAL": storage.url})

    run = tree.lakeproof("run", f"--out={tree.out}")

    assert run.code == 1
    assert _counted(run) == [("reachability.http.speaks-webdav", "fail")]
    assert _beyond_reachability(run)["blocked"] > ENOUGH
    assert {method for method, _ in storage.asked} <= {"OPTIONS", "PROPFIND", "GET", "HEAD"}


def test_login_page_is_said_in_words(tree: Tree, storage: Storage) -> None:
    storage.login_page = True
    tree.write_inventory({"PORTAL": storage.url})

    run = tree.lakeproof("run", f"--out={tree.out}")

    assert "no WebDAV door" in run.output
    assert "Please log in" in run.output


def test_missing_secret_is_said_once(tree: Tree, storage: Storage) -> None:
    run = tree.lakeproof("check", storage.url, "--token=env:NO_SUCH_TOKEN", f"--out={tree.out}")

    assert run.code == 2
    (error,) = [row for row in run.results if row["outcome"] == "error"]
    assert error["blame"] == "credential"
    assert "NO_SUCH_TOKEN is not set; export it" in error["actual"]
    assert run.outcomes["blocked"] > ENOUGH
    assert "Traceback" not in run.output


def test_second_endpoint_is_judged_although_the_first_is_dead(tree: Tree, storage: Storage) -> None:
    tree.write_suite(
        '''
@rule()
def test_sound(se, expect):
    """A rule holds.

    Harm."""
    expect.success(se.put(se.workdir / "f", b"abc"))

@rule(needs={"webdav", "write", "partner"})
def test_with_partner(se, partner, expect):
    """The partner stores too.

    Harm."""
    expect.success(partner.put(partner.workdir / "f", b"abc"))

@rule(needs={"webdav", "write", "partner"})
def test_mesh(se, peer, expect):
    """Each pair works.

    Harm."""
    expect.success(peer.put(peer.workdir / "f", b"abc"))
'''
    )
    with _port(listens=False) as port:
        tree.write_inventory({"ALPHA": storage.url, "DEAD": f"http://127.0.0.1:{port}/store"})
        run = tree.run("--progress")

    alpha = {row["check"]: row for row in run.results if row["endpoint"] == "ALPHA"}
    dead = [row for row in run.results if row["endpoint"] == "DEAD"]
    assert alpha["demo.rules.sound"]["outcome"] == "pass"
    assert alpha["demo.rules.with-partner"]["outcome"] in ("blocked", "error")
    assert "DEAD" in alpha["demo.rules.with-partner"]["actual"]
    assert {row["outcome"] for row in dead} <= {"error", "blocked"}
    assert [row["outcome"] for row in dead].count("error") == 1
    assert run.code == 2


def test_silence_of_the_partner_is_not_held_against_the_endpoint(
    tree: Tree, storage: Storage, other_storage: Storage
) -> None:
    checks = [
        f'''
@rule(needs={{"webdav", "write", "partner"}})
def test_with_partner_{number}(se, partner, expect):
    """The partner stores too.

    Harm."""
    expect.control(partner.put(partner.workdir / "f", b"abc"))
'''
        for number in range(3)
    ]
    sound = '''
@rule()
def test_zz_sound(se, expect):
    """A rule holds.

    Harm."""
    expect.success(se.put(se.workdir / "f", b"abc"))
'''
    tree.write_suite("".join([*checks, sound]))
    tree.write_inventory({"ALPHA": storage.url, "BETA": other_storage.url})
    other_storage.silent = {"PUT"}

    run = tree.run("--progress", "--endpoint=ALPHA")

    assert run.result("demo.rules.zz-sound", "ALPHA")["outcome"] == "pass"
    assert run.result("demo.rules.with-partner-0", "ALPHA")["outcome"] == "blocked"


def test_uploads_that_a_check_breaks_off_are_no_silence(tree: Tree, storage: Storage) -> None:
    checks = [
        f'''
@rule()
def test_broken_off_{number}(se, payload, expect):
    """An upload can be broken off.

    Harm."""
    expect.given(se.abort_put(se.workdir / "f", payload(9), after=3).broken_off, "it was not")
'''
        for number in range(FEW)
    ]
    tree.write_suite("".join(checks))
    tree.write_inventory({"ALPHA": storage.url})

    run = tree.run("--progress")

    assert [row["outcome"] for row in run.results] == ["pass"] * FEW


def test_door_that_closes_connections_is_judged_to_the_end(tree: Tree, storage: Storage) -> None:
    checks = [
        f'''
@rule()
def test_closed_{number}(se, expect):
    """A request is answered.

    Harm."""
    expect.success(se.head(se.workdir))
'''
        for number in range(FEW)
    ]
    sound = '''
@rule()
def test_zz_sound(se, expect):
    """A rule holds.

    Harm."""
    expect.control(se.put(se.workdir / "f", b"abc"))
'''
    tree.write_suite("".join([*checks, sound]))
    tree.write_inventory({"ALPHA": storage.url})
    storage.silent = {"HEAD"}

    run = tree.run("--progress")

    assert [row["outcome"] for row in run.results] == ["fail"] * FEW + ["pass"]
