"""What somebody is told who got a credential or a certificate wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakeproof.lake import Lake
from lakeproof.session.plan import ISSUERS
from tests.plugin.tree import Finished, finish, lakeproof_command
from tests.unit.wire.servers import Authority

pytestmark = pytest.mark.lake
# A recommendation that is not met (no IPv6 on the lake) is beside the point.
QUIET = {"pass", "blocked", "notrun", "unsupported", "nonstrict"}
# That one cause counts once in every suite is tried once with a bad door and once with a bad
# credential; what else may be wrong differs in what is said.
SOME = ("--suite=reachability", "--suite=webdav", "--suite=tokens", "--suite=issuer")


def _check(lake: Lake, folder: Path, *options: str, **env: str) -> Finished:
    out = folder / "out"
    command = lakeproof_command("check", lake.sites[0].url, f"--out={out}", *options)
    return finish(command, folder, out, env)


def _token_file(folder: Path, text: str, mode: int = 0o600) -> str:
    path = folder / "token"
    path.write_text(text)
    path.chmod(mode)
    return f"--token=file:{path}"


def _one_cause(run: Finished) -> tuple[str, str]:
    """Outcome and reason of the storage's one result that is not quiet."""
    rows = [row for row in run.results if row["site"] != ISSUERS]
    (cause,) = [row for row in rows if row["outcome"] not in QUIET]
    return cause["outcome"], f"{cause['blame']}: {cause['actual']}"


def test_wrong_ca(lake: Lake, credentials: list[str], tmp_path: Path) -> None:
    other = Authority(tmp_path).ca

    run = _check(lake, tmp_path, *credentials, f"--ca={other}")

    assert run.code == 1
    outcome, _ = _one_cause(run)
    assert outcome == "fail"
    failed = run.result("chain-is-trusted")
    assert failed["outcome"] == "fail"
    assert "certificate" in failed["actual"]
    assert run.outcomes["blocked"] > 40
    assert "Traceback" not in run.output


def test_missing_ca(lake: Lake, tmp_path: Path) -> None:
    run = _check(lake, tmp_path, *SOME, f"--ca={tmp_path}/gone.pem")

    assert run.code in (2, 3)
    assert "gone.pem" in run.output
    assert "Traceback" not in run.output


def test_token_file_that_others_can_read(lake: Lake, tmp_path: Path) -> None:
    source = _token_file(tmp_path, "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2lnbmF0dXJl", 0o644)

    run = _check(lake, tmp_path, *SOME, f"--ca={lake.ca}", source)

    assert run.code in (2, 3)
    assert "chmod 600" in run.output
    assert "c2lnbmF0dXJl" not in run.output
    assert "Traceback" not in run.output


def test_token_that_is_no_token(lake: Lake, tmp_path: Path) -> None:
    run = _check(
        lake, tmp_path, *SOME, f"--ca={lake.ca}", _token_file(tmp_path, "hello-i-am-no-token")
    )

    assert run.code == 2
    outcome, reason = _one_cause(run)
    assert outcome == "error"
    assert reason.startswith("credential: ")
    assert "JWT" in reason
    assert "hello-i-am" not in run.output


def test_token_that_is_html(lake: Lake, tmp_path: Path) -> None:
    page = "<!doctype html><html><body>Please log in</body></html>"

    run = _check(lake, tmp_path, *SOME, f"--ca={lake.ca}", _token_file(tmp_path, page))

    assert run.code == 2
    assert _one_cause(run)[1].startswith("credential: ")


def test_missing_variable(lake: Lake, tmp_path: Path) -> None:
    run = _check(lake, tmp_path, *SOME, f"--ca={lake.ca}", "--token=env:NO_SUCH_TOKEN")

    assert run.code == 2
    assert "NO_SUCH_TOKEN is not set" in _one_cause(run)[1]


def test_token_on_the_command_line_is_not_repeated(lake: Lake, tmp_path: Path) -> None:
    token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"

    run = _check(lake, tmp_path, f"--ca={lake.ca}", f"--token={token}")

    assert run.code == 3
    assert "never belongs on the command line" in run.output
    assert "c2lnbmF0dXJl" not in run.output


def test_wrong_client_secret(lake: Lake, credentials: list[str], tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("not-the-secret")
    secret.chmod(0o600)

    run = _check(lake, tmp_path, *SOME, *credentials, f"--client-secret-file={secret}")

    assert run.code == 2
    outcome, reason = _one_cause(run)
    assert (outcome, reason.partition(":")[0]) == ("error", "credential")
    assert "not-the-secret" not in run.output
    issuer = {row["outcome"] for row in run.results if row["site"] == ISSUERS}
    assert issuer <= {"pass", "blocked", "notrun"}  # our secret is no defect of the issuer


def test_wrong_scope_root(lake: Lake, credentials: list[str], tmp_path: Path) -> None:
    run = _check(lake, tmp_path, *SOME, *credentials, "--scope-root=/")

    assert run.code == 2
    outcome, reason = _one_cause(run)
    assert outcome == "error"
    assert "--scope-root" in reason


def test_no_credential_at_all(lake: Lake, tmp_path: Path) -> None:
    run = _check(lake, tmp_path, f"--ca={lake.ca}")

    assert run.code == 2
    outcome, reason = _one_cause(run)
    assert outcome == "error"
    assert "--token" in reason or "credential" in reason
