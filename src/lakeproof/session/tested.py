"""What a run tests: a storage endpoint or a token issuer, as the plugin sees either."""

from __future__ import annotations

from typing import Protocol

from lakeproof.session.fingerprint import Fingerprint


class Tested(Protocol):
    """The facts that results name, and what a check's course teaches about the whole."""

    name: str
    prepared: bool

    @property
    def site(self) -> str:
        """The site's name."""
        ...

    @property
    def url(self) -> str:
        """As the operator wrote it."""
        ...

    @property
    def origin(self) -> str:
        """`scheme://host[:port]`."""
        ...

    @property
    def emulated(self) -> bool:
        """Whether lakeproof's own server plays it."""
        ...

    @property
    def second_attempts(self) -> int:
        """How many checks may be tried again."""
        ...

    @property
    def fingerprint(self) -> Fingerprint:
        """Which implementation answers."""
        ...

    @property
    def given_up(self) -> bool:
        """Whether it is known that nothing more is to be had from it."""
        ...

    def note_cause_judged(self) -> None:
        """A check has failed for the reason that keeps all others from being tried."""

    def note_answered(self) -> None:
        """A check got all its answers."""

    def note_unanswered(self) -> None:
        """A request of a check got no answer."""

    def note_closed(self) -> None:
        """A connection of a check was closed without an answer."""

    def close(self) -> None:
        """Close the connections."""
