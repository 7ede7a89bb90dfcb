"""Marker streams of every technology, and of servers that get them wrong."""

from __future__ import annotations

import ssl
from pathlib import PurePosixPath

import pytest

from lakeproof.wire.auth import ANONYMOUS, Bearer
from lakeproof.wire.reply import Reply
from lakeproof.wire.tpc import MarkerParser, TpcEnd, copy, transfer_of
from tests.unit.wire.conftest import Connect, Serve
from tests.unit.wire.servers import Peer

DCACHE = b"""Perf Marker
    Timestamp: 1656000000
    State: Queued on pool
    State description: querying file metadata
    Stripe Index: 0
    Total Stripe Count: 1
End
Perf Marker
    Timestamp: 1656000005
    State: Running
    State description: Mover created
    Stripe Index: 0
    Stripe Start Time: 1656000000
    Stripe Last Transferred: 1656000004
    Stripe Transfer Time: 4
    Stripe Bytes Transferred: 49397760
    Stripe Status: RUNNING
    Total Stripe Count: 1
    RemoteConnections: tcp:192.0.2.10:443
End
success: Created
"""
XROOTD = b"""Perf Marker
Timestamp: 1537788010
Stripe Index: 0
Stripe Bytes Transferred: 238745
Total Stripe Count: 1
RemoteConnections: tcp:129.93.3.4:1234,tcp:[2600:900:6:1301:268a:7ff:fef6:a590]:2345
End
success: Created"""
STORM = b"""Perf Marker
Timestamp: 1656000000
Stripe Index: 0
Stripe Bytes Transferred: 1048576
Total Stripe Count: 1
RemoteConnections: tcp:192.0.2.10:8443
Connection: tcp:192.0.2.11:4711:192.0.2.10:8443
End
success: Created"""
EOS = XROOTD.replace(b"\n", b"\r\n")
DPM = (
    b"Perf Marker\n\tTimestamp: 1656000000\n\tStripe Index: 0\n"
    b"\tStripe Bytes Transferred: 12\n\tTotal Stripe Count: 1\nEnd\nsuccess: Created\n"
)


def parsed(stream: bytes, step: int | None = None) -> MarkerParser:
    parser = MarkerParser()
    size = step or max(len(stream), 1)
    for start in range(0, len(stream), size):
        parser.feed(stream[start : start + size])
    parser.finish()
    return parser


@pytest.mark.parametrize("step", [None, 1, 7])
@pytest.mark.parametrize(
    ("stream", "markers", "transferred", "connections"),
    [
        (DCACHE, 2, 49397760, 1),
        (XROOTD, 1, 238745, 2),
        (STORM, 1, 1048576, 1),
        (EOS, 1, 238745, 2),
        (DPM, 1, 12, 0),
    ],
)
def test_every_technology(
    stream: bytes, markers: int, transferred: int, connections: int, step: int | None
) -> None:
    parser = parsed(stream, step)

    assert parser.end is TpcEnd.SUCCESS
    assert parser.message == "success: Created"
    assert (parser.terminal_lines, parser.junk) == (1, [])
    last = parser.markers[-1]
    assert len(parser.markers) == markers
    assert (last.stripe_bytes, last.stripe_index, last.stripe_count) == (transferred, 0, 1)
    assert len(last.connections) == connections
    assert last.timestamp is not None


def test_what_is_missing_is_none() -> None:
    first = parsed(DCACHE).markers[0]

    assert first.stripe_bytes is None
    assert first.connections == ()
    assert first.fields["state"] == "Queued on pool"


@pytest.mark.parametrize(
    ("line", "end"),
    [
        (b"success", TpcEnd.SUCCESS),
        (b"Success: Created\r\n", TpcEnd.SUCCESS),
        (b"SUCCESS\n", TpcEnd.SUCCESS),
        (b"failure: rejected GET: 404 Not Found", TpcEnd.FAILURE),
        (b"failed: no space\n", TpcEnd.FAILURE),
        (b"Failure\n", TpcEnd.FAILURE),
        (b"aborted", TpcEnd.ABORTED),
        (b"", TpcEnd.UNKNOWN),
        (b"\n\n", TpcEnd.UNKNOWN),
        (b"successful\n", TpcEnd.UNKNOWN),
        (b" success: Created\n", TpcEnd.UNKNOWN),
        (b"a success\n", TpcEnd.UNKNOWN),
        (b"done\n", TpcEnd.UNKNOWN),
    ],
)
def test_the_terminal_line_decides(line: bytes, end: TpcEnd) -> None:
    assert parsed(line).end is end


def test_a_stream_cut_off_in_a_marker_is_unknown() -> None:
    parser = parsed(DCACHE[: DCACHE.index(b"49397760")])

    assert parser.end is TpcEnd.UNKNOWN
    assert len(parser.markers) == 2


def test_odd_forms_are_understood() -> None:
    parser = parsed(b"PERF MARKER\nstrip index: 3\nSTRIPE BYTES TRANSFERRED:7\nperf marker\nEND\n")

    assert [m.stripe_bytes for m in parser.markers] == [7, None]
    assert parser.markers[0].stripe_index == 3
    assert parser.junk == ["(a report without its End)"]


def test_text_after_the_end_does_not_change_the_verdict() -> None:
    parser = parsed(b"noise\nsuccess: Created\nfailure: no\nPerf Marker\nEnd\n")

    assert parser.end is TpcEnd.SUCCESS
    assert parser.message == "success: Created"
    assert parser.terminal_lines == 2
    assert parser.junk == ["noise", "Perf Marker", "End"]


def test_memory_is_bounded() -> None:
    parser = MarkerParser()
    for _ in range(300):
        parser.feed(b"x" * 65536)
    parser.feed(b"\n" + b"junk\n" * 5000 + b"Perf Marker\nEnd\n" * 12000 + b"success")

    assert parser.finish() is TpcEnd.SUCCESS
    assert max(map(len, parser.junk)) <= 65536
    assert len(parser.junk) == 100
    assert len(parser.markers) == 10000


def streaming(*parts: bytes, status: bytes = b"202 Accepted", whole: bool = True) -> object:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(b"HTTP/1.1 %b\r\nContent-Type: text/perf-marker-stream\r\n" % status)
        peer.send(b"Transfer-Encoding: chunked\r\n\r\n")
        for part in parts:
            peer.send(b"%x\r\n%b\r\n" % (len(part), part))
        if whole:
            peer.send(b"0\r\n\r\n")

    return script


def test_a_pull(serve: Serve, connect: Connect, server_tls: ssl.SSLContext) -> None:
    server = serve(streaming(DCACHE[:100], DCACHE[100:]), server_tls)
    client = connect(server)

    transfer = copy(
        client,
        active=PurePosixPath("/run/x"),
        remote="https://other.example.org/y",
        direction="pull",
        auth=Bearer("active-token-123"),
        remote_auth=Bearer("remote-token-456"),
        overwrite=False,
    )

    assert transfer.end is TpcEnd.SUCCESS
    assert transfer.content_type == "text/perf-marker-stream"
    assert transfer.describe() == "COPY answered 202 Accepted, then: success: Created"
    assert client.recorder.current.exchanges[0].headers == {
        "Source": "https://other.example.org/y",
        "Credential": "none",
        "TransferHeaderAuthorization": "Bearer $OTHER_TOKEN",
        "Overwrite": "F",
        "Authorization": "Bearer $TOKEN",
    }


def test_a_push_sends_what_the_protocol_asks(serve: Serve, connect: Connect) -> None:
    server = serve(answer=lambda _: b"HTTP/1.1 501 No\r\nContent-Length: 8\r\n\r\nno COPY!")

    transfer = copy(
        connect(server),
        active=PurePosixPath("/public/x"),
        remote="https://other.example.org/y",
        direction="push",
        auth=ANONYMOUS,
        remote_auth=ANONYMOUS,
        headers={"credential": "", "X-Number-Of-Streams": "4"},
    )

    assert (transfer.end, transfer.message) == (TpcEnd.REFUSED, "no COPY!")
    assert transfer.describe() == "COPY answered 501 No: no COPY!"
    sent = server.seen[0].headers
    assert sent["destination"] == "https://other.example.org/y"
    assert sent["x-number-of-streams"] == "4"
    assert not {"source", "credential", "overwrite"} & set(sent)


def test_a_broken_stream_is_unknown(serve: Serve, connect: Connect) -> None:
    transfer = copy(
        connect(serve(streaming(DCACHE[:100], whole=False))),
        active=PurePosixPath("/run/x"),
        remote="https://other.example.org/y",
        direction="pull",
        auth=ANONYMOUS,
        remote_auth=ANONYMOUS,
    )

    assert transfer.end is TpcEnd.UNKNOWN
    assert transfer.reply.failure is not None
    assert "without success or failure" in transfer.describe()


def test_silence_is_measured_between_reports() -> None:
    parser = MarkerParser()
    parser.feed(XROOTD[: len(XROOTD) // 2])
    assert parser.longest_silence_s == 0

    parser.feed(XROOTD[len(XROOTD) // 2 :])
    parser.finish()

    assert 0 < parser.longest_silence_s < 60


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b"failure: refused\n", ()),
        (b"failure: sent aaa.bbb.remote-signature\n", ("the partner's token",)),
        (
            b"failure: remote-signature, active-signature\n",
            ("the client's token", "the partner's token"),
        ),
    ],
)
def test_credentials_in_the_answer_are_named(
    serve: Serve,
    connect: Connect,
    server_tls: ssl.SSLContext,
    line: bytes,
    shown: tuple[str, ...],
) -> None:
    server = serve(streaming(line), server_tls)

    transfer = copy(
        connect(server),
        active=PurePosixPath("/run/x"),
        remote="https://other.example.org/y",
        direction="pull",
        auth=Bearer("header.payload.active-signature"),
        remote_auth=Bearer("header.payload.remote-signature"),
    )

    assert transfer.repeated == shown


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("failure: rejected GET: 404 Not Found", "rejected GET: 404 Not Found"),
        ("Failed: no such file", "no such file"),
        ("failure:", ""),
        ("aborted", ""),
    ],
)
def test_reason_is_the_line_without_its_word(message: str, reason: str) -> None:
    parser = MarkerParser()
    parser.feed(message.encode())
    transfer = transfer_of(Reply("COPY", "https://se.example.org/x", status=202), parser)

    assert transfer.reason == reason
