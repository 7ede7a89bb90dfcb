"""The run's own server: started for the checks that need it, and the reason when there is none."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest
import yaml

from lakeproof.lake import ca
from tests.plugin.dav import Storage
from tests.plugin.tree import Tree

SUITE = '''
import urllib.request, ssl

@rule(needs={"webdav", "write", "observer"})
def test_seen(se, observer, expect):
    """What comes is seen.

    Harm."""
    expect.control(se.put(se.workdir / "f", b"abc"))
    source = observer.file(b"abc")
    context = ssl.create_default_context(cafile="ca.pem")
    asked = urllib.request.Request(source.url, headers={"Authorization": "Bearer seekrit-value"})
    with urllib.request.urlopen(asked, context=context) as reply:
        expect.equal(reply.read(), b"abc", "content")
    expect.equal([each.method for each in source.seen()], ["GET"], "methods")
    expect.that(source.seen()[0].carries("seekrit-value"), "the header", "none")
    expect.that(False, "a transcript", "none yet")

@rule()
def test_other(se, expect):
    """Another thing.

    Harm."""
    expect.control(se.put(se.workdir / "f", b"abc"))
'''


def _inventory(tree: Tree, urls: dict[str, str], port: int) -> Path:
    authority = ca.make_authority()
    (tree.directory / "ca.pem").write_bytes(authority.certificate_pem)
    host = ca.issue(authority, "localhost", ["localhost"])
    ca.write_credential(host, tree.directory / "peer.pem")
    path = tree.write_inventory(urls)
    content = yaml.safe_load(path.read_text())
    content["peer"] = {"url": f"https://localhost:{port}", "certificate": "file:peer.pem"}
    path.write_text(yaml.safe_dump(content))
    return path


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@pytest.mark.parametrize("workers", [[], ["--jobs=2"]], ids=["alone", "workers"])
def test_every_process_of_a_run_has_the_one_server(
    tree: Tree, storage: Storage, other_storage: Storage, workers: list[str]
) -> None:
    tree.write_suite(SUITE)
    port = _free_port()
    inventory = _inventory(tree, {"A": storage.url, "B": other_storage.url}, port)

    run = tree.run(f"--inventory={inventory}", *workers)

    assert [run.result("seen", name)["expected"] for name in "AB"] == ["a transcript"] * 2
    transcript = (run.folder / run.result("seen", "A")["transcript"]).read_text()
    assert re.search(r"# what our own server saw\n\n> GET /lakeproof/\w+-file ", transcript)
    assert "Authorization: Bearer [redacted" in transcript
    assert "seekrit-value" not in transcript
    with socket.create_server(("127.0.0.1", port)):
        pass  # it has ended with the run


def test_port_in_use_is_an_error_once_per_run(tree: Tree, storage: Storage) -> None:
    tree.write_suite(SUITE)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        run = tree.run(f"--inventory={_inventory(tree, {'A': storage.url}, port)}")

    seen = run.result("seen")
    assert (seen["outcome"], seen["blame"]) == ("error", "us")
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in seen["actual"]
    assert run.result("other")["outcome"] == "pass"


def test_server_is_not_started_for_checks_that_need_none(tree: Tree, storage: Storage) -> None:
    tree.write_suite(SUITE)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        inventory = _inventory(tree, {"A": storage.url}, taken.getsockname()[1])
        run = tree.run(f"--inventory={inventory}", "--check=*.other")

    assert run.code == 0


def test_without_a_server_these_checks_say_what_to_give(tree: Tree, storage: Storage) -> None:
    tree.write_suite(SUITE)

    run = tree.run(f"--inventory={tree.write_inventory({'A': storage.url})}")

    seen = run.result("seen")
    assert seen["outcome"] == "notrun"
    assert "give --peer-url https://HOST:PORT" in seen["actual"]


def test_wrong_option_is_named(tree: Tree, storage: Storage) -> None:
    tree.write_suite(SUITE)

    run = tree.run(f"--url={storage.url}", "--peer-url=http://here", "--peer-certificate=p.pem")

    assert run.code != 0
    assert "--peer-url: found" in run.output
