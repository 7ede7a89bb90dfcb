"""Several requests over one connection: each gets its own answer, and nothing else."""

from lakeproof import ANONYMOUS, CRITICAL, HIGH, MEDIUM, MUST, SHOULD, Expect, StorageElement, check


@check(
    req="rfc9112/pipelining",
    level=MUST,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"pipelined-answers-swapped"},
    rows={"NET-18"},
)
def test_pipelined_requests_are_answered_in_order(se: StorageElement, expect: Expect) -> None:
    """Requests that are sent without waiting must be answered in their order.

    The answers carry no names: a client takes the missing file's for the present one's, and
    transfers it again or declares it lost.
    """
    present, missing = se.workdir / "present", se.workdir / "missing"
    expect.control(se.put(present, b"here"))
    asked = se.raw("HEAD", present), se.raw("HEAD", missing)
    alone = [reply.status for one in asked for reply in se.speak(one, enough=1).replies]
    expect.given(len(set(alone)) == 2, f"present and missing are not told apart: {alone}")  # noqa: PLR2004
    said = se.speak(*asked, enough=2)
    got = [reply.status for reply in said.replies]
    # A server may close a connection after any answer; the rest is then asked again.
    whole = got == alone or (said.closed and got == alone[: len(got)])
    expect.that(whole, f"answers {alone}, as each gets alone", said.describe())


@check(
    req="rfc9112/pipelining",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"pipelined-after-upload-lost"},
    rows={"NET-18"},
)
def test_request_behind_an_upload_is_answered(se: StorageElement, expect: Expect) -> None:
    """A request that comes together with the end of an upload should be answered as well.

    A client or a proxy that sends the two in one packet waits for an answer until it gives up,
    and holds a connection for nothing.
    """
    upload = se.raw("PUT", se.workdir / "stored", body=(b"data",))
    missing = se.raw("GET", se.workdir / "missing")
    in_turn = se.speak(upload, missing, in_turn=True, enough=2)
    expect.given(len(in_turn.replies) == 2, f"not even in turn: {in_turn.describe()}")  # noqa: PLR2004
    said = se.speak(upload, missing)
    whole = len(said.replies) == 2 or said.closed  # noqa: PLR2004
    expect.that(whole, "two answers, or an end of the connection", said.describe())


@check(
    req="rfc9112/extra-data",
    level=MUST,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"keep-alive-garbage"},
    rows={"NET-18"},
)
def test_upload_is_followed_by_nothing_of_its_own(se: StorageElement, expect: Expect) -> None:
    """A connection over which a file was stored must go on with the answer to the next request.

    Bytes left over from the upload's answer are taken for the next one, so that a file which
    is missing appears to exist, with somebody else's content.
    """
    missing = se.raw("GET", se.workdir / "missing")
    alone = se.speak(missing, enough=1).replies
    expect.given(bool(alone) and not alone[0].ok, "a missing file cannot be told from one")
    upload = se.raw("PUT", se.workdir / "stored", body=(b"data",))
    said = se.speak(upload, missing, in_turn=True, enough=2)
    expect.given(bool(said.replies), f"no answer to the upload: {said.describe()}")
    after = [reply.status for reply in said.replies[1:]]
    own = after == [alone[0].status] or (said.closed and not after)
    expect.that(own, f"the second answer is {alone[0].status}, as alone", said.describe())


@check(
    req="rfc9112/read-or-close",
    level=MUST,
    severity=CRITICAL,
    needs={"webdav", "write"},
    catches={"unread-body-is-next-request"},
    rows={"NET-17", "NET-18"},
)
def test_unread_body_is_not_the_next_request(se: StorageElement, expect: Expect) -> None:
    """A body that the server does not want must be read all the same, or the connection closed.

    Its bytes are otherwise carried out as requests: whoever can choose the content of a body
    chooses what is done over a connection that others share.
    """
    hidden, missing = se.workdir / "hidden", se.raw("GET", se.workdir / "missing", auth=ANONYMOUS)
    made = se.speak(se.raw("MKCOL", se.workdir / "control"), enough=1).replies
    expect.given(bool(made), "no answer to a plain request")
    expect.control(made[0])
    alone = se.speak(missing, enough=1).replies
    expect.given(bool(alone), "no answer to a plain request")

    outer = se.raw("MKCOL", se.workdir / "outer", body=(se.raw("MKCOL", hidden),))
    said = se.speak(outer, missing, in_turn=True)

    expect.absent(se, hidden)
    after = [reply.status for reply in said.replies[1:]]
    own = after == [alone[0].status] or (said.closed and not after)
    expect.that(own, f"the next answer is {alone[0].status}, as alone", said.describe())
