"""curl works with the endpoint: what everybody has, and what administrators try first."""

from __future__ import annotations

from lakeproof import (
    MEDIUM,
    SHOULD,
    ClientCert,
    Curl,
    Expect,
    PayloadOf,
    StorageElement,
    check,
)

SIZE = 70_001
# From 1 MiB on curl waits for 100 (Continue) before it sends a file.
LARGE = 1024 * 1024 + 7
BEGUN = 30_000


@check(
    req="curl/upload",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"tls-agrees-to-http2"},
    rows={"CLI-06"},
)
def test_curl_uploads_a_file(
    se: StorageElement, curl: Curl, payload: PayloadOf, expect: Expect
) -> None:
    """curl should upload a file, byte for byte.

    Scripts of small communities know no other client.
    """
    path, data = se.workdir / "by-curl", payload(LARGE)
    raw = se.put(se.workdir / "plain", data)
    expect.control(raw)

    ran = curl.upload(data, (se, path))

    expect.managed(ran, raw)
    expect.content(se, path, data)


@check(
    req="curl/download",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"tls-agrees-to-http2"},
    rows={"CLI-06"},
)
def test_curl_downloads_a_file(
    se: StorageElement, curl: Curl, payload: PayloadOf, expect: Expect
) -> None:
    """curl should download a file, byte for byte.

    Scripts of small communities know no other client.
    """
    path, data = se.workdir / "file", payload(SIZE)
    expect.control(se.put(path, data))
    raw = se.get(path)
    expect.control(raw)

    ran = curl.download((se, path))

    expect.managed(ran, raw)
    expect.received(ran, data)


@check(
    req="curl/resume",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"tls-agrees-to-http2"},
    rows={"CLI-06"},
)
def test_curl_goes_on_with_a_download(
    se: StorageElement, curl: Curl, payload: PayloadOf, expect: Expect
) -> None:
    """curl should go on with a download that broke off, byte for byte.

    Over long lines large files come in pieces, or never.
    """
    path, data = se.workdir / "file", payload(SIZE)
    expect.control(se.put(path, data))
    raw = se.part(path, f"bytes={BEGUN}-")
    expect.control(raw)
    expect.given(len(raw.body) == SIZE - BEGUN, "a plain GET does not get the rest of a file")

    ran = curl.resume((se, path), next(data.chunks(BEGUN)))

    expect.managed(ran, raw)
    expect.received(ran, data)


@check(
    req="curl/upload",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write", "x509"},
    catches={"tls-agrees-to-http2"},
    rows={"CLI-02"},
)
def test_curl_uploads_and_downloads_with_proxy(
    se: StorageElement, curl: Curl, user_proxy: ClientCert, payload: PayloadOf, expect: Expect
) -> None:
    """curl should upload and download with an X.509 proxy and no token.

    It is how an administrator finds out whether certificates work at all.
    """
    path, data = se.workdir / "by-curl", payload(SIZE)
    raw = se.put(se.workdir / "plain", data, auth=user_proxy)
    expect.control(raw)

    up = curl.upload(data, (se, path), user_proxy)
    expect.managed(up, raw)
    down = curl.download((se, path), user_proxy)

    expect.managed(down, raw)
    expect.received(down, data)
