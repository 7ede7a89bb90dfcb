"""No secret that the lake ever gave out is in anything that a run wrote or printed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lakeproof.lake import Lake
from tests.plugin.tree import Finished

pytestmark = pytest.mark.lake
SHORTEST = 12


def _issued(lake: Lake) -> Iterator[str]:
    """Each token whole, and its payload and signature, which forged tokens were made with."""
    for token in set(lake.layout.issued.read_text().split()):
        yield token
        yield from token.split(".")[1:]


def _kept(lake: Lake) -> Iterator[str]:
    """Client secrets, macaroon secrets, private keys: what is in the lake's secret folder."""
    for path in lake.layout.secret.iterdir():
        if path in (lake.layout.public_keys, lake.layout.issued) or not path.is_file():
            continue
        text = path.read_text()
        if path.suffix == ".json":
            yield from _private_parts(json.loads(text))
        elif path.suffix == ".pem":
            yield from _key_lines(text)
        else:
            yield text.strip()


def _private_parts(keys: Any) -> Iterator[str]:  # noqa: ANN401  JSON
    if isinstance(keys, dict):
        yield from (str(keys[name]) for name in ("d", "p", "q", "dp", "dq", "qi") if name in keys)
    for value in keys.values() if isinstance(keys, dict) else keys:
        if isinstance(value, dict | list):
            yield from _private_parts(value)


def _key_lines(text: str) -> Iterator[str]:
    inside = False
    for line in text.splitlines():
        if line.startswith("-----"):
            inside = "BEGIN" in line and "PRIVATE KEY" in line
        elif inside:
            yield line


def _written(run: Finished) -> Iterator[tuple[str, bytes]]:
    yield "what was printed", run.output.encode()
    for path in run.out.rglob("*"):
        if path.is_file() and not path.is_symlink():
            yield str(path.relative_to(run.out)), path.read_bytes()


def test_no_secret_in_any_file(lake: Lake, whole_run: Finished, url_run: Finished) -> None:
    issued, kept = set(_issued(lake)), set(_kept(lake))
    secrets = {secret.encode() for secret in issued | kept if len(secret) >= SHORTEST}
    files = [*_written(whole_run), *_written(url_run)]
    everything = b"\n".join(content for _, content in files)

    leaked = {secret for secret in secrets if secret in everything}

    places = {name for secret in leaked for name, content in files if secret in content}
    assert not leaked, sorted(places)


def test_search_looks_where_secrets_would_be(
    lake: Lake, whole_run: Finished, url_run: Finished
) -> None:
    issued, kept = list(_issued(lake)), list(_kept(lake))
    names = {Path(name).name for name, _ in [*_written(whole_run), *_written(url_run)]}

    assert len(issued) > 100
    assert lake.client_secret_file.read_text().strip() in kept
    assert len(kept) > 20
    assert {"results.jsonl", "run.json", "junit.xml"} <= names
    assert any(name.endswith("-attachment.txt") for name in names)
    assert any(name.startswith("tokens.") and name.endswith(".txt") for name in names)


def test_transcripts_show_placeholders_instead(whole_run: Finished) -> None:
    texts = [path.read_text() for path in (whole_run.folder / "transcripts").rglob("*.txt")]

    assert any("Authorization: Bearer $TOKEN" in text for text in texts)
