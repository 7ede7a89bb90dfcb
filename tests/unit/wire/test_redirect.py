"""What may travel along a redirect."""

from __future__ import annotations

import pytest
from requests.structures import CaseInsensitiveDict

from lakeproof.wire.redirect import RedirectError, refuse_leak, without_secrets

DOOR = "https://door.example.org:8443/f"
HEADERS = CaseInsensitiveDict({"Authorization": "Bearer made-up-token"})


@pytest.mark.parametrize(
    "target", ["https://door.example.org:9443/f", "https://disk7.example.org/f"]
)
def test_own_token_in_the_url_is_followed_within_the_site(target: str) -> None:
    refuse_leak(HEADERS, DOOR, f"{target}?authz=Bearer%20made-up-token")


@pytest.mark.parametrize(
    ("door", "target"),
    [
        (DOOR, "https://disk.example.net/f"),
        (DOOR, "http://door.example.org/f"),
        (DOOR, "https://badexample.org/f"),
        ("https://example.org/f", "https://other.org/f"),
        ("https://192.0.2.1/f", "https://192.0.2.2/f"),
    ],
)
def test_own_token_in_the_url_does_not_leave_the_site(door: str, target: str) -> None:
    with pytest.raises(RedirectError, match="Authorization in the URL"):
        refuse_leak(HEADERS, door, f"{target}?authz=Bearer%20made-up-token")


def test_own_token_in_the_url_is_followed_to_an_address_of_the_host() -> None:
    refuse_leak(HEADERS, "https://localhost:8443/f", "https://127.0.0.1:9443/f?authz=made-up-token")


@pytest.mark.parametrize(
    ("target", "dropped"),
    [
        ("https://disk7.example.org/f?authz=Bearer%20made-up-token", {"Authorization"}),
        ("https://disk7.example.org/f", {"Authorization", "TransferHeaderAuthorization"}),
        ("https://disk.example.net/f", {"Authorization", "TransferHeaderAuthorization"}),
    ],
)
def test_what_the_other_end_is_shown_goes_where_the_own_token_is_handed_on(
    target: str, dropped: set[str]
) -> None:
    headers = CaseInsensitiveDict({**HEADERS, "TransferHeaderAuthorization": "Bearer of-another"})

    _, left_out = without_secrets(headers, DOOR, target)

    assert set(left_out) == dropped
