"""Where the checks are: in a checkout beside `src/`, in a wheel inside the package."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from lakeproof.check import Registry, registry

PACKAGE = Path(__file__).resolve().parent


def root() -> Path:
    """The folder with `suites/`, `fixtures/`, `conftest.py` and `endpoints.yaml`."""
    packaged = PACKAGE / "tree"
    return packaged if packaged.is_dir() else PACKAGE.parents[1]


def suites() -> Path:
    """The folder with one sub-folder a suite."""
    return root() / "suites"


def known_failures(name: str) -> Path:
    """The shipped known-failures file of an implementation, or the file `name` is a path of."""
    shipped = suites() / "known_failures" / f"{name}.yaml"
    return shipped if shipped.is_file() else Path(name)


def load_checks(folder: Path | None = None) -> Registry:
    """Import every check without running any; raises CheckDefinitionError for a bad one."""
    for path in sorted((folder or suites()).glob("*/test_*.py")):
        name = f"lakeproof_suites.{path.parent.name}.{path.stem}"
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None or name in sys.modules:
            continue
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        sys.modules[name] = module
    return registry
