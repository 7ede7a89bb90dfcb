from __future__ import annotations

import base64
import json
import zlib
from hashlib import md5
from urllib.parse import urlsplit

import pytest
import requests

from lakeproof.lake import Lake
from lakeproof.lake.ca import OTHER_VO
from lakeproof.lake.layout import PLAIN_CLIENT
from lakeproof.lake.voms import proxy_of
from tests.lake.doors import CONTENT, Doors

pytestmark = pytest.mark.lake


def test_put_and_get_with_tokens_of_both_algorithms(doors: Doors) -> None:
    for site in (doors.a, doors.b):
        doors.put(site, "put")
        for algorithm in ("RS256", "ES256"):
            token = doors.token("storage.read:/put", alg=algorithm)
            assert doors.ask("GET", site, "put", token=token).content == CONTENT


def test_without_a_credential_nothing_is_open(doors: Doors) -> None:
    doors.put(doors.a, "closed")

    for method, path in (("GET", "closed"), ("GET", ""), ("PUT", "new"), ("DELETE", "closed")):
        assert doors.ask(method, doors.a, path).status_code in (401, 403), (method, path)
    assert doors.ask("GET", doors.a, "closed", token=doors.token()).content == CONTENT


def test_a_token_for_one_site_is_refused_by_the_other(doors: Doors) -> None:
    for site in (doors.a, doors.b):
        doors.put(site, "audience")
    only_b = doors.token(audience=doors.b.audience)

    assert doors.ask("GET", doors.b, "audience", token=only_b).ok
    assert doors.ask("GET", doors.a, "audience", token=only_b).status_code in (401, 403)


@pytest.mark.parametrize(
    "odd",
    [
        {"lifetime": "-30"},
        {"lake_claims": json.dumps({"iss": "https://other.lakeproof.test"})},
        {"lake_claims": json.dumps({"sub": "alice", "scope": "storage.read:/elsewhere"})},
        {"lake_header": json.dumps({"kid": "unknown"})},
    ],
    ids=["expired", "other-issuer", "no-scope-but-alice", "unknown-key"],
)
def test_a_token_that_does_not_fit_is_refused(doors: Doors, odd: dict[str, str]) -> None:
    doors.put(doors.a, "fit")

    reply = doors.ask("GET", doors.a, "fit", token=doors.token("storage.read:/", **odd))

    assert reply.status_code in (401, 403)


def test_a_narrow_token_is_narrow(doors: Doors) -> None:
    doors.put(doors.a, "narrow")
    read = doors.token("storage.read:/narrow")

    assert doors.ask("GET", doors.a, "narrow", token=read).ok
    assert doors.ask("PUT", doors.a, "narrow", token=read, body=b"").status_code in (401, 403)


def test_checksums_are_those_of_the_content(doors: Doors) -> None:
    doors.put(doors.a, "sum")
    expected = {
        "adler32": f"{zlib.adler32(CONTENT):08x}",
        "md5": base64.b64encode(md5(CONTENT, usedforsecurity=False).digest()).decode(),
    }

    for algorithm, value in expected.items():
        wanted = {"Want-Digest": algorithm}
        reply = doors.ask("HEAD", doors.a, "sum", token=doors.token(), headers=wanted)
        assert reply.headers["Digest"] == f"{algorithm}={value}"
    wanted = {"Want-Digest": "crc32c"}
    reply = doors.ask("HEAD", doors.a, "sum", token=doors.token(), headers=wanted)
    assert reply.headers["Digest"].startswith("crc32c=")


@pytest.mark.parametrize("direction", ["pull", "push"])
def test_third_party_copy_works_both_ways(doors: Doors, direction: str) -> None:
    for source, target in ((doors.a, doors.b), (doors.b, doors.a)):
        name = f"{direction}-to-{target.short}"
        doors.put(source, name)

        assert doors.copy(direction, source, target, name).startswith("success")

        assert doors.get(target, name) == CONTENT


def test_certificates_open_the_door_to_alice_only(doors: Doors) -> None:
    doors.put(doors.a, "x509")
    secret = doors.lake.layout

    assert doors.ask("GET", doors.a, "x509", cert=secret.credential("alice")).content == CONTENT
    assert doors.ask("GET", doors.a, "x509", cert=secret.credential("bob")).status_code == 403


def test_voms_attributes_open_the_door_to_bob(doors: Doors) -> None:
    doors.put(doors.a, "voms")
    proxy = proxy_of(doors.lake.layout, "bob")

    assert doors.ask("GET", doors.a, "voms", cert=proxy).content == CONTENT


def test_attributes_of_another_vo_open_nothing(doors: Doors) -> None:
    doors.put(doors.a, "pond")
    proxy = proxy_of(doors.lake.layout, "bob", OTHER_VO)

    assert doors.ask("GET", doors.a, "pond", cert=proxy).status_code == 403
    assert doors.ask("PUT", doors.a, "of-the-pond", cert=proxy, body=b"").status_code == 403


def test_macaroon_is_given_and_obeyed(doors: Doors) -> None:
    doors.put(doors.a, "macaroon")
    asked = json.dumps({"caveats": ["activity:DOWNLOAD"], "validity": "PT10M"})
    kind = {"Content-Type": "application/macaroon-request"}
    alice = doors.lake.layout.credential("alice")

    reply = doors.ask("POST", doors.a, "macaroon", cert=alice, headers=kind, body=asked)
    macaroon = reply.json()["macaroon"]

    assert doors.ask("GET", doors.a, "macaroon", token=macaroon).content == CONTENT
    assert doors.ask("PUT", doors.a, "macaroon", token=macaroon, body=b"").status_code == 403
    assert doors.ask("GET", doors.b, "macaroon", token=macaroon).status_code == 403


def test_ordinary_client_works_too(doors: Doors) -> None:
    doors.put(doors.a, "ordinary")
    secret = doors.lake.layout.client_secret(PLAIN_CLIENT).read_text().strip()
    form = {"grant_type": "client_credentials", "scope": "storage.read:/ordinary"}

    reply = requests.post(
        f"{doors.lake.issuer}/token",
        data=form,
        auth=(PLAIN_CLIENT, secret),
        verify=str(doors.lake.ca),
        timeout=10,
    )

    token = reply.json()["access_token"]
    assert doors.ask("GET", doors.a, "ordinary", token=token).content == CONTENT


def test_sites_have_names_of_their_own_where_the_machine_allows(lake: Lake) -> None:
    urls = [urlsplit(site.url) for site in lake.sites]

    assert len({url.netloc for url in urls}) == len(urls)
    if urls[0].hostname != "localhost":
        assert len({url.hostname for url in urls}) == len(urls)
