"""What answers behind the door, and what time it thinks it is."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from lakeproof import (
    ANONYMOUS,
    HIGH,
    MEDIUM,
    MUST,
    SHOULD,
    Expect,
    Probe,
    Reply,
    StorageElement,
    check,
)

MAX_SKEW_S = 60
CLOSED = (401, 403)


@check(
    req="rfc4918/dav-header",
    level=MUST,
    severity=HIGH,
    needs={"webdav"},
    catches={"html-login-page", "empty-reply", "not-http", "header-huge", "header-slow"},
)
def test_speaks_webdav(greeting: Reply, probe: Probe, se: StorageElement, expect: Expect) -> None:
    """The door must speak WebDAV at the path of the endpoint.

    A login page, a proxy's error page or another service on the port answers every request
    with 200 and HTML; clients that trust the code believe their data is stored.
    """
    expect.answered(greeting)
    if "DAV" in greeting.headers:
        return
    # Not every door says it on OPTIONS: a multistatus proves it as well, and a door that is
    # closed to strangers at least answers as a storage does.
    reply = se.propfind(probe.door.path, 0, auth=ANONYMOUS)
    if reply.status not in CLOSED:
        expect.multistatus(reply)


@check(
    req="wlcg-jwt/clock-skew",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"clock-skew"},
    rows={"NET-10"},
)
def test_clock_agrees(se: StorageElement, expect: Expect) -> None:
    """The endpoint's clock should be within 60 seconds of ours.

    A server whose clock is off refuses fresh tokens as not yet valid, accepts expired ones
    and breaks off third-party copies; the messages never mention time.
    """
    path = se.workdir / "clock"
    before = datetime.now(UTC)
    reply = se.put(path, b"tick")
    expect.control(reply)
    if "Date" in reply.headers:
        theirs = parsedate_to_datetime(reply.headers["Date"])
    else:  # not every storage sends it; the time it stored the file at tells as much
        modified = expect.multistatus(se.propfind(path, 0))[0].modified
        expect.given(modified is not None, "neither a Date header nor a time of modification")
        theirs = modified or before
    skew_s = abs((theirs - before).total_seconds())
    expect.that(
        skew_s <= MAX_SKEW_S,
        f"at most {MAX_SKEW_S} s between the endpoint's clock and ours",
        f"{skew_s:.0f} s apart (the endpoint says {theirs:%Y-%m-%d %H:%M:%S} UTC)",
    )
