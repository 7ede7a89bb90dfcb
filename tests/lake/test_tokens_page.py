"""The page on tokens: what it says to type works as it stands; and `lakeproof token`."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from lakeproof.lake import Lake
from tests.plugin.tree import environment, lakeproof_command

pytestmark = pytest.mark.lake
PAGE = Path(__file__).parents[2] / "docs" / "tokens.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _environment(lake: Lake) -> dict[str, str]:
    commands = Path(lakeproof_command()[0]).parent
    return {
        **environment(),
        "LAKEPROOF_LAKE": str(lake.directory),
        "PATH": f"{commands}:{os.environ['PATH']}",
    }


def _shell(lake: Lake, folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", script],
        env=_environment(lake),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def _token(lake: Lake, folder: Path, *commands: str) -> subprocess.CompletedProcess[str]:
    return _shell(lake, folder, "\n".join(['eval "$(lakeproof lake env)"', "umask 077", *commands]))


def test_every_block_of_the_page_works(lake: Lake, tmp_path: Path) -> None:
    blocks = BLOCK.findall(PAGE.read_text("utf-8"))
    assert len(blocks) >= 7

    done = _shell(lake, tmp_path, "\n".join(blocks))

    assert done.returncode == 0, done.stderr
    assert "May         read everything" in done.stdout
    assert "Nothing is wrong with this token." in done.stdout
    assert "success" in done.stdout
    assert not list(tmp_path.iterdir())


def test_get_prints_the_token_alone(lake: Lake, tmp_path: Path) -> None:
    done = _token(lake, tmp_path, 'lakeproof token get --read / --for "$LAKE_A_URL"')
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+\n", done.stdout)
    assert done.stderr == ""


def test_get_without_an_issuer_says_what_to_give(lake: Lake, tmp_path: Path) -> None:
    done = _shell(lake, tmp_path, "lakeproof token get --read / || echo code $?")
    assert "which issuer? Give --issuer" in done.stderr
    assert "code 3" in done.stdout


@pytest.mark.parametrize(
    ("asked", "endpoint", "line"),
    [
        ("--read /", "LAKE_A_URL", "the server takes the token and shows the path"),
        (
            '--read / --for "$LAKE_B_URL"',
            "LAKE_A_URL",
            "it must refuse the token  [WLCG JWT 1.3 §2.1.1]",
        ),
        ("--read /elsewhere", "LAKE_A_URL", "it is for /elsewhere; /data lies above"),
        (
            '--read / --for "$LAKE_B_URL"',
            "LAKE_DCACHE_EMULATED_URL",
            "the server does not accept the token at all",
        ),
    ],
)
def test_endpoint_is_asked(
    lake: Lake, tmp_path: Path, asked: str, endpoint: str, line: str
) -> None:
    done = _token(
        lake,
        tmp_path,
        f"lakeproof token get {asked} > token",
        f'lakeproof token explain file:token --ca "$LAKE_CA" --endpoint "${endpoint}" || true',
    )
    assert line in done.stdout, done.stdout + done.stderr
    assert "eyJ" not in done.stdout


def test_dead_issuer_is_not_the_tokens_fault(lake: Lake, tmp_path: Path) -> None:
    """Without its authority the issuer is not believed: what is not known is said to be so."""
    done = _token(
        lake,
        tmp_path,
        "lakeproof token get --read / > token",
        "lakeproof token explain file:token || echo code $?",
    )
    assert "Not known   its signature was not looked at: " in done.stdout
    assert "code 2" in done.stdout


def test_program_gets_json(lake: Lake, tmp_path: Path) -> None:
    done = _token(
        lake,
        tmp_path,
        "lakeproof token get --read / > token",
        'lakeproof token explain file:token --offline --json | python3 -c "import json, sys; '
        "print(json.load(sys.stdin)['claims']['scope'])\"",
    )
    assert done.stdout == "storage.read:/\n", done.stderr


def test_file_that_others_may_read_is_refused(lake: Lake, tmp_path: Path) -> None:
    done = _token(
        lake,
        tmp_path,
        "lakeproof token get --read / > token",
        "chmod 644 token",
        "lakeproof token explain file:token || echo code $?",
    )
    assert "chmod 600" in done.stderr
    assert "code 2" in done.stdout
