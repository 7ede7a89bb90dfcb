"""The peer of an inventory: a mistake is named by its line, files count from the file's folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakeproof.inventory import InventoryError, load

TEXT = """\
version: 1
peer:
  url: {url}
  certificate: {certificate}
sites:
  - name: A
    endpoints:
      - {{name: A, doors: {{webdav: "davs://se.example.org/a"}}}}
"""


def _write(directory: Path, **said: str) -> Path:
    good = {"url": "https://peer.example.org:8443", "certificate": "file:peer.pem"}
    path = directory / "endpoints.yaml"
    path.write_text(TEXT.format(**{**good, **said}))
    return path


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ({"url": "http://peer.example.org"}, "3:8: peer.url: "),
        ({"url": "https://peer.example.org/x"}, "3:8: peer.url: "),
        ({"certificate": "peer.pem"}, "4:16: peer.certificate: "),
    ],
)
def test_mistake_is_named_by_its_place(tmp_path: Path, said: dict[str, str], place: str) -> None:
    path = _write(tmp_path, **said)

    with pytest.raises(InventoryError) as caught:
        load(path)

    assert caught.value.problems[0].startswith(f"{path}:{place}")


def test_certificate_counts_from_the_inventorys_folder(tmp_path: Path) -> None:
    (tmp_path / "peer.pem").write_text("x")

    peer = load(_write(tmp_path)).peer

    assert peer is not None
    assert peer.certificate_name.path() == tmp_path / "peer.pem"
    assert peer.key_name is None
