"""Tells apart what can go wrong on a connection, and says it in one sentence."""

from __future__ import annotations

import errno
import http.client
import re
import socket
import ssl
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import requests
import urllib3.exceptions

from lakeproof.wire.connection import Trace
from lakeproof.wire.redact import redactor
from lakeproof.wire.reply import Failure, NotReached, NotReachedKind

_DETAIL_LENGTH = 160
_UNREACHABLE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL}

_CONNECT_RANK: tuple[NotReachedKind, ...] = ("dns", "tls", "refused", "timeout", "unreachable")

_TLS_WORDS = (
    ("CERTIFICATE_REQUIRED", "the server demands a client certificate (--proxy)"),
    ("HANDSHAKE_FAILURE", "the server refused the handshake; it may demand a client certificate"),
    ("WRONG_VERSION_NUMBER", "the port does not speak TLS"),
    ("HTTP_REQUEST", "the port does not speak TLS"),
    ("UNSUPPORTED_PROTOCOL", "the server offers no TLS version from 1.2 on"),
    ("UNKNOWN_CA", "the server does not know the authority of our client certificate"),
    ("CERTIFICATE_EXPIRED", "the server says that our client certificate has expired"),
    ("BAD_CERTIFICATE", "the server does not accept our client certificate"),
    ("EOF", "the server closed the connection during the TLS handshake"),
)


def causes(error: BaseException) -> Iterator[BaseException]:
    """`error` and everything it wraps, outermost first."""
    pending, seen = [error], set[int]()
    while pending:
        current = pending.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        wrapped = [current.__cause__, current.__context__, getattr(current, "reason", None)]
        pending += [e for e in (*current.args, *wrapped) if isinstance(e, BaseException)]


def not_reached(error: BaseException, url: str, connect_s: float) -> NotReached:
    """Why no connection to `url` could be made."""
    parts = urlsplit(url)
    where = parts.netloc.rpartition("@")[2]
    chain = list(causes(error))
    said: list[tuple[NotReachedKind, str]] = []
    for cause in chain:
        if isinstance(cause, socket.gaierror | UnicodeError):
            said.append(("dns", f"the host name {parts.hostname} cannot be resolved"))
        elif isinstance(cause, ssl.SSLError | ssl.CertificateError):
            said.append(("tls", f"no TLS connection to {where}: {tls_sentence(cause)}"))
        elif isinstance(cause, ConnectionRefusedError):
            said.append(("refused", f"{where} refuses connections"))
        elif _is_connect_timeout(cause):
            said.append(
                ("timeout", f"no connection to {where} within {connect_s:g} s (connect_timeout_s)")
            )
        elif isinstance(cause, ConnectionResetError | BrokenPipeError | EOFError):
            said.append(("unreachable", f"{where} closed the connection while it was set up"))
        elif isinstance(cause, OSError) and cause.errno in _UNREACHABLE:
            said.append(("unreachable", f"no network route to {where}: {cause.strerror}"))
    said.append(("unreachable", f"no connection to {where}: {detail(chain[-1])}"))
    # The outer exceptions are often vague (a timeout around a failed look-up): rank decides.
    kind, sentence = min(said, key=lambda one: _CONNECT_RANK.index(one[0]))
    return NotReached(kind, sentence, url)


def _is_connect_timeout(error: BaseException) -> bool:
    timeouts = TimeoutError, urllib3.exceptions.ConnectTimeoutError
    # urllib3 derives its "cannot connect" from "connect timeout".
    return isinstance(error, timeouts) and not isinstance(
        error, urllib3.exceptions.NewConnectionError
    )


def tls_sentence(error: BaseException) -> str:
    """What was wrong with a TLS handshake, and the option that may help."""
    if isinstance(error, ssl.SSLCertVerificationError):
        said = error.verify_message or str(error)
        if "hostname mismatch" in said.lower() or "ip address mismatch" in said.lower():
            return f"the server's certificate is for another host: {said}"
        dated = re.search("expired|not yet valid", said)
        hint = "" if dated else " (give its authority with --ca)"
        return f"the server's certificate is not trusted: {said}{hint}"
    said = str(getattr(error, "reason", None) or error)
    shown = said.upper().replace(" ", "_")
    return next((sentence for word, sentence in _TLS_WORDS if word in shown), said)


def failure(
    error: BaseException, trace: Trace, total_s: float, limit: str = ""
) -> Failure | NotReached:
    """What a failed exchange on a standing connection was; NotReached for TLS refusals.

    `limit` is the inventory's name of `total_s`, if it has one.
    """
    chain = list(causes(error))
    if any(isinstance(c, TimeoutError | urllib3.exceptions.ReadTimeoutError) for c in chain):
        return _timeout(trace, total_s, limit)
    tls = next((c for c in chain if isinstance(c, ssl.SSLError)), None)
    if tls is not None and not trace.received and not isinstance(tls, ssl.SSLEOFError):
        # TLS 1.3 servers refuse a client certificate only after our side has finished.
        return NotReached("tls", f"no TLS connection: {tls_sentence(tls)}")
    incomplete = next((c for c in chain if isinstance(c, http.client.IncompleteRead)), None)
    return _incomplete(incomplete, trace) if incomplete else _broken_off(chain, trace)


def detail(error: BaseException) -> str:
    """An exception's own words, redacted and short."""
    text = " ".join(redactor.text(str(error)).split())[:_DETAIL_LENGTH]
    return text or type(error).__name__


def _timeout(trace: Trace, total_s: float, limit: str) -> Failure:
    what = "no answer" if not trace.received else "the answer was not complete"
    if time.monotonic() >= trace.deadline:
        return Failure("timeout", f"{what} within {total_s:g} s" + (f" ({limit})" if limit else ""))
    if trace.received:
        return Failure("timeout", f"the answer stalled for {trace.read_s:g} s (timeout_s)")
    return Failure("timeout", f"{what} within {trace.read_s:g} s (timeout_s)")


def _incomplete(error: http.client.IncompleteRead, trace: Trace) -> Failure:
    cause = error.__context__
    if isinstance(cause, ValueError) and not str(cause).endswith("b''"):
        return Failure("malformed", f"the answer's chunked encoding is broken: {detail(cause)}")
    if error.expected is not None:
        got = error.partial if isinstance(error.partial, int) else len(error.partial)
        if error.expected < 0:
            return Failure("malformed", "the answer must not have a body but has one")
        sentence = f"the body ended after {got} of {got + error.expected} bytes"
        return Failure("truncated", sentence)
    if trace.ended:
        return Failure("truncated", "the body ended before its last chunk")
    return Failure("malformed", "the answer's chunked encoding is broken")


def _broken_off(chain: list[BaseException], trace: Trace) -> Failure:
    # Every exception of requests is an OSError, whatever it wraps.
    plain = [c for c in chain if not isinstance(c, requests.RequestException)]
    broken = any(isinstance(c, OSError | EOFError) for c in plain)
    if broken and not trace.received:
        return Failure("closed", "the connection was closed without an answer")
    invalid = next((c for c in chain if isinstance(c, http.client.HTTPException)), None)
    if broken and (invalid is None or isinstance(invalid, http.client.RemoteDisconnected)):
        return Failure("truncated", f"the connection broke after {trace.received} bytes of answer")
    return Failure("malformed", f"the answer is not valid HTTP: {detail(invalid or chain[-1])}")
