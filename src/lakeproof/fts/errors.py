"""What the stand-in says when it refuses a request, or when a copy fails."""

from __future__ import annotations

from http import HTTPStatus

EPERM, ENOENT, EIO, EACCES, EEXIST, EINVAL = 1, 2, 5, 13, 17, 22
ECOMM, EPROTONOSUPPORT, ENOTSUP, ETIMEDOUT, EHOSTUNREACH, ECANCELED = 70, 93, 95, 110, 113, 125
# A second try would end the same way.
FINAL = frozenset({EPERM, ENOENT, EACCES, EEXIST, EINVAL, EPROTONOSUPPORT, ENOTSUP, ECANCELED})
# The other direction is not tried after these.
NO_FALLBACK = frozenset({ECANCELED, EPERM, ENOENT, EACCES})


class Refused(Exception):  # noqa: N818  reads as a fact
    """A request is answered with this status and sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status

    @property
    def line(self) -> str:
        """Status and phrase: "400 Bad Request"."""
        return status_line(self.status)


def status_line(status: int) -> str:
    """Status and phrase as FTS repeats them in its JSON; 419 is its own."""
    if status == 419:  # noqa: PLR2004  "no delegation", in no table of phrases
        return "419 Authentication Timeout"
    phrase = {200: "Ok"}.get(status, HTTPStatus(status).phrase)
    return f"{status} {phrase}"


class CopyFailed(Exception):  # noqa: N818  reads as a fact
    """A copy ended: whose side (SOURCE, DESTINATION, TRANSFER, STAGING, ARCHIVING), errno, text."""

    def __init__(self, scope: str, code: int, text: str) -> None:
        super().__init__(f"{scope} [{code}] {text}")
        self.scope = scope
        self.code = code
        self.text = text

    @property
    def recoverable(self) -> bool:
        """Whether a second try may succeed."""
        return self.code not in FINAL
