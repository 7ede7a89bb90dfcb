"""Whose fault it is, on a lake with a real Rucio: one rule for each fault, all at the same time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lakeproof.blame import Layer
from lakeproof.lake import Lake, ca, packages, up
from lakeproof.lake.rucio import installed
from lakeproof.lake.runtime import running
from lakeproof.lake.services import DAEMONS
from tests.lake.broken import CONTENT, BrokenLake, closed_port
from tests.lake.conftest import directories

pytestmark = pytest.mark.lake
SOON_S = 120.0
SPOILED = CONTENT.swapcase()

Lay = Callable[[BrokenLake], str]
FAULTS: dict[str, tuple[Layer, str, Lay]] = {}


def fault(layer: Layer, what: str) -> Callable[[Lay], Lay]:
    """A fault to lay out; the function gives the id of the rule that meets it."""

    def register(lay: Lay) -> Lay:
        FAULTS[lay.__name__] = (layer, what, lay)
        return lay

    return register


@fault(Layer.SOURCE, "the file is gone from the source (a real XRootD)")
def source_file_gone(broken: BrokenLake) -> str:
    return broken.rule("gone", broken.known("a"), broken.known("b"), None)


@fault(Layer.SOURCE, "the file at the source is spoiled")
def source_file_spoiled(broken: BrokenLake) -> str:
    return broken.rule("spoiled", broken.site("SPOILS"), broken.known("b"), SPOILED)


@fault(Layer.SOURCE, "the source's port is closed")
def source_closed(broken: BrokenLake) -> str:
    source = broken.site("CLOSED-A", "door-closed")
    return broken.rule("closed-a", source, broken.known("b"))


@fault(Layer.SOURCE, "nobody but us trusts the source's authority, and it does not push")
def source_untrusted(broken: BrokenLake) -> str:
    source = broken.site("UNTRUSTED", "tpc-push-unsupported", authority=ca.make_authority())
    return broken.rule("untrusted", source, broken.known("dcache"))


@fault(Layer.DESTINATION, "the destination is full")
def destination_full(broken: BrokenLake) -> str:
    return broken.rule("full", broken.known("a"), broken.site("FULL", quota=1000))


@fault(Layer.DESTINATION, "the destination changes a byte of what it fetches")
def destination_spoils(broken: BrokenLake) -> str:
    return broken.rule("spoils", broken.known("a"), broken.site("SPOILER", "tpc-corrupts"))


@fault(Layer.DESTINATION, "the destination's port is closed")
def destination_closed(broken: BrokenLake) -> str:
    return broken.rule("closed-b", broken.known("a"), broken.site("CLOSED-B", "door-closed"))


@fault(Layer.PAIR, "a firewall is between the two, both ways")
def pair_walled_off(broken: BrokenLake) -> str:
    one, other = "127.0.0.11", "127.0.0.12"
    source = broken.site("WALL-A", address=one, kept_from=(other,))
    return broken.rule("walled", source, broken.site("WALL-B", address=other, kept_from=(one,)))


@fault(Layer.PAIR, "there is no protocol for copies that both have")
def pair_without_protocol(broken: BrokenLake) -> str:
    able = {"read": 1, "write": 1, "delete": 1}
    target = broken.site("NO-COPIES", protocol={"domains": {"lan": able, "wan": able}})
    return broken.rule("no-copies", broken.known("a"), target)


@fault(Layer.FTS, "FTS says FAILED whatever it is asked for")
def fts_fails(broken: BrokenLake) -> str:
    target = broken.site("FTS-FAILS", attributes={"fts": broken.fts("fts-fails-always")})
    return broken.rule("fts-fails", broken.known("a"), target)


@fault(Layer.FTS, "FTS says FINISHED and copies nothing: the rule is OK, the file is not there")
def fts_lies(broken: BrokenLake) -> str:
    target = broken.site("FTS-LIES", attributes={"fts": broken.fts("fts-lies")})
    return broken.rule("fts-lies", broken.known("a"), target)


@fault(Layer.FTS, "nobody listens where Rucio looks for FTS")
def fts_closed(broken: BrokenLake) -> str:
    nobody = f"https://localhost:{closed_port()}"
    target = broken.site("FTS-CLOSED", attributes={"fts": nobody})
    return broken.rule("fts-closed", broken.known("a"), target)


@fault(Layer.CREDENTIAL, "FTS does not know the issuer of the tokens")
def fts_knows_no_issuer(broken: BrokenLake) -> str:
    url = broken.fts(issuer="https://another-issuer.lakeproof.test")
    target = broken.site("FTS-STRANGE", attributes={"fts": url})
    return broken.rule("fts-strange", broken.known("a"), target)


@fault(Layer.CREDENTIAL, "Rucio asks for tokens of the wrong paths (oidc_base_path)")
def rucio_tokens_wrong(broken: BrokenLake) -> str:
    target = broken.site("WRONG-PATHS", attributes={"oidc_base_path": "/data/rucio/lakeproof"})
    return broken.rule("wrong-paths", broken.known("a"), target)


@fault(Layer.RUCIO, "the account has no quota left at the destination")
def rucio_quota(broken: BrokenLake) -> str:
    source, target = broken.known("a"), broken.site("NO-QUOTA")
    broken.near(source, target)
    broken.person.add_dataset("set-no-quota")
    rule = broken.person.add_rule("set-no-quota", target.rse)
    broken.admin.limit(target.rse, 10)
    broken.person.attach("set-no-quota", broken.file(source, "no-quota"))
    return rule


@fault(Layer.RUCIO, "Rucio knows no distance between the two")
def rucio_distance(broken: BrokenLake) -> str:
    target = broken.site("FAR-AWAY")
    return broken.person.add_rule(broken.file(broken.known("a"), "far"), target.rse)


@fault(Layer.RUCIO, "the source is switched off in Rucio")
def rucio_switched_off(broken: BrokenLake) -> str:
    source = broken.site("SWITCHED-OFF")
    broken.admin.switch(source.rse, availability_read=False)
    return broken.rule("off", source, broken.known("b"))


@fault(Layer.RUCIO, "Rucio has another port for the destination than the inventory")
def rucio_port_wrong(broken: BrokenLake) -> str:
    target = broken.site("OTHER-PORT", protocol={"port": closed_port()})
    return broken.rule("other-port", broken.known("a"), target)


@pytest.fixture(scope="module")
def rucio_lake() -> Iterator[Lake]:
    absent = [*packages.missing(), *installed.missing()]
    if absent:
        pytest.skip(f"needs {', '.join(absent)}; script/bootstrap --with-rucio installs it")
    for path in directories():
        path.parent.chmod(0o755)
        yield up(path, port_base=0, rucio=True)


@pytest.fixture(scope="module")
def broken(rucio_lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokenLake]:
    broken = BrokenLake(rucio_lake, tmp_path_factory.mktemp("broken"))
    yield broken
    broken.close()


def test_each_layer_is_named(broken: BrokenLake, capsys: pytest.CaptureFixture[str]) -> None:
    began = time.monotonic()
    rules = {name: lay(broken) for name, (_, _, lay) in FAULTS.items()}
    laid = time.monotonic() - began
    _wait_until_over(broken, rules)
    over = time.monotonic() - began

    told = {one["asked"]: one for one in _blamed(broken.write_inventory(), *rules.values())}

    found = {name: told[rule] for name, rule in rules.items()}
    with capsys.disabled():
        sys.stdout.write(_table(found))
        sys.stdout.write(
            f"\n{len(rules)} rules laid out in {laid:.0f} s, over after {over:.0f} s, "
            f"all blamed after {time.monotonic() - began:.0f} s\n"
        )
    for name, (layer, _, _) in FAULTS.items():
        assert found[name]["layers"] == [layer], (name, found[name])


def test_daemons_that_stand_are_rucios_fault(broken: BrokenLake) -> None:
    process = running(broken.lake.directory)[DAEMONS]
    os.kill(process.pid, signal.SIGSTOP)
    try:
        rule = broken.rule("standing", broken.known("a"), broken.known("b"))
        time.sleep(2)
        (found,) = _blamed(broken.write_inventory(), rule, "--patience", "1s")
    finally:
        os.kill(process.pid, signal.SIGCONT)

    assert found["layers"] == [Layer.RUCIO], found
    assert "daemons do not take the request up" in found["sentence"]


def _wait_until_over(broken: BrokenLake, rules: dict[str, str]) -> None:
    """Until every rule is stuck, or OK; Rucio tries each four times."""
    deadline, waiting = time.monotonic() + SOON_S, set(rules)
    while waiting:
        states = {name: broken.person.rule(rules[name])["state"] for name in waiting}
        waiting = {name for name, state in states.items() if state not in ("STUCK", "OK")}
        assert not waiting or time.monotonic() < deadline, waiting
        time.sleep(0.5)


def _blamed(inventory: Path, *arguments: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "lakeproof.cli", "blame", "--json", "-i", str(inventory)]
    done = subprocess.run(
        [*command, *arguments], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stderr == ""
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def _table(found: dict[str, dict[str, Any]]) -> str:
    """The fault, the layer that it is in, and the sentence."""
    lines = ["", "", "| fault | named | sentence |", "|---|---|---|"]
    lines += [
        f"| {what} | {', '.join(found[name]['layers']) or 'nobody'} | {found[name]['sentence']} |"
        for name, (_, what, _) in FAULTS.items()
    ]
    return "\n".join(lines) + "\n"
