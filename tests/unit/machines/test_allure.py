"""`lakeproof export allure`: with Allure's generator where it is, and with what stands for it."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lakeproof.cli import group
from lakeproof.machines.allure import FROM_ELSEWHERE

HERE = Path(__file__).parents[3]
PATH = f"{HERE}/.npm/node_modules/.bin:{HERE}/.venv/bin:{os.environ['PATH']}"
COUNTER = '<script async src="https://www.example.org/count?id=1"></script>'


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run's folder with one result as allure-pytest writes it."""
    folder = tmp_path / "lp-1"
    (folder / "allure-results").mkdir(parents=True)
    (folder / "results.jsonl").touch()
    result = {
        "uuid": "1",
        "historyId": "1",
        "name": "webdav.files.put on SE",
        "fullName": "suites.webdav.test_files#test_put",
        "status": "failed",
        "start": 1,
        "stop": 2,
        "labels": [{"name": "site", "value": "SITE"}],
    }
    (folder / "allure-results" / "1-result.json").write_text(json.dumps(result))
    return folder


def _export(run: Path, path: str, monkeypatch: pytest.MonkeyPatch) -> Result:
    monkeypatch.setenv("PATH", path)
    return CliRunner().invoke(group, ["export", "allure", str(run), "--into", f"{run}/allure.html"])


def _program(folder: Path, version: str, page: str) -> str:
    """Something called `allure`; gives the PATH on which it is found."""
    folder.mkdir()
    program = folder / "allure"
    program.write_text(
        f"""#!/bin/sh
if [ "$1" = --version ]; then echo {version}; exit; fi
out=$(sed 's/.*"output": "\\([^"]*\\)".*/\\1/' "$3")
[ -d "$6" ] && mkdir -p "$out" && echo '{page}' >"$out/index.html"
"""
    )
    program.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def test_report_is_one_file_that_loads_nothing(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _program(tmp_path / "bin", "3.18.0", f"<p>one</p>{COUNTER}<script>two</script>")

    done = _export(run, path, monkeypatch)

    assert (done.exit_code, done.output) == (0, "")
    assert (run / "allure.html").read_text() == "<p>one</p><script>two</script>\n"


def test_allure_2_is_refused(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = _export(run, _program(tmp_path / "bin", "2.30.0", ""), monkeypatch)

    assert done.exit_code == 3
    assert "is Allure 2.30.0, and 3 is needed: npm install --global allure@3" in done.output


def test_without_allure_or_its_results_it_says_so(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Allure 3 is not installed" in _export(run, str(tmp_path), monkeypatch).output

    shutil.rmtree(run / "allure-results")
    done = _export(run, str(tmp_path), monkeypatch)
    assert (done.exit_code, done.output) == (3, f"there is no allure-results in {run}\n")


@pytest.mark.skipif(
    not (HERE / ".npm" / "node_modules" / "allure").is_dir(),
    reason="needs Allure 3: script/bootstrap --with-fleet",
)
def test_real_generator(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = _export(run, PATH, monkeypatch)

    assert done.exit_code == 0, done.output
    page = (run / "allure.html").read_text("utf-8")
    assert "lakeproof lp-1" in page
    assert 'src="https://' not in page.partition("</head>")[2]
    assert not FROM_ELSEWHERE.search(page)
