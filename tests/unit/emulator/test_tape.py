"""The simulated tape system behind the Tape REST API, and the storage resource report."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import PurePosixPath

import pytest
import requests

from .conftest import Client, Element, Issuer

FILE = "/data/tape/f"


def eventually(ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not ready():
        assert time.monotonic() < deadline, "did not happen within 10 s"
        time.sleep(0.02)


def api(client: Client, method: str, path: str, **more: object) -> requests.Response:
    return client(method, f"{client.server.url}/api/v1/{path}", **more)


def locality(client: Client, path: str = FILE) -> dict[str, str]:
    found: dict[str, str] = api(client, "POST", "archiveinfo", json={"paths": [path]}).json()[0]
    return found


def on_tape(element: Element, **more: object) -> Client:
    """An element whose only file of the tape area has left the disk."""
    client = element(tape_path=PurePosixPath("/data/tape"), **more)
    client("PUT", "/tape/f", data=b"precious")
    eventually(lambda: locality(client)["locality"] == "DISK_AND_TAPE")
    client.server.element.tape.evict(PurePosixPath(FILE))
    return client


def test_discovery_leads_to_the_api(element: Element) -> None:
    client = element(tape_path=PurePosixPath("/data/tape"))
    url = f"{client.server.url}/.well-known/wlcg-tape-rest-api"
    endpoint = client("GET", url, token=None).json()["endpoints"][0]
    assert endpoint == {"uri": f"{client.server.url}/api/v1", "version": "v1"}


def test_a_file_goes_to_tape_and_comes_back(element: Element) -> None:
    client = on_tape(element)
    assert locality(client) == {"path": FILE, "locality": "TAPE"}
    assert client("GET", "/tape/f").status_code == 409
    asked = api(client, "POST", "stage/", json={"files": [{"path": FILE}], "x": {"y": 1}})
    assert asked.status_code == 201
    status = asked.headers["Location"]
    eventually(lambda: client("GET", status).json()["files"][0]["state"] == "COMPLETED")
    assert client("GET", "/tape/f").content == b"precious"
    identifier = asked.json()["requestId"]
    release = api(client, "POST", f"release/{identifier}", json={"paths": [FILE]})
    assert release.status_code == 200
    assert locality(client)["locality"] == "TAPE"
    assert client("DELETE", status).status_code == 200
    assert client("GET", status).status_code == 404


def test_a_cancel_with_a_foreign_path_does_nothing(element: Element) -> None:
    client = on_tape(element)
    asked = api(client, "POST", "stage", json={"files": [{"path": FILE}]})
    cancel = f"stage/{asked.json()['requestId']}/cancel"
    refused = api(client, "POST", cancel, json={"paths": [FILE, "/data/other"]})
    assert refused.status_code == 400
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert {"status", "title"} <= refused.json().keys()
    assert api(client, "POST", cancel, json={"paths": [FILE]}).status_code == 200
    file = client("GET", asked.headers["Location"]).json()["files"][0]
    assert file["state"] == "CANCELLED"
    assert "finishedAt" in file


def test_what_is_not_on_tape(element: Element, issuer: Issuer) -> None:
    client = element(tape_path=PurePosixPath("/data/tape"))
    client("PUT", "/f", data=b"x")
    assert locality(client, "/data/f")["locality"] == "DISK"
    assert set(locality(client, "/data/none")) == {"path", "error"}
    assert api(client, "POST", "stage", json={"files": []}).status_code == 400
    assert api(client, "POST", "stage", data=b"{").status_code == 400
    climbing = {"files": [{"path": "/data/tape/../x"}]}
    assert api(client, "POST", "stage", json=climbing).status_code == 400
    there = api(client, "POST", "stage", json={"files": [{"path": "//data/f"}]})
    assert client("GET", there.headers["Location"]).json()["files"][0]["path"] == "/data/f"
    poller = issuer.token("storage.poll:/")
    body = {"paths": ["/data/f"]}
    assert api(client, "POST", "archiveinfo", json=body, token=poller).status_code == 200
    stage = {"files": [{"path": "/data/f"}]}
    assert api(client, "POST", "stage", json=stage, token=poller).status_code == 403
    assert api(client, "POST", "stage", json=stage, token=None).status_code == 401


TAPE = PurePosixPath("/data/tape")


@pytest.mark.parametrize(("chosen", "status"), [(None, 501), (True, 201)])
def test_eos_comes_with_staging_off(element: Element, chosen: bool | None, status: int) -> None:
    client = element(dialect="eos", tape_path=TAPE, tape_staging=chosen)
    client("PUT", "/f", data=b"x")
    asked = api(client, "POST", "stage", json={"files": [{"path": "/data/f"}]})
    assert asked.status_code == status
    assert asked.headers["Content-Type"].endswith("json")


def test_the_tape_service_of_storm_is_another_server(element: Element) -> None:
    client = element(dialect="storm", tape_path=TAPE, on_tape=(TAPE / "old",))
    document = client("GET", f"{client.server.url}/.well-known/wlcg-tape-rest-api").json()
    uri = document["endpoints"][0]["uri"]
    asked = {"paths": ["/data/tape/old"]}
    assert not uri.startswith(client.server.url)
    assert client("POST", f"{uri}/archiveinfo", json=asked).json()[0]["locality"] == "TAPE"
    assert client("POST", f"{uri}/archiveinfo", json=asked, token=None).status_code == 401
    assert not api(client, "POST", "archiveinfo", json=asked).ok


def test_dcache_keeps_what_is_released_and_tells_milliseconds(element: Element) -> None:
    client = element(dialect="dcache", tape_path=TAPE, on_tape=(TAPE / "old",))
    base, path = f"{client.server.url}/api/v1/tape", "/data/tape/old"
    asked = client("POST", f"{base}/stage", json={"files": [{"path": path}]})
    status = asked.headers["Location"]
    eventually(lambda: client("GET", status).json()["files"][0]["state"] == "COMPLETED")
    release = f"{base}/release/{asked.json()['requestId']}"
    assert client("POST", release, json={"paths": [path]}).status_code == 200
    found = client("POST", f"{base}/archiveinfo", json={"paths": [path]}).json()
    assert found[0]["locality"] == "DISK_AND_TAPE"
    assert client("GET", status).json()["createdAt"] > 1000 * (time.time() - 60)


def test_the_report_and_the_quota_agree(element: Element) -> None:
    client = element(dialect="dcache", quota=1000)
    client("PUT", "/f", data=bytes(100))
    report = client("GET", f"{client.server.url}/api/v1/srr", token=None).json()
    service = report["storageservice"]
    share = service["storageshares"][0]
    assert (share["totalsize"], share["usedsize"]) == (1000, 100)
    assert "path" not in share
    assert service["implementation"] == "dCache"
    assert b"quota-used-bytes>100<" in client("PROPFIND", "/", headers={"Depth": "0"}).content
