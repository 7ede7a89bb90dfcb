"""Clients in processes of their own: ended in time, without secrets in what is shown."""

from __future__ import annotations

import sys
from pathlib import Path, PurePosixPath

import pytest
from cryptography import x509

from lakeproof.expect import expect
from lakeproof.lake import ca
from lakeproof.verdict import Violation
from lakeproof.wire.auth import Bearer
from lakeproof.wire.authorities import hashed_directory, subject_hash
from lakeproof.wire.clients.client import Installed
from lakeproof.wire.clients.curl import Curl
from lakeproof.wire.clients.davix import Davix
from lakeproof.wire.clients.gfal import Gfal
from lakeproof.wire.clients.running import Command, Ran, run
from lakeproof.wire.guard import GuardError
from lakeproof.wire.http import HttpClient, Timeouts, TlsConfig, WriteGuard
from lakeproof.wire.payload import Payload
from lakeproof.wire.reply import Reply
from lakeproof.wire.storage import StorageElement
from lakeproof.wire.transcript import Recorder

TOKEN = "a-token-that-nobody-may-see"
RUN = PurePosixPath("/area/run")


class _Wallet:
    def for_operation(self, method: str, path: PurePosixPath) -> Bearer:
        return Bearer(TOKEN)

    def for_macaroon(self, path: PurePosixPath) -> Bearer:
        return Bearer(TOKEN)


@pytest.fixture
def se() -> StorageElement:
    client = HttpClient(
        "https://localhost:1",
        tls=TlsConfig(None),
        timeouts=Timeouts(total_s=20),
        recorder=Recorder(),
        guard=WriteGuard(RUN),
    )
    return StorageElement("SE", client=client, directory=RUN, wallet=_Wallet())


def _run(script: str, timeout_s: float = 20, **kw: object) -> Ran:
    command = Command((sys.executable, "-I", "-c", script))
    return run(
        command,
        client="client 1.2",
        act="does it",
        url="https://localhost:1",
        auth_label="a token",
        recorder=Recorder(),
        timeout_s=timeout_s,
        **kw,  # type: ignore[arg-type]
    )


def test_client_that_hangs_is_ended() -> None:
    ran = _run("import time; time.sleep(600)", timeout_s=0.3)

    assert not ran.ok
    assert "had not ended at the deadline" in ran.describe()


def test_client_that_crashes_is_told_apart() -> None:
    ran = _run("import os; os.abort()")

    assert "was ended by signal 6" in ran.describe()


def test_endless_output_is_cut() -> None:
    ran = _run("import sys; [sys.stdout.write('x' * 9999) for _ in range(99)]")

    assert len(ran.out) < 100_000


def test_failure_says_what_server_and_client_did() -> None:
    ran = _run("import sys; sys.exit('error 400')")
    raw = Reply(method="PUT", url="https://localhost:1", status=201)

    with pytest.raises(Violation) as raised:
        expect.managed(ran, raw)

    assert "the server does it for a plain PUT (201); client 1.2 ended with 1: error 400" in str(
        raised.value
    )
    assert raised.value.evidence is ran.record


@pytest.mark.parametrize("kind", [Curl, Davix, Gfal])
def test_token_is_in_no_text(
    kind: type[Curl] | type[Davix] | type[Gfal], se: StorageElement, tmp_path: Path
) -> None:
    client = kind(Installed("client", "1.2", sys.executable), tmp_path)

    ran = client.download((se, RUN / "file"))

    assert TOKEN not in ran.record.text() + ran.record.curl() + ran.describe()
    assert "TOKEN_FILE" in ran.record.curl()
    assert str(tmp_path) not in ran.record.curl()


@pytest.mark.parametrize("kind", [Curl, Davix, Gfal])
def test_client_writes_in_the_run_directory_only(
    kind: type[Curl] | type[Davix] | type[Gfal], se: StorageElement, tmp_path: Path
) -> None:
    client = kind(Installed("client", "1.2", sys.executable), tmp_path)

    with pytest.raises(GuardError):
        client.upload(Payload.of(b"data"), (se, PurePosixPath("/area/others/file")))
    assert not se.client.recorder.current.exchanges


def test_rename_is_guarded_at_both_ends(se: StorageElement, tmp_path: Path) -> None:
    client = Davix(Installed("davix", "0.8.4", sys.executable), tmp_path)

    with pytest.raises(GuardError):
        client.rename(se, RUN / "file", PurePosixPath("/area/others/file"))
    with pytest.raises(GuardError):
        client.rename(se, PurePosixPath("/area/others/file"), RUN / "file")


def test_certificate_file_becomes_a_hashed_directory(tmp_path: Path) -> None:
    authority = ca.make_authority()
    file = tmp_path / "ca.pem"
    file.write_bytes(authority.certificate_pem * 2)

    directory = hashed_directory(file, tmp_path)

    assert directory is not None
    name = subject_hash(authority.certificate.subject)
    assert sorted(path.name for path in directory.iterdir()) == [f"{name}.0", f"{name}.1"]
    found = x509.load_pem_x509_certificate((directory / f"{name}.0").read_bytes())
    assert found == authority.certificate


def test_received_file_is_compared(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"abc")
    ran = _run("", file=file)

    expect.received(ran, b"abc")
    for wrong in (b"abx", b"ab", b"abcd"):
        with pytest.raises(Violation):
            expect.received(ran, wrong)
    with pytest.raises(Violation, match="it wrote no file"):
        expect.received(_run("", file=tmp_path / "none"), b"abc")
