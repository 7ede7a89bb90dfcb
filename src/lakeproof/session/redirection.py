"""Whether a door hands clients on to data servers, and where a redirect leads."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from urllib.parse import urljoin, urlsplit

from lakeproof.inventory.door import Door
from lakeproof.session.probe import Probe
from lakeproof.verdict import Blocked
from lakeproof.wire.guard import origin_of
from lakeproof.wire.reply import Reply
from lakeproof.wire.storage import StorageElement

REDIRECTS = range(300, 400)


def hands_on(storage: StorageElement, directory: PurePosixPath) -> bool:
    """Whether a read, or an upload that waits for 100, is redirected; raises Blocked."""
    path = directory / "redirected"
    stored = storage.put(path, b"who keeps this?")
    if not stored.ok:
        raise Blocked(f"whether the door redirects is not known: {stored.describe()}")
    if storage.get(path, follow=False).status in REDIRECTS:
        return True
    waiting = storage.put(
        directory / "redirected-upload",
        b"who takes this?",
        headers={"Expect": "100-continue"},
        follow=False,
    )
    return waiting.status in REDIRECTS


def target_of(reply: Reply, ca: Path | None, timeout_s: float) -> Probe:
    """A probe of the server that a redirect names; raises Blocked when it names none."""
    location = reply.headers.get("Location", "")
    if reply.status not in REDIRECTS or not location:
        raise Blocked(f"this request is not redirected: {reply.describe()}")
    url = urljoin(reply.url, location)
    scheme, host, port = origin_of(url)
    if scheme not in ("https", "http") or not host or port is None:
        raise Blocked("the redirect names no server of http or https")
    path = PurePosixPath(urlsplit(url).path or "/")
    return Probe(Door("https" if scheme == "https" else "http", host, port, path), ca, timeout_s)
