"""Authorities as many clients want them: a directory whose files are named by hash."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

USUAL = (Path("/etc/grid-security/certificates"), Path("/etc/ssl/certs"))


def subject_hash(name: x509.Name) -> str:
    """The 8 hex digits OpenSSL names a certificate by in a hashed directory.

    Source: X509_NAME_hash(3): SHA-1 of the canonical name (UTF8String, lower case, single
    spaces, no outer SEQUENCE), first four bytes, little endian.
    """
    canonical = x509.Name(
        [x509.NameAttribute(a.oid, " ".join(str(a.value).split()).lower()) for a in name]
    ).public_bytes()
    header = 2 + (canonical[1] & 0x7F if canonical[1] & 0x80 else 0)
    digest = hashlib.sha1(canonical[header:], usedforsecurity=False).digest()
    return f"{int.from_bytes(digest[:4], 'little'):08x}"


def hashed_directory(ca: Path | None, folder: Path) -> Path | None:
    """A hashed directory of the authorities in `ca`; made in `folder` when that is a file.

    Without `ca` the one that the environment names, else the system's; None where there is none.
    """
    if ca is not None:
        return ca if ca.is_dir() else _hashed(ca, folder / "certificates")
    named = os.environ.get("X509_CERT_DIR")
    return next(
        (each for each in (*([Path(named)] if named else []), *USUAL) if each.is_dir()), None
    )


def _hashed(ca: Path, into: Path) -> Path:
    if into.is_dir():
        return into
    into.mkdir()
    count: Counter[str] = Counter()
    for certificate in x509.load_pem_x509_certificates(ca.read_bytes()):
        digits = subject_hash(certificate.subject)
        (into / f"{digits}.{count[digits]}").write_bytes(certificate.public_bytes(Encoding.PEM))
        count[digits] += 1
    return into
