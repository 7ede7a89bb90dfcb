from __future__ import annotations

import pytest

from lakeproof.blame import Kind, read_reason

# As FTS 3 (url-copy, gfal2) and Rucio 41 word them.
WORDS = [
    ("SOURCE [2] HTTP 404 : File not found", "SOURCE", Kind.MISSING),
    ("SOURCE [1] HTTP 403 : Permission refused", "SOURCE", Kind.DENIED),
    ("SOURCE [13] HTTP 401 : Authentication Error", "SOURCE", Kind.DENIED),
    (
        "SOURCE [5] User-defined and source ADLER32 checksum do not match (6ce4 != 20eb)",
        "SOURCE",
        Kind.CHECKSUM,
    ),
    (
        "SOURCE [22] User-defined and source file size mismatch (3000 != 2000)",
        "SOURCE",
        Kind.SIZE,
    ),
    (
        "SOURCE [95] CHECKSUM The storage gives no ADLER32 checksum",
        "SOURCE",
        Kind.NO_CHECKSUM,
    ),
    ("SOURCE [113] connection refused by localhost:1", "SOURCE", Kind.UNREACHABLE),
    ("DESTINATION [28] HTTP 507 : Insufficient Storage", "DESTINATION", Kind.ROOM),
    (
        "DESTINATION [17] Destination file exists and overwrite is not enabled",
        "DESTINATION",
        Kind.EXISTS,
    ),
    ("TRANSFER [110] TRANSFER Operation timed out", "TRANSFER", Kind.UNREACHABLE),
    ("TRANSFER [93] Protocol not supported or path/url invalid", "TRANSFER", Kind.NO_PROTOCOL),
    ("TRANSFER [5] Source and destination file size mismatch (1 != 0)", "TRANSFER", Kind.SIZE),
    ("TRANSFER [70] Communication error on send", "TRANSFER", Kind.OTHER),
    ('No delegation found for "/O=lake/CN=alice"', "", Kind.EXPIRED),
    ("AGENT [1] The proxy has expired", "AGENT", Kind.EXPIRED),
    ("Job has been canceled because it stayed in the queue for too long", "", Kind.OTHER),
]


@pytest.mark.parametrize(("text", "scope", "kind"), WORDS, ids=[text[:40] for text, *_ in WORDS])
def test_words_of_fts(text: str, scope: str, kind: Kind) -> None:
    for said in (text, f"RequestErrMsg.TRANSFER_FAILED:{text}", f"TRANSFER_FAILED:{text}"):
        reason = read_reason(said)

        assert (reason.text, reason.scope, reason.kind) == (text, scope, kind)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("RequestErrMsg.NO_SOURCES:RequestState.NO_SOURCES", Kind.NO_SOURCE),
        ("MissingSourceReplica", Kind.NO_SOURCE),
        ("RequestErrMsg.MISMATCH_SCHEME:RequestState.MISMATCH_SCHEME", Kind.NO_PROTOCOL),
        ("RequestErrMsg.SUBMISSION_FAILED:RequestState.SUBMISSION_FAILED", Kind.SUBMISSION),
        ("RequestErrMsg.TRANSFER_FAILED:Transfer job on FTS is lost", Kind.LOST),
        ("There is not enough quota left to fulfil the operation.", Kind.QUOTA),
        ("", Kind.NONE),
        (None, Kind.NONE),
    ],
)
def test_words_of_rucio(text: str | None, kind: Kind) -> None:
    reason = read_reason(text)

    assert reason.kind is kind
    assert reason.scope == ""
