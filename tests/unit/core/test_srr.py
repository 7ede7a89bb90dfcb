"""Where a storage resource report is looked for, and what a document says."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from types import SimpleNamespace
from typing import Any, cast

from lakeproof.inventory import Endpoint
from lakeproof.session.endpoint import EndpointSession
from lakeproof.session.report import find_report
from lakeproof.srr import FoundReport
from lakeproof.wire.auth import ANONYMOUS, Bearer, Credential
from lakeproof.wire.reply import NotReached, Reply

DOOR = "https://se.example.org:443"
TOKEN = Bearer("secret", label="a token")


def _share(name: str, *paths: str, **other: object) -> dict[str, Any]:
    sizes = {"timestamp": 1, "totalsize": 100, "usedsize": 1e1, "vos": ["lake"]}
    return {"name": name, **sizes, **({"path": list(paths)} if paths else {}), **other}


def _document(*shares: dict[str, Any], **other: object) -> bytes:
    service = {"implementation": "x", "implementationversion": "1", "storageendpoints": []}
    return json.dumps({"storageservice": {**service, "storageshares": shares, **other}}).encode()


def _found(body: bytes) -> FoundReport:
    return FoundReport(Reply("GET", DOOR, 200, "OK", body=body), ())


@dataclass
class FakeClient:
    """Answers by request target and credential; notes what was asked."""

    answers: dict[tuple[str, Credential], tuple[int, bytes]]
    asked: list[tuple[str, Credential]] = field(default_factory=list)

    def request(self, method: str, path: str, *, auth: Credential, max_body: int) -> Reply:
        assert max_body > 0
        self.asked.append((path, auth))
        if path == "/silent":
            raise NotReached("timeout", "nothing came", DOOR + path)
        status, body = self.answers.get((path, auth), (404, b""))
        return Reply(method, DOOR + path, status, body=body)


def _session(client: FakeClient, report: str = "auto") -> EndpointSession:
    doors = {"webdav": f"{DOOR}/area", "srr": report}
    endpoint = Endpoint.model_validate({"name": "SE", "doors": doors})
    session = SimpleNamespace(
        target=SimpleNamespace(endpoint=endpoint),
        door=endpoint.door,
        identification=TOKEN,
        client=client,
        fingerprint=SimpleNamespace(technology="storm"),
    )
    return cast(EndpointSession, session)


def test_report_is_found_at_a_usual_place() -> None:
    client = FakeClient({("/info/report.json", TOKEN): (200, _document(_share("all")))})

    found = find_report(_session(client))

    assert found.published
    assert "/srr.json" in found.tried[0]


def test_report_that_refuses_the_credential_is_asked_for_anonymously() -> None:
    answers = {
        ("/mine", TOKEN): (403, b""),
        ("/mine", cast(Credential, ANONYMOUS)): (200, _document()),
    }
    client = FakeClient(answers)

    found = find_report(_session(client, "https://se.example.org/mine"))

    assert found.published
    assert client.asked == [("/mine", TOKEN), ("/mine", ANONYMOUS)]


def test_declared_place_is_the_only_one_and_its_silence_is_told() -> None:
    client = FakeClient({("/srr.json", TOKEN): (200, _document())})

    found = find_report(_session(client, "https://se.example.org/silent"))

    assert not found.published
    assert "nothing came" in found.tried[0]


def test_page_that_is_no_report_is_none() -> None:
    client = FakeClient({("/srr.json", TOKEN): (200, b"<html>")})

    assert not find_report(_session(client)).published


def test_departures_from_the_schema_are_named() -> None:
    sound, quoted = _share("a", id="1"), _share("b", totalsize="100")
    del quoted["vos"]

    assert _found(_document(sound, lastupdated=5)).problems == []
    problems = _found(_document(sound, quoted)).problems
    assert [text.partition(":")[0] for text in problems] == [
        "storageservice.storageshares.1.totalsize",
        "storageservice.storageshares.1.vos",
    ]
    assert _found(_document(quoted)).service is None


def test_share_is_the_deepest_that_holds_the_path() -> None:
    found = _found(_document(_share("all", "/lake"), _share("tape", "/lake/tape")))

    names = {
        path: share.name if (share := found.share_of(PurePosixPath(path))) else None
        for path in ("/lake/tape/f", "/lake/tapes/f", "/elsewhere")
    }

    assert names == {"/lake/tape/f": "tape", "/lake/tapes/f": "all", "/elsewhere": None}
    assert _found(_document(_share("only"))).share_of(PurePosixPath("/any")) is not None
