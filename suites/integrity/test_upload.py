"""Uploads that bring their checksum along: Digest, Content-MD5, Repr-Digest."""

import base64
import hashlib

from lakeproof import (
    CRITICAL,
    HIGH,
    MAY,
    MEDIUM,
    MUST,
    SHOULD,
    Expect,
    Payload,
    StorageElement,
    check,
)

DATA = b"content that brings its checksum along"
OTHER = b"content that is not what arrives here."
OLD = b"the old content"


def _digest(data: bytes) -> dict[str, str]:
    return {"Digest": f"adler32={Payload.of(data).adler32}"}


def _content_md5(data: bytes) -> dict[str, str]:
    value = hashlib.md5(data, usedforsecurity=False).digest()
    return {"Content-MD5": base64.b64encode(value).decode()}


def _repr_digest(data: bytes) -> dict[str, str]:
    value = hashlib.sha256(data).digest()
    return {"Repr-Digest": f"sha-256=:{base64.b64encode(value).decode()}:"}


@check(
    req="rfc3230/with-request",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"put-good-digest-refused"},
    rows={"CKS-08"},
)
def test_upload_with_right_digest_is_accepted(se: StorageElement, expect: Expect) -> None:
    """An upload with its adler32 in a Digest header should be accepted.

    The careful client must not be worse off than the careless one: a right checksum that is
    refused makes the whole upload impossible.
    """
    path = se.workdir / "f"
    expect.control(se.put(se.workdir / "without", DATA))

    reply = se.put(path, DATA, headers=_digest(DATA))

    expect.success(reply)
    expect.content(se, path, DATA)


@check(
    req="rfc1864/content-md5",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"put-good-digest-refused"},
    rows={"CKS-08"},
)
def test_upload_with_right_content_md5_is_accepted(se: StorageElement, expect: Expect) -> None:
    """An upload with its MD5 in a Content-MD5 header should be accepted.

    Many older tools send it without being asked; they cannot upload at all otherwise.
    """
    path = se.workdir / "f"
    expect.control(se.put(se.workdir / "without", DATA))

    reply = se.put(path, DATA, headers=_content_md5(DATA))

    expect.success(reply)
    expect.content(se, path, DATA)


@check(
    req="rfc9530/with-request",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"put-good-digest-refused"},
    rows={"CKS-08"},
)
def test_upload_with_right_repr_digest_is_accepted(se: StorageElement, expect: Expect) -> None:
    """An upload with its SHA-256 in a Repr-Digest field should be accepted.

    New clients and third-party copies send it; a storage that knows nothing of it ignores it.
    """
    path = se.workdir / "f"
    expect.control(se.put(se.workdir / "without", DATA))

    reply = se.put(path, DATA, headers=_repr_digest(DATA))

    expect.success(reply)
    expect.content(se, path, DATA)


@check(
    req="rfc3230/with-request",
    level=MAY,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"put-bad-digest-accepted"},
    rows={"CKS-09"},
)
def test_upload_with_wrong_digest_is_refused(se: StorageElement, expect: Expect) -> None:
    """An upload whose Digest header does not fit may be refused.

    Bytes that changed on their way are noticed at the only moment when the client can still
    send them again.
    """
    path = se.workdir / "f"
    expect.control(se.put(se.workdir / "without", DATA))

    expect.refused(se.put(path, DATA, headers=_digest(OTHER)))


@check(
    req="rfc1864/content-md5",
    level=MAY,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"put-bad-digest-accepted"},
    rows={"CKS-09", "B4.31"},
)
def test_upload_with_wrong_content_md5_is_refused(se: StorageElement, expect: Expect) -> None:
    """An upload whose Content-MD5 does not fit may be refused.

    Bytes that changed on their way are noticed at the only moment when the client can still
    send them again.
    """
    path = se.workdir / "f"
    expect.control(se.put(se.workdir / "without", DATA))

    expect.refused(se.put(path, DATA, headers=_content_md5(OTHER)))


@check(
    req="rfc9530/with-request",
    level=MAY,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"put-bad-digest-accepted"},
    rows={"CKS-09", "B4.31"},
)
def test_upload_with_wrong_repr_digest_is_refused(se: StorageElement, expect: Expect) -> None:
    """An upload whose Repr-Digest does not fit may be refused.

    Third-party copies hand the checksum over in this way; a storage that compares it needs no
    second look at the file.
    """
    path = se.workdir / "f"
    expect.control(se.put(se.workdir / "without", DATA))

    expect.refused(se.put(path, DATA, headers=_repr_digest(OTHER)))


@check(
    req="lakeproof/refused-upload",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write"},
    catches={"put-bad-digest-kept"},
    rows={"CKS-09", "B4.31"},
)
def test_refused_upload_leaves_no_file(se: StorageElement, expect: Expect) -> None:
    """An upload that is refused for its checksum must leave no file behind.

    The client was told that nothing is stored; what stays is a file known to be corrupt, and
    the next job reads it. Where checksums are not compared, the file is stored as it came.
    """
    path = se.workdir / "f"
    expect.control(se.put(se.workdir / "without", DATA))

    reply = se.put(path, DATA, headers=_content_md5(OTHER))

    if reply.ok:
        expect.content(se, path, DATA)
    else:
        expect.answered(reply)
        expect.absent(se, path)


@check(
    req="lakeproof/refused-upload",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write"},
    catches={"put-bad-digest-kept"},
    rows={"CKS-09"},
)
def test_refused_overwrite_keeps_the_old_file(se: StorageElement, expect: Expect) -> None:
    """An overwrite that is refused for its checksum must leave the old file as it was.

    A good file would be replaced by one that is known to be corrupt. Where checksums are not
    compared, the new file is stored as it came.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, OLD))

    reply = se.put(path, DATA, headers=_content_md5(OTHER))

    if reply.ok:
        expect.content(se, path, DATA)
    else:
        expect.answered(reply)
        expect.unchanged(se, path, OLD)
