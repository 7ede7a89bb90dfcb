"""What Rucio's own protocol implementations make of a storage, step by step.

Runs in the environment that has rucio-clients: a JSON list of storages on standard input, each with
scheme, host, port, prefix, implementation and token; the same list on standard output, each with
`failed`: the steps of an upload and a deletion that did not end as they should, and why.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from typing import Any

os.environ["RUCIO_CLIENT_MODE"] = "1"
warnings.filterwarnings("ignore")  # the implementation webdav verifies no certificate

from rucio.rse import rsemanager  # noqa: E402  it reads the environment when it is imported

SIZE = 50_000
ABLE = {"read": 1, "write": 1, "delete": 1}


def _settings(storage: dict[str, Any]) -> dict[str, Any]:
    protocol = {
        "scheme": storage["scheme"],
        "hostname": storage["host"],
        "port": storage["port"],
        "prefix": storage["prefix"],
        "impl": storage["implementation"],
        "extended_attributes": None,
        "domains": {"lan": ABLE, "wan": ABLE},
    }
    return {
        "rse": "RSE",
        "id": "0" * 32,
        "deterministic": True,
        "verify_checksum": True,
        "sign_url": None,
        "lfn2pfn_algorithm": "hash",
        "domain": ["lan", "wan"],
        "protocols": [protocol],
        **{f"availability_{what}": True for what in ABLE},
    }


def _failed(storage: dict[str, Any]) -> Iterator[str]:
    name = f"file-{os.urandom(4).hex()}"
    used = rsemanager.create_protocol(_settings(storage), "write", auth_token=storage["token"])
    (final,) = used.lfns2pfns({"scope": "user.x", "name": name}).values()
    early = f"{final}.rucio.upload"
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/{name}", "wb") as stream:  # noqa: PTH123  as Rucio names it
            stream.write(os.urandom(SIZE))
        steps: list[tuple[str, Callable[[], Any], Callable[[Any], bool]]] = [
            ("connect", used.connect, lambda _: True),
            ("is not there", lambda: used.exists(final), lambda found: not found),
            ("put", lambda: used.put(name, early, folder), lambda _: True),
            ("stat", lambda: used.stat(early), lambda said: int(said["filesize"]) == SIZE),
            ("rename", lambda: used.rename(early, final), lambda _: True),
            ("is there", lambda: used.exists(final), bool),
            ("delete", lambda: used.delete(final), lambda _: True),
            ("is gone", lambda: used.exists(final), lambda found: not found),
        ]
        for step, do, is_right in steps:
            try:
                answer = do()
            except Exception as error:  # noqa: BLE001  whatever Rucio raises is its verdict
                yield f"{step}: {type(error).__name__}: {error}"
                continue
            if not is_right(answer):
                yield f"{step}: {answer}"


json.dump([{**each, "failed": list(_failed(each))} for each in json.load(sys.stdin)], sys.stdout)
