from __future__ import annotations

import shutil
import ssl
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from lakeproof.lake import ca
from lakeproof.wire.authorities import subject_hash


@pytest.fixture(scope="module")
def authority() -> ca.Identity:
    return ca.make_authority()


def test_hashed_directory_is_one_that_openssl_reads(authority: ca.Identity, tmp_path: Path) -> None:
    ca.write_trust(authority, tmp_path / "ca.pem", tmp_path / "certificates")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(capath=str(tmp_path / "certificates"))
    ca.write_credential(ca.issue(authority, "h", ["localhost"]), tmp_path / "h.pem")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "h.pem")

    assert _handshake(context, server, "localhost")


def test_hash_is_the_one_openssl_prints(authority: ca.Identity, tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the openssl program to compare with")
    path = tmp_path / "ca.pem"
    path.write_bytes(authority.certificate_pem)

    printed = subprocess.check_output([openssl, "x509", "-noout", "-hash", "-in", path], text=True)

    assert subject_hash(authority.certificate.subject) == printed.strip()


def test_host_certificate_names_hosts_and_addresses(authority: ca.Identity) -> None:
    certificate = ca.issue(authority, "a.test", ["a.test", "127.0.0.1", "::1"]).certificate

    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value

    assert names.get_values_for_type(x509.DNSName) == ["a.test"]
    assert [str(a) for a in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
    assert certificate.not_valid_after_utc > datetime.now(UTC)


def test_credentials_are_private_and_kept(authority: ca.Identity, tmp_path: Path) -> None:
    first = ca.issue_missing(authority, {"alice": []}, tmp_path)["alice"]
    again = ca.issue_missing(authority, {"alice": []}, tmp_path)["alice"]

    assert (tmp_path / "alice.pem").stat().st_mode & 0o777 == 0o600
    assert again.certificate == first.certificate
    assert first.subject == "/O=LakeproofGrid/CN=alice"


def test_certificate_is_new_when_the_hosts_change(authority: ca.Identity, tmp_path: Path) -> None:
    first = ca.issue_missing(authority, {"a": ["localhost"]}, tmp_path)["a"]
    again = ca.issue_missing(authority, {"a": ["a.test", "localhost"]}, tmp_path)["a"]

    assert again.certificate != first.certificate


def _handshake(client: ssl.SSLContext, server: ssl.SSLContext, name: str) -> bool:
    wires = [ssl.MemoryBIO() for _ in range(2)]
    ends = [
        client.wrap_bio(wires[0], wires[1], server_hostname=name),
        server.wrap_bio(wires[1], wires[0], server_side=True),
    ]
    done = [False, False]
    for _ in range(10):
        for index, end in enumerate(ends):
            try:
                end.do_handshake()
                done[index] = True
            except ssl.SSLWantReadError:
                continue
    return all(done)
