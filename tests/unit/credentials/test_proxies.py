"""Derived proxies and impostors, judged by OpenSSL as a server would."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest

from lakeproof.credentials import proxies
from lakeproof.lake import ca
from lakeproof.wire.auth import ClientCert

GOOD = ("proxy", "limited", "independent", "elliptic", "long-chain")
BAD = ("expired", "foreign-signature", "too-deep", "self-signed", "unknown-authority")


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pki")
    authority = ca.make_authority()
    (folder / "ca.pem").write_bytes(authority.certificate_pem)
    for name in ("alice", "bob"):
        ca.write_credential(ca.issue(authority, name), folder / f"{name}.pem")
    return folder


def _credential(path: Path) -> ClientCert:
    return ClientCert(path, path)


def _accepted(pki: Path, made: ClientCert) -> bool:
    """Whether `openssl verify` takes the chain in the file, as servers do that allow proxies."""
    file, trusted = str(made.certificate), str(pki / "ca.pem")
    command = ["openssl", "verify", "-allow_proxy_certs", "-CAfile", trusted, "-untrusted", file]
    return subprocess.run([*command, file], capture_output=True, check=False).returncode == 0


def test_every_kind_is_tested() -> None:
    assert set(proxies.KINDS) == {*GOOD, *BAD}


@pytest.mark.parametrize("kind", proxies.KINDS)
def test_kind_is_what_openssl_thinks_of_it(pki: Path, tmp_path: Path, kind: str) -> None:
    made = proxies.derive(_credential(pki / "alice.pem"), kind, tmp_path)

    assert _accepted(pki, made) == (kind in GOOD)
    assert stat.S_IMODE(made.key.stat().st_mode) == stat.S_IRUSR | stat.S_IWUSR


@pytest.mark.parametrize("kind", ["proxy", "person"])
def test_nobody_can_sign_in_anothers_name(pki: Path, tmp_path: Path, kind: str) -> None:
    alice, bob = (_credential(pki / f"{name}.pem") for name in ("alice", "bob"))

    made = proxies.impersonate(bob, alice, kind, tmp_path)

    subject = proxies.Holder.read(made).subject.rfc4514_string()
    assert subject.endswith(proxies.Holder.read(alice).subject.rfc4514_string())
    assert not _accepted(pki, made)


def test_limit_of_the_given_proxy_is_kept(pki: Path, tmp_path: Path) -> None:
    deep = proxies.derive(_credential(pki / "alice.pem"), "too-deep", tmp_path)

    assert proxies.Holder.read(_credential(pki / "alice.pem")).depth is None
    with pytest.raises(proxies.TooDeepError, match="chain of 1"):
        proxies.derive(deep, "proxy", tmp_path)


def test_keys_are_gone_afterwards() -> None:
    with proxies.key_folder() as folder:
        (folder / "key").touch()

    assert not folder.exists()
