"""Macaroons and client certificates."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from pymacaroons import Macaroon

from .conftest import Authority, Client, Element, Issuer

REQUEST = {"Content-Type": "application/macaroon-request"}


def ask(client: Client, *caveats: str, path: str = "/", **more: Any) -> requests.Response:  # noqa: ANN401
    body = {"caveats": list(caveats), "validity": "PT10M", **more.pop("body", {})}
    return client("POST", path, headers=REQUEST, json=body, **more)


def test_a_macaroon_does_what_its_activities_say(element: Element) -> None:
    client = element()
    client("PUT", "/f", data=b"x")
    down = ask(client, "activity:DOWNLOAD").json()["macaroon"]
    up = ask(client, "activity:UPLOAD").json()["macaroon"]
    assert client("GET", "/f", token=down).content == b"x"
    assert client("PUT", "/g", data=b"", token=down).status_code == 403
    assert client("PUT", "/g", data=b"", token=up).status_code == 201
    assert client("GET", "/f", token=up).status_code == 403
    assert client("DELETE", "/f", token=up).status_code == 403


@pytest.mark.parametrize(
    ("caveat", "fault"),
    [
        ("activity:LIST", "macaroon-activity-ignored"),
        ("path:/data/other", "macaroon-path-ignored"),
        ("before:2020-01-01T00:00:00Z", "macaroon-before-ignored"),
        ("moon:full", "macaroon-unknown-caveat-accepted"),
    ],
)
def test_a_client_may_narrow_its_macaroon(element: Element, caveat: str, fault: str) -> None:
    client = element()
    client("PUT", "/f", data=b"x")
    macaroon = Macaroon.deserialize(ask(client).json()["macaroon"])
    macaroon.add_first_party_caveat(caveat)
    narrowed = macaroon.serialize()
    assert client("GET", "/f", token=narrowed).status_code in {401, 403}
    client.server.faults = frozenset({fault})
    assert client("GET", "/f", token=narrowed).status_code == 200


def test_a_forged_macaroon_is_refused(element: Element) -> None:
    client, other = element(), element()
    foreign = ask(other).json()["macaroon"]
    assert client("GET", "/f", token=foreign).status_code == 401
    client.server.faults = frozenset({"macaroon-signature-ignored"})
    assert client("GET", "/f", token=foreign).status_code == 404


def test_a_macaroon_never_exceeds_its_requester(element: Element, issuer: Issuer) -> None:
    client = element()
    client("PUT", "/f", data=b"x")
    reader = issuer.token("storage.read:/f")
    macaroon = ask(client, "activity:DOWNLOAD,UPLOAD,DELETE", token=reader).json()["macaroon"]
    assert client("GET", "/f", token=macaroon).status_code == 200
    assert client("DELETE", "/f", token=macaroon).status_code == 403


def test_bad_requests_get_no_macaroon(element: Element) -> None:
    client = element()
    assert ask(client, token=None).status_code == 401
    assert ask(client, "moon:full").status_code == 400
    assert ask(client, body={"validity": "soon"}).status_code == 400
    macaroon = ask(client).json()["macaroon"]
    assert ask(client, token=macaroon).status_code == 403
    xrootd = element(dialect="xrootd")
    assert xrootd("POST", "/", headers=REQUEST, json={}).status_code == 400


def test_xrootd_hands_macaroons_out_by_oauth(element: Element) -> None:
    client = element(dialect="xrootd")
    url = f"{client.server.url}/.well-known/oauth-authorization-server"
    endpoint = client("GET", url, token=None).json()["token_endpoint"]
    form = {"grant_type": "client_credentials", "expire_in": "60", "scope": "UPLOAD:/data"}
    token = client("POST", endpoint, data=form).json()["access_token"]
    assert client("PUT", "/f", data=b"", token=token).status_code == 201
    assert client("GET", "/f", token=token).status_code == 403


def test_certificates(element: Element, authority: Authority) -> None:
    client = element(client_ca=authority.ca, members=("/CN=alice",))
    for name, status in (("alice", 201), ("bob", 403), ("alicette", 403)):
        pem, key = authority.sign(name)
        client.session.cert = (str(pem), str(key))
        assert client("PUT", f"/{name}", data=b"", token=None).status_code == status
        client.session.close()
    client.session.cert = None
    assert client("PUT", "/f", data=b"", token=None).status_code == 401
    assert client("PUT", "/f", data=b"").status_code == 201


def test_an_expired_certificate_is_refused(element: Element, authority: Authority) -> None:
    client = element(client_ca=authority.ca)
    pem, key = authority.sign("old", days=-1)
    client.session.cert = (str(pem), str(key))
    with pytest.raises(requests.exceptions.ConnectionError):
        client("GET", "/", token=None)
    client.server.faults = frozenset({"x509-expired-accepted"})
    assert client("GET", "/", token=None).status_code == 200
