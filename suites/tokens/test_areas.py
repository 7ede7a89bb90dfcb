"""What a community's token is good for outside its own area, and what a refusal tells."""

import re

from lakeproof import (
    CRITICAL,
    LOW,
    MUST,
    SHOULD,
    Expect,
    ForeignFile,
    StorageElement,
    TokenFor,
    check,
)

TRACE = re.compile(
    r"\bat [\w.$/]+\([\w.]+:\d+\)|Traceback \(most recent call last\)|#\d+ +0x[0-9a-f]"
)


@check(
    req="wlcg-jwt/authorisation",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write", "token-scopes", "foreign"},
    catches={"scope-outside-prefix"},
    rows={"SCP-22", "B2.15"},
)
def test_token_is_of_no_use_in_the_area_of_others(
    se: StorageElement, token: TokenFor, foreign: ForeignFile, expect: Expect
) -> None:
    """A community's token, even for "/", must not read a file of another community.

    A storage serves several communities; each issuer could give itself the data of all.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"ours"))
    everything = token(f"storage.read:{foreign.scope_root}")
    expect.control(se.get(path, auth=everything))

    expect.refused(se.get(foreign.path, auth=everything))


@check(
    req="lakeproof/plain-refusal",
    level=SHOULD,
    severity=LOW,
    needs={"webdav", "write", "token-scopes"},
    catches={"scope-denied-trace"},
    rows={"SCP-28"},
)
def test_refusal_shows_no_stack_trace(se: StorageElement, token: TokenFor, expect: Expect) -> None:
    """A refusal should not show the server's stack trace.

    It tells an attacker which software and version runs, and a user nothing.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"input"))
    read = token(f"storage.read:{se.workdir}")
    expect.control(se.get(path, auth=read))

    reply = se.delete(path, auth=read)

    expect.given(not reply.ok, "it was not refused, which is a check of its own")
    shown = TRACE.search(reply.text)
    expect.that(shown is None, "a refusal without a stack trace", f"it shows {reply.text[:80]}")
