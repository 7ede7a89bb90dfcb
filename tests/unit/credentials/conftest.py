"""Fixtures of the credentials' tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from joserfc.jwk import RSAKey

from tests.unit.credentials import tiny_issuer


@pytest.fixture
def mint() -> tiny_issuer.Mint:
    return tiny_issuer.mint


@pytest.fixture
def issuer_key() -> RSAKey:
    return tiny_issuer.KEY


@pytest.fixture
def issuer(tmp_path: Path) -> Iterator[tiny_issuer.TinyIssuer]:
    with tiny_issuer.running(tmp_path) as running:
        yield running
