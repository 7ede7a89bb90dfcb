"""The words in which a check says what came of something that Rucio was asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from lakeproof.blame import Look, whose
from lakeproof.verdict import Blame, Unjudged, Violation

ELSEWHERE = (
    "look at the RSE's protocols and attributes, at the token or certificate that is shown, at FTS "
    "and at Rucio's daemons"
)


class Ended(Protocol):
    """How a rule ended, or stood when patience did."""

    @property
    def ok(self) -> bool:
        """Whether Rucio says that all copies are there."""

    @property
    def copied(self) -> int:
        """How many are."""

    @property
    def reason(self) -> str:
        """Why not."""

    def describe(self) -> str:
        """For a person."""


class RucioExpectations:
    """Expectations about an endpoint behind a Rucio and an FTS, which may be at fault as well."""

    def through(
        self,
        met: bool,
        expected: str,
        actual: str,
        directly: Callable[[], None],
        suspicion: str = ELSEWHERE,
    ) -> None:
        """What Rucio was asked for came about.

        If not, `directly`, which holds expectations, asks the endpoint for the same without
        Rucio. The endpoint is accused only when that shows a violation too; otherwise nobody has
        been judged, and `suspicion` says where to look.
        """
        if met:
            return
        try:
            directly()
        except Violation as found:
            asked = f"{actual}; asked directly: {found.actual}"
            raise Violation(expected, asked, found.evidence) from None
        raise Unjudged(
            f"{actual}; yet the endpoint does the same when it is asked directly: {suspicion}",
            Blame.PARTNER,
        )

    def ruled(self, end: Ended, directly: Callable[[], None], *, copies: int = 1) -> None:
        """The rule is OK with so many copies; a stuck and an unfinished one are alike.

        `directly` as for `through`. A rule that is not OK says nothing about the endpoint by
        itself: slow daemons, a dead FTS and a broken storage look the same from here.
        """
        self.through(
            end.ok and end.copied >= copies,
            f"the rule is OK, copies: {copies}",
            f"the rule is {end.describe()}, copies: {end.copied} of {copies}",
            directly,
            whose(end.reason, "the source", "the endpoint", {Look.COPY: True}),
        )
