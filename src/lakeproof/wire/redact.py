"""Takes secrets out of text before anybody can read it: by value, by name and by pattern.

Everything that came over the wire, and every exception about it, passes through `redactor`.
"""

from __future__ import annotations

import base64
import re
import threading
from bisect import bisect_left, insort
from collections.abc import Callable, Mapping
from urllib.parse import quote, quote_plus

SHORTEST_SECRET = 6
"""Shorter values are not registered: they would blank out ordinary words."""

HIDDEN = "[redacted]"

_SHORT = 256
_MOST_SEEN = 4096

_KEYS_BY_NAME = (
    "authz|access_token|refresh_token|id_token|subject_token|actor_token|client_secret"
    "|client_assertion|assertion|password|passwd|macaroon|xrdhttptk|cap\\.sym|cap\\.msg"
    "|dcache-http-uuid|x-amz-signature|x-amz-security-token|device_code|code_verifier"
)
_SECRET_HEADER = re.compile(
    r"(?i).*(authorization|cookie2?|auth-token|security-token|api-key|x-delegation-secret)"
)
_SCHEME = re.compile(r"(?i)\s*(bearer|basic|digest|negotiate|macaroon|gridsite)\s+\S")

# A value that was already replaced, or a placeholder such as $TOKEN, stays readable.
_VALUE = r"(?!\$|\[redacted|\"?\$|(?:bearer|basic|digest|negotiate)\s+(?:\$|\[redacted))"

# None of them may start with a repetition: on a hostile body that takes quadratic time.
_PATTERNS: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (
        re.compile(r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?(?:-----END \1-----|\Z)", re.DOTALL),
        r"[redacted \1]",
    ),
    (
        re.compile(
            r"(?i)(authorization[\"']?\s*[:=]\s*[\"']?)(?!(?:bearer\s+)?(?:\$|\[redacted))"
            r"((?:(?:bearer|basic|digest|negotiate)(?:\s|%20|\+)+)?)[^\s\"',;&<>]+"
        ),
        rf"\g<1>\g<2>{HIDDEN}",
    ),
    (re.compile(r"(?i)\b((?:set-)?cookie2?\s*:\s*)[^\r\n]+"), rf"\g<1>{HIDDEN}"),
    (re.compile(rf"(?i)(auth-token\s*:\s*){_VALUE}\S+"), rf"\g<1>{HIDDEN}"),
    (
        re.compile(
            rf"(?i)((?<![\w.-])(?:{_KEYS_BY_NAME})=)(?!(?:bearer(?:%20|\+|\s))?(?:\$|\[redacted))"
            r"((?:bearer(?:%20|\+|\s))?)[^\s&\"'<>;,]+"
        ),
        rf"\g<1>\g<2>{HIDDEN}",
    ),
    (
        re.compile(rf"(?i)([\"'](?:{_KEYS_BY_NAME})[\"']\s*:\s*)\"(?:[^\"\\]|\\.)*\"?"),
        rf'\g<1>"{HIDDEN}"',
    ),
    (re.compile(rf"(?i)\b(bearer\s+){_VALUE}[\w.~+/=-]{{16,}}"), rf"\g<1>{HIDDEN}"),
    (re.compile(r"\beyJ[\w-]{8,}={0,2}(?:\.[\w-]*={0,2}){0,4}"), "[redacted JWT]"),
    # libmacaroons v1 starts with a packet length "00xx" (MDA in base64), v2 with 02 01 or 02 02.
    (re.compile(r"\bMDA[\w+/-]{40,}={0,2}"), "[redacted macaroon]"),
    (re.compile(r"\bAg[EI][\w+/-]{60,}={0,2}"), "[redacted macaroon]"),
)


class Redactor:
    """Knows the secrets of this process and replaces them, in any common encoding."""

    def __init__(self) -> None:
        self._forms: dict[str, str] = {}
        # Longest first: a secret inside a longer one must not leave the rest of it behind.
        self._ordered: list[tuple[str, str]] = []
        self._lock = threading.Lock()
        self._seen: dict[tuple[int, str], str] = {}
        self.generation = 0

    def register(self, secret: str, name: str = "secret") -> None:
        """Redact `secret` from now on, also as base64 and url-quoted; `name` is what is shown.

        Values of fewer than 6 characters are ignored.
        """
        if len(secret) < SHORTEST_SECRET or secret in self._forms:
            return
        with self._lock:
            shown = f"[redacted {name}]"
            for form in _forms(secret) - self._forms.keys():
                if len(form) >= SHORTEST_SECRET:
                    self._forms[form] = shown
                    insort(self._ordered, (form, shown), key=_shortness)
            # After the secrets themselves: what another thread redacts meanwhile is kept as old.
            self.generation += 1
            self._seen.clear()

    def text(self, text: str) -> str:
        """`text` without any registered secret, credential header, token or private key."""
        if len(text) > _SHORT:
            return self._redacted(text)
        # Most are the same few header values, request after request.
        key = (self.generation, text)
        found = self._seen.get(key)
        if found is None:
            if len(self._seen) >= _MOST_SEEN:
                self._seen.clear()
            found = self._seen[key] = self._redacted(text)
        return found

    def _redacted(self, text: str) -> str:
        # Most secrets are tokens, and longer than most texts. A slice, as others may register.
        for form, shown in self._ordered[bisect_left(self._ordered, -len(text), key=_shortness) :]:
            if form in text:
                text = text.replace(form, shown)
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return text

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """The same headers; the value of a credential header is hidden whatever it holds."""
        return {name: self._header(name, value) for name, value in headers.items()}

    def _header(self, name: str, value: str) -> str:
        if not _SECRET_HEADER.fullmatch(name.strip()):
            return self.text(value)
        if "$" in value and re.fullmatch(r"(?:\w+ )?\$\w+", value):
            return value
        scheme = _SCHEME.match(value)
        return f"{scheme.group(1)} {HIDDEN}" if scheme else HIDDEN


def _shortness(item: tuple[str, str]) -> int:
    return -len(item[0])


def _forms(secret: str) -> set[str]:
    forms = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret)}
    raw = secret.encode()
    for offset in range(3):
        # Inside a longer text ("user:secret") the base64 depends on the position modulo 3.
        encoded = base64.b64encode(b"\0" * offset + raw).rstrip(b"=")
        first = (0, 2, 3)[offset]
        last = len(encoded) - (1 if (offset + len(raw)) % 3 else 0)
        core = encoded[first:last].decode()
        forms |= {core, core.replace("+", "-").replace("/", "_")}
    return forms


redactor = Redactor()
"""The process-wide redactor."""
