"""The newer XRootD: its recipe, and that a build goes on where it was. Nothing is built here."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from lakeproof.lake import built, control
from lakeproof.lake.built import recipe, steps, trial
from lakeproof.lake.commands import group
from lakeproof.lake.errors import LakeError
from lakeproof.lake.xrootd import Account

ARCHIVE = b"the source distribution"
# Each says in `calls` that it was there. pip is python here: it "downloads" into its --dest.
PROGRAMS = {
    "python": 'echo fetch >>calls; cp archive "$8/$NAME.tar.gz"',
    "tar": "echo unpack >>calls; touch $4/CMakeLists.txt",
    "cmake": """
case $1 in
  --install) echo install >>calls; mkdir -p "$PLACE/prefix/lib" ;;
  *) echo configure >>calls; mkdir -p "$PLACE/work/objects/lib"
     touch "$PLACE/work/objects/lib/libXrdHttpTapeApi-6.so" ;;
esac""",
    "ninja": """
echo compile >>calls
for n in 1 2 3; do
  [ -e "$PLACE/work/objects/$n" ] && continue
  touch "$PLACE/work/objects/$n"
  echo "[$n/3] Building $n.o"
  [ -e killed ] || { touch killed; kill -9 $$; }
done""",
    "dpkg-query": 'shift 3; for p; do [ $p = "$ABSENT" ] || echo installed $p; done',
}


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the programs first in PATH, and caches of its own."""
    for name, body in PROGRAMS.items():
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{body}\n")
        program.chmod(0o755)
    (tmp_path / "archive").write_bytes(ARCHIVE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    monkeypatch.setenv("NAME", built.NAME)
    monkeypatch.setenv("ABSENT", "")
    monkeypatch.setenv("PLACE", str(recipe.place().folder))
    monkeypatch.setattr(steps, "SHA256", hashlib.sha256(ARCHIVE).hexdigest())
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    monkeypatch.setattr(trial, "verify", lambda *_: None)
    _servers_run_as(monkeypatch, None)
    return tmp_path


def _servers_run_as(monkeypatch: pytest.MonkeyPatch, name: str | None) -> None:
    account = Account(name, os.geteuid(), os.getegid())
    monkeypatch.setattr(Account, "for_servers", lambda: account)


def _calls(bench: Path) -> list[str]:
    return (bench / "calls").read_text().split()


def test_a_build_that_was_killed_goes_on_where_it_was(bench: Path) -> None:
    said: list[str] = []

    with pytest.raises(LakeError, match=r"ninja failed; what was built is kept"):
        steps.build(said.append)
    assert built.installed() is None

    assert steps.build(said.append) == built.installed()

    first, second = ["fetch", "unpack", "configure", "compile"], ["configure", "compile", "install"]
    assert _calls(bench) == [*first, *second]
    log = recipe.place().log.read_text()
    assert [n for n in "123" if log.count(f"Building {n}.o") == 1] == ["1", "2", "3"]
    assert [line for line in said if "of 3 steps" in line] != []


def test_what_is_built_stays_and_what_is_in_the_way_goes(bench: Path) -> None:
    (bench / "killed").touch()
    place = steps.build(lambda _: None)

    again: list[str] = []
    steps.build(again.append)

    assert again == [f"XRootD {built.VERSION} is built already: {place.prefix}"]
    assert _calls(bench).count("compile") == 1
    assert (place.prefix / "lib" / recipe.TAPE_PLUGIN).exists()
    assert not place.work.exists()
    proof = json.loads(place.proof.read_text())
    assert proof.keys() == {"version", "seconds", "processor_seconds", "bytes"}


def test_a_server_that_fails_its_trial_counts_as_none(
    bench: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bench / "killed").touch()

    def fail(*_: object) -> None:
        raise LakeError("the server that was built does not start")

    monkeypatch.setattr(trial, "verify", fail)

    with pytest.raises(LakeError, match="does not start"):
        steps.build(lambda _: None)

    assert built.installed() is None
    assert recipe.place().work.exists()


def test_another_source_than_the_pinned_one_is_refused(bench: Path) -> None:
    (bench / "archive").write_bytes(b"something else")

    with pytest.raises(LakeError, match="not the file that was expected"):
        steps.build(lambda _: None)

    assert _calls(bench) == ["fetch"]
    pinned = (recipe.place().work / "requirements.txt").read_text()
    assert pinned.startswith(f"xrootd=={built.VERSION} --hash=sha256:")


def test_missing_packages_are_one_line_to_type(
    bench: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ABSENT", "voms-dev")

    result = CliRunner().invoke(group, ["build", built.NAME])

    assert result.exit_code == 1
    assert result.output.count("\n") == 1
    assert result.output.endswith("apt-get install --no-install-recommends voms-dev\n")
    assert not (bench / "calls").exists()


def test_caches_that_the_servers_cannot_enter_are_named_before_anything_is_built(
    bench: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.chmod(0o700)
    _servers_run_as(monkeypatch, "someone")

    with pytest.raises(LakeError, match=r"user someone, who cannot enter .*; set XDG_CACHE_HOME"):
        steps.build(lambda _: None)

    assert not (bench / "calls").exists()


def test_two_builds_do_not_meet(bench: Path) -> None:
    recipe.place().folder.mkdir(parents=True)
    with steps._locked(recipe.place()), pytest.raises(LakeError, match="is being built already"):
        steps.build(lambda _: None)


def test_caches_are_those_of_the_user_and_open_to_the_servers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert recipe.place().folder == Path(f"/caches/lakeproof/{built.NAME}-{recipe.key()}")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/someone")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert recipe.caches() == Path("/home/someone/.cache")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert recipe.caches() == Path("/var/cache")


@pytest.mark.parametrize(
    ("name", "other"),
    [("SHA256", "0" * 64), ("PACKAGES", ()), ("OPTIONS", {}), ("HEADERS", Path("/nowhere"))],
)
def test_another_recipe_has_another_folder(
    monkeypatch: pytest.MonkeyPatch, name: str, other: object
) -> None:
    usual = recipe.key()
    monkeypatch.setattr(recipe, name, other)
    recipe.key.cache_clear()
    try:
        assert recipe.key() != usual
    finally:
        recipe.key.cache_clear()


def test_without_a_build_up_says_so_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    said: list[str] = []

    assert not control._was_built(said.append)

    assert len(said) == 1
    assert f"`lakeproof lake build {built.NAME}` builds it" in said[0]


INI = """\
; a comment, and a mark of byte order before it
[Global]
audience = https://one.test:443, https://two.test  ; not a part of it
url = https://x.test/#fragment;part
[Issuer Lake]
Map_Subject: Yes
number = 0x10
paths = /a
  /b
"""
READS = r"""
#include "INIReader.h"
#include <iostream>
int main(int, char **names) {
    INIReader good(names[1]), bad(names[2]), none(names[3]);
    for (const auto &section : good.Sections()) std::cout << section << "\n";
    std::cout << good.Get("global", "AUDIENCE", "?") << "\n"
              << good.Get("Global", "url", "?") << "\n"
              << good.GetBoolean("issuer lake", "map_subject", false)
              << good.GetBoolean("Global", "url", true)
              << good.GetInteger("Issuer Lake", "number", 0)
              << good.GetInteger("Global", "none", 7) << "\n"
              << good.Get("Issuer Lake", "paths", "?") << "\n"
              << good.ParseError() << bad.ParseError() << none.ParseError() << "\n";
}
"""


def test_our_ini_reader_reads_as_xrootd_expects() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "reads.cc").write_text(READS)
        (folder / "good").write_bytes(b"\xef\xbb\xbf" + INI.encode())
        (folder / "bad").write_text(f"[A]\n{'x' * 9000} = 1\nno value\n[B\n")
        compiler = ["g++", "-std=c++17", "-Wall", "-Wextra", "-Werror", f"-isystem{recipe.HEADERS}"]
        try:
            subprocess.run([*compiler, "-o", folder / "reads", folder / "reads.cc"], check=True)
        except FileNotFoundError:
            pytest.skip("needs a C++ compiler: apt-get install g++")
        files = [folder / "good", folder / "bad", folder / "none"]
        read = subprocess.run([folder / "reads", *files], capture_output=True, check=True)

    assert read.stdout.decode().splitlines() == [
        "Global",
        "Issuer Lake",
        "https://one.test:443, https://two.test",
        "https://x.test/#fragment;part",
        "11167",
        "/a",
        "/b",
        "03-1",
    ]
