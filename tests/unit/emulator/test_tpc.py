"""Third-party copy between elements of every dialect."""

from __future__ import annotations

import itertools

import pytest
import requests

from lakeproof.emulator import dialect_names

from .conftest import Client, Element

CONTENT = bytes(range(256)) * 10_000  # beyond the size at which a push waits for 100
SUCCESS, FAILURE = "success", "failure"


def copy(
    active: Client, passive: Client, *, pull: bool = True, path: str = "/f", **headers: str
) -> requests.Response:
    sent = {
        "Source" if pull else "Destination": f"{passive.server.url}/data{path}",
        "TransferHeaderAuthorization": f"Bearer {passive.token}",
        "Credential": "none",
    }
    sent.update({name.replace("_", ""): value for name, value in headers.items()})
    return active("COPY", path, headers=sent)


def last_line(reply: requests.Response) -> str:
    return reply.text.strip().rpartition("\n")[2]


@pytest.mark.parametrize(
    ("active", "passive", "pull"),
    [
        (*pair, pull)
        for pair in itertools.product(dialect_names(), repeat=2)
        for pull in (True, False)
        if "conformant" in pair or pair[0] == pair[1] or pair[1] in {"dcache", "eos"}
    ],
)
def test_every_pair_copies(element: Element, active: str, passive: str, pull: bool) -> None:
    one, other = element(dialect=active), element(dialect=passive)
    source, target = (other, one) if pull else (one, other)
    source("PUT", "/f", data=CONTENT)
    reply = copy(one, other, pull=pull)
    assert reply.status_code in {201, 202}, reply.text
    assert last_line(reply) == "success: Created", reply.text
    assert target("GET", "/f").content == CONTENT
    assert f"Stripe Bytes Transferred: {len(CONTENT)}" in reply.text


def test_an_empty_file_and_an_odd_name_copy(element: Element) -> None:
    one, other = element(), element()
    other("PUT", "/a%20b%25", data=b"")
    assert last_line(copy(one, other, path="/a%20b%25")).startswith(SUCCESS)
    assert one("HEAD", "/a%20b%25").headers["Content-Length"] == "0"


@pytest.mark.parametrize("dialect", ["conformant", "xrootd"])
def test_a_missing_source_leaves_nothing(element: Element, dialect: str) -> None:
    one, other = element(dialect=dialect), element()
    reply = copy(one, other)
    assert "404" in reply.text
    assert "failure" in reply.text
    assert one("HEAD", "/f").status_code == 404


def test_a_wrong_partner_token_fails_without_telling_it(element: Element) -> None:
    one, other = element(), element()
    other("PUT", "/f", data=b"x")
    reply = copy(one, other, TransferHeaderAuthorization="Bearer very-secret-text")
    assert last_line(reply).startswith(FAILURE)
    assert "very-secret-text" not in reply.text
    assert one("HEAD", "/f").status_code == 404


@pytest.mark.parametrize("pull", [True, False])
def test_overwrite(element: Element, pull: bool) -> None:
    one, other = element(), element()
    source, target = (other, one) if pull else (one, other)
    source("PUT", "/f", data=b"new")
    target("PUT", "/f", data=b"old")
    assert copy(one, other, pull=pull, Overwrite="F").status_code == 412
    assert target("GET", "/f").content == b"old"
    assert last_line(copy(one, other, pull=pull, Overwrite="T")).startswith(SUCCESS)
    assert target("GET", "/f").content == b"new"


def test_malformed_copies_are_refused(element: Element) -> None:
    one = element()
    one("PUT", "/f", data=b"x")
    url = f"{one.server.url}/data/f"
    cases = [
        ({}, 400),
        ({"Source": url, "Destination": url}, 400),
        ({"Source": url}, 403),
        ({"Source": "file:///etc/passwd"}, 501),
        ({"Source": url.replace("https://", "https://user:pass@")}, 400),
        ({"Source": "https:///nowhere"}, 400),
        ({"Source": "https://localhost:1/x", "Overwrite": "maybe"}, 400),
        ({"Source": "https://localhost:1/x", "Credential": "gridsite"}, 400),
        ({"Source": "https://localhost:1/x", "RequireChecksumVerification": "x"}, 400),
    ]
    for headers, status in cases:
        assert one("COPY", "/f", headers=headers).status_code == status, headers
    assert one("GET", "/f").content == b"x"


def test_an_unreachable_partner_is_a_failure(element: Element) -> None:
    one = element()
    for url in ("https://localhost:1/x", "https://no-such-host.invalid/x"):
        reply = one("COPY", "/f", headers={"Source": url})
        assert last_line(reply).startswith(FAILURE)


@pytest.mark.parametrize("fault", ["get-truncated", "get-reset", "digest-wrong"])
def test_a_bad_source_is_a_failure_and_leaves_nothing(element: Element, fault: str) -> None:
    one, other = element(), element(faults={fault})
    other("PUT", "/f", data=CONTENT)
    assert last_line(copy(one, other)).startswith(FAILURE)
    assert one("HEAD", "/f").status_code == 404


def test_required_verification_needs_a_checksum(element: Element) -> None:
    one, other = element(), element(faults={"digest-missing"})
    other("PUT", "/f", data=b"x")
    assert last_line(copy(one, other, RequireChecksumVerification="true")).startswith(FAILURE)
    assert one("HEAD", "/f").status_code == 404
    assert last_line(copy(one, other, RequireChecksumVerification="false")).startswith(SUCCESS)


def test_a_transfer_ends_with_its_client(element: Element) -> None:
    one, other = element(transfer_rate=200_000), element()
    other("PUT", "/f", data=CONTENT)
    sent = {
        "Source": f"{other.server.url}/data/f",
        "TransferHeaderAuthorization": f"Bearer {other.token}",
    }
    reply = one("COPY", "/f", headers=sent, stream=True)
    assert b"Perf Marker" in next(reply.iter_content(None))
    assert one.server.element.transfers == 1
    reply.close()
    one.session.close()
    for _ in range(200):
        if one.server.element.transfers == 0:
            break
        one("OPTIONS", "/")
    assert one.server.element.transfers == 0
    assert one("HEAD", "/f").status_code == 404
    assert not list(one.server.element.namespace.aside.iterdir())


def test_copy_within_the_element(element: Element) -> None:
    one = element()
    one("PUT", "/f", data=b"x")
    assert one("COPY", "/f", headers={"Destination": "/data/g"}).status_code == 201
    assert one("GET", "/g").content == b"x"


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ("tpc-pull-lies", "success"),
        ("tpc-empty-file", "success"),
        ("tpc-truncates", "success"),
        ("tpc-corrupts", "success"),
        ("tpc-success-before-close", "success"),
    ],
)
def test_lying_pulls(element: Element, fault: str, text: str) -> None:
    one, other = element(faults={fault}), element()
    other("PUT", "/f", data=CONTENT)
    assert last_line(copy(one, other)).startswith(text)
    assert one("GET", "/f").content != CONTENT
