"""Which room may import what (DESIGN §2), read from the sources."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import lakeproof

CHECKOUT = Path(__file__).parents[3]
PACKAGE = CHECKOUT / "src" / "lakeproof"
NETWORK = {
    "socket",
    "ssl",
    "subprocess",
    "http",
    "requests",
    "urllib3",
    "aiohttp",
    "asyncio",
    "socketserver",
    "ftplib",
    "smtplib",
    "multiprocessing",
}
# Their processes are forks of the run, which they talk to through pipes.
FORKS = {"plugin/pool.py", "plugin/crew.py"}
# A generator of reports, which reads files and writes one.
PROGRAMS = {"machines/allure.py"}
# Nothing here reaches the network, the file system, the environment or the clock's sleep.
HARMLESS = {
    "__future__",
    "base64",
    "collections",
    "dataclasses",
    "datetime",
    "email",
    "functools",
    "hashlib",
    "ipaddress",
    "itertools",
    "json",
    "math",
    "pathlib",
    "re",
    "string",
    "typing",
    "urllib",
    "zlib",
}
IMPLEMENTATIONS = ("dcache", "eos", "dpm", "xrootd", "storm")
BELOW = ("wire", "credentials", "inventory", "emulator", "lake")
WITH_THE_STORE = {
    Path("commands/checklist.py"),
    Path("commands/mesh.py"),
    Path("commands/report.py"),
    Path("commands/store.py"),
}
UPPER_ROOMS = ("plugin", "session", "verdict", "features", "expect", "known", "results", "report")


def _sources(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


def _imports(path: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every imported module, and the names taken from it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or "", tuple(alias.name for alias in node.names)


def _modules(path: Path) -> set[str]:
    """Imported modules, with `from lakeproof import x` as lakeproof.x."""
    found = set()
    for module, names in _imports(path):
        found.add(module)
        if module.startswith("lakeproof"):
            found |= {f"{module}.{name}" for name in names}
    return found


def _breaks(path: Path, rooms: tuple[str, ...]) -> list[str]:
    prefixes = tuple(f"lakeproof.{room}" for room in rooms)
    return [
        m for m in _modules(path) if m in prefixes or m.startswith(tuple(f"{p}." for p in prefixes))
    ]


def _literals_and_names(path: Path) -> Iterator[str]:
    """Every identifier and string of the code; docstrings may tell who is hurt."""
    root = ast.parse(path.read_text("utf-8"))
    prose = {id(node.value) for node in ast.walk(root) if isinstance(node, ast.Expr)}
    for node in ast.walk(root):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.value
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.FunctionDef | ast.arg):
            yield node.name if isinstance(node, ast.FunctionDef) else node.arg


SUITES = _sources(CHECKOUT / "suites")


def test_suites_import_only_public_names() -> None:
    for path in SUITES:
        for module, names in _imports(path):
            if module == "lakeproof":
                assert set(names) <= set(lakeproof.__all__), path
            else:
                harmless = module == "pytest" or module.partition(".")[0] in HARMLESS
                assert harmless, f"{path} imports {module}"
            assert module != "urllib.request", path


def test_suites_neither_sleep_nor_open() -> None:
    for path in SUITES:
        said = set(_literals_and_names(path))

        assert not said & {"sleep", "open", "environ", "getenv", "exec", "eval", "__import__"}, path


def test_suites_name_no_implementation() -> None:
    for path in SUITES:
        for text in _literals_and_names(path):
            words = {*text.lower().split(), text.lower()}
            assert not words & {*IMPLEMENTATIONS}, f"{path}: {text}"


def test_suites_hold_checks_and_data_only() -> None:
    for path in (CHECKOUT / "suites").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            data = path.parent.name == "known_failures" and path.suffix == ".yaml"
            assert data or (path.suffix == ".py" and path.name.startswith("test_")), path


def test_fixtures_import_lakeproof_and_pytest_only() -> None:
    for path in _sources(CHECKOUT / "fixtures"):
        for module, _ in _imports(path):
            assert module.partition(".")[0] in HARMLESS | {"lakeproof", "pytest", "fixtures"}


def test_fixtures_judge_nothing() -> None:
    for path in _sources(CHECKOUT / "fixtures"):
        assert "Violation" not in set(_literals_and_names(path)), path


def test_wire_knows_nothing_of_checks() -> None:
    for path in _sources(PACKAGE / "wire"):
        assert not _breaks(path, (*UPPER_ROOMS, "check", "credentials", "inventory", "emulator"))
        assert "pytest" not in _modules(path), path


@pytest.mark.parametrize(
    ("room", "must_not"),
    [
        ("credentials", (*UPPER_ROOMS, "check", "inventory", "emulator", "lake")),
        ("inventory", (*UPPER_ROOMS, "check", "emulator", "lake")),
        ("emulator", (*UPPER_ROOMS, "check", "credentials", "inventory", "lake")),
        (
            "store",
            ("plugin", "session", "expect", "known", "report", "check", "tree", *BELOW),
        ),
        ("peer", (*UPPER_ROOMS, "check", "credentials", "inventory", "lake")),
        ("mesh", ("plugin", "session", "check", "credentials", "emulator", "lake", "wire")),
        ("fleet", ("plugin", "session", "check", "credentials", "emulator", "lake", "wire")),
        ("machines", ("plugin", "session", "check", "credentials", "emulator", "lake", "wire")),
        ("blame", (*UPPER_ROOMS, "check", "credentials", "inventory", "emulator", "lake", "wire")),
    ],
)
def test_lower_room_does_not_look_up(room: str, must_not: tuple[str, ...]) -> None:
    for path in _sources(PACKAGE / room):
        assert not _breaks(path, must_not), path
        assert "pytest" not in _modules(path), path


def test_only_the_wire_and_servers_touch_the_network() -> None:
    doors = {"wire", "lake", "emulator", "peer", "fts"}
    for path in [*_sources(PACKAGE), *_sources(CHECKOUT / "fixtures")]:
        room = path.relative_to(PACKAGE).parts[0] if PACKAGE in path.parents else "fixtures"
        if room in doors or "tree" in path.relative_to(CHECKOUT).parts:
            continue
        used = {m.partition(".")[0] for m in _modules(path)} & NETWORK
        if PACKAGE in path.parents and path.relative_to(PACKAGE).as_posix() in FORKS:
            used -= {"multiprocessing"}
        if PACKAGE in path.parents and path.relative_to(PACKAGE).as_posix() in PROGRAMS:
            used -= {"subprocess"}
        assert not used, f"{path} imports {used}"


def test_only_the_command_line_imports_commands() -> None:
    for path in _sources(PACKAGE):
        if path.relative_to(PACKAGE).parts[0] not in ("cli.py", "commands", "tree"):
            assert not _breaks(path, ("commands",)), path


def test_nothing_imports_the_suites() -> None:
    for path in [*_sources(PACKAGE), *_sources(CHECKOUT / "fixtures")]:
        assert not {m for m in _modules(path) if m.partition(".")[0] in {"suites", "tests"}}, path


def test_nothing_of_a_run_needs_the_store_before_its_end() -> None:
    """SQLAlchemy takes as long to load as a small run takes: it is imported where it is used."""
    for path in _sources(PACKAGE):
        inside = path.relative_to(PACKAGE)
        if inside.parts[0] in {"store", "pages", "lake"} or inside in WITH_THE_STORE:
            continue
        top = ast.parse(path.read_text("utf-8")).body
        names = {node.module or "" for node in top if isinstance(node, ast.ImportFrom)}
        assert not {name for name in names if name.startswith(("lakeproof.store.", "sqlalchemy"))}
        assert "lakeproof.store" not in names, path


def test_words_and_results_need_no_network() -> None:
    for name in ("wording", "lookup", "known", "verdict", "check", "tree"):
        assert not _breaks(PACKAGE / f"{name}.py", ("wire", "session", "credentials"))


def test_catalogue_holds_no_code() -> None:
    files = [path for path in (PACKAGE / "catalogue").rglob("*") if path.is_file()]

    assert files
    assert {path.suffix for path in files} == {".yaml"}


def test_delete_guard_is_no_assert() -> None:
    root = ast.parse((PACKAGE / "wire" / "guard.py").read_text("utf-8"))

    assert not [node for node in ast.walk(root) if isinstance(node, ast.Assert)]


def test_library_prints_nothing() -> None:
    for path in _sources(PACKAGE):
        calls = [
            node.func
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Call)
        ]
        assert not [call for call in calls if isinstance(call, ast.Name) and call.id == "print"], (
            path
        )
