"""Where a redirect leads, and what may travel there."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from urllib.parse import parse_qsl, unquote, urljoin, urlsplit

from requests.structures import CaseInsensitiveDict

from lakeproof.wire.guard import origin_of

_SEE_OTHER = 303
_OLD_POST = frozenset({301, 302})
_SECRET_QUERY = frozenset({"authz", "access_token"})
_FOR_THE_OTHER_END = "transferheader"
_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "x-auth-token"})


class InsecureBearer(Exception):  # noqa: N818  reads as a fact
    """A token was about to travel over plain http; it never does."""


class RedirectError(Exception):
    """A redirect that cannot be followed: says why."""


def is_secret(name: str) -> bool:
    """True for a header that carries a credential, whoever it is for."""
    lower = name.lower()
    return lower in _SECRET_HEADERS or lower.endswith("authorization")


def refuse_plain(url: str, headers: CaseInsensitiveDict[str]) -> None:
    """Raise InsecureBearer when a credential would go out unencrypted."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return
    carrier = next((name for name in headers if is_secret(name)), None)
    if carrier is None:
        query = {key.lower() for key, _ in parse_qsl(parts.query, keep_blank_values=True)}
        carrier = next(iter(sorted(query & _SECRET_QUERY)), None)
    if carrier is not None:
        raise InsecureBearer(
            f"{carrier} is not sent to {parts.scheme}://{parts.netloc}: tokens need https"
        )


def next_url(current: str, status: int, location: str) -> str:
    """The absolute URL a redirect names; raises RedirectError when it cannot be followed."""
    if not location.strip():
        raise RedirectError(f"it names no Location with its {status}")
    url = urljoin(current, location.strip()).partition("#")[0]
    scheme, host, port = origin_of(url)
    if scheme not in ("http", "https") or not host or port is None:
        raise RedirectError(f"it redirects to {location}, which is not a URL of http or https")
    if url.lower().startswith("dav"):
        url = f"{scheme}{url[url.index('://') :]}"
    return url


def refuse_leak(headers: CaseInsensitiveDict[str], current: str, url: str) -> None:
    """Raise RedirectError when `url` takes the client's own credential out of the site.

    Clusters may hand a token on to their data servers in the URL, by design: within the domain of
    the door, or at an address of its host, and over https it is followed. RFC 6750 §5.3 advises
    against it, which is a check.
    """
    if origin_of(url) == origin_of(current) or _same_site(url, current):
        return
    if _is_an_address_of(url, current):
        return
    name = _own_secret_in(url, headers)
    if name is not None:
        raise RedirectError(
            f"it redirects to {urlsplit(url).netloc} with the client's own {name} in the URL, "
            "which is not followed"
        )


def _own_secret_in(url: str, headers: CaseInsensitiveDict[str]) -> str | None:
    """The name of the header whose credential the URL repeats, or None."""
    told = (url, unquote(url))
    for name, value in headers.items():
        secret = value.rpartition(" ")[2]
        if is_secret(name) and secret and any(secret in text for text in told):
            return name
    return None


def _same_site(url: str, current: str) -> bool:
    """Whether both are https and at one host, or in one domain of two labels or more."""
    (scheme, host, _), (_, door, _) = origin_of(url), origin_of(current)
    if scheme != "https" or not host:
        return False
    domain = door.partition(".")[2]
    is_name = "." in domain and not domain.rpartition(".")[2].isdigit()
    return host == door or (is_name and host.endswith(f".{domain}"))


def _is_an_address_of(url: str, current: str) -> bool:
    """Whether `url` names the door's own host by address, as clusters without DNS names do."""
    (scheme, host, _), (_, door, _) = origin_of(url), origin_of(current)
    try:
        wanted = ip_address(host.strip("[]"))
        found = socket.getaddrinfo(door, None, type=socket.SOCK_STREAM)
    except (ValueError, OSError):
        return False
    return scheme == "https" and str(wanted) in {str(each[4][0]) for each in found}


def redirected_method(method: str, status: int) -> str:
    """The method after a redirect (RFC 9110 15.4): only 303, and 301/302 to POST, change it."""
    if status == _SEE_OTHER and method != "HEAD":
        return "GET"
    return "GET" if status in _OLD_POST and method == "POST" else method


def without_secrets(
    headers: CaseInsensitiveDict[str], current: str, url: str
) -> tuple[CaseInsensitiveDict[str], tuple[str, ...]]:
    """The headers that may travel on to `url`, and the names of those that may not.

    Credentials stay within one origin (scheme, host, port), and never leave https. What is for the
    other end of a copy goes on with it where the door hands the client's own token on to a data
    server of its site (`refuse_leak`): that server has to show it there.
    """
    origin = origin_of(url)
    if origin == origin_of(current) and origin[0] == "https":
        return headers, ()
    inside = _same_site(url, current) or _is_an_address_of(url, current)
    handed_on = inside and _own_secret_in(url, headers) is not None
    dropped = tuple(
        name
        for name in headers
        if is_secret(name) and not (handed_on and name.lower().startswith(_FOR_THE_OTHER_END))
    )
    kept = CaseInsensitiveDict({n: v for n, v in headers.items() if n not in dropped})
    return kept, dropped
