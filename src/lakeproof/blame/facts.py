"""What is looked at when a copy does not come about, and what was seen: yes, no, or not to be seen.

Every question is put so that "yes" is how it should be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from lakeproof.blame.reasons import NO_REASON, Reason


class Layer(StrEnum):
    """Where the fault may be."""

    SOURCE = "source"
    DESTINATION = "destination"
    PAIR = "pair"
    FTS = "fts"
    RUCIO = "rucio"
    CREDENTIAL = "credential"


class State(StrEnum):
    """What the answer to a question was."""

    YES = "yes"
    NO = "no"
    UNSEEN = "unseen"


class Look(StrEnum):
    """One question; the part before the dot is where its answer stands in the report."""

    NETWORK = "we.network"
    TOKEN = "credential.ours"  # noqa: S105  a question, not a token
    RUCIO_ANSWERS = "rucio.answers"
    RUCIO_ADMITS = "rucio.admits"
    RULE_WAITS = "rucio.waits"
    RULE_ALLOWED = "rucio.allowed"
    QUOTA = "rucio.quota"
    REPLICA = "rucio.replica"
    READABLE = "rucio.readable"
    WRITABLE = "rucio.writable"
    DISTANCE = "rucio.distance"
    PROTOCOL = "rucio.protocol"
    HANDED_ON = "rucio.handed-on"
    SUBMITTED = "rucio.submitted"
    FOLLOWED = "rucio.followed"
    A_URL = "source.url"
    A_ANSWERS = "source.answers"
    A_ADMITS = "source.admits"
    A_FILE = "source.file"
    A_SERVES = "source.serves"
    A_SIZE = "source.size"
    A_CHECKSUM = "source.checksum"
    A_BYTES = "source.bytes"
    B_URL = "destination.url"
    B_ANSWERS = "destination.answers"
    B_ADMITS = "destination.admits"
    B_ROOM = "destination.room"
    B_WRITES = "destination.writes"
    B_CLEAR = "destination.clear"
    B_HAS = "destination.has"
    COPY = "pair.copy"
    COPY_FILE = "pair.copy-file"
    A_GIVES = "pair.gives"
    B_TAKES = "pair.takes"
    FTS_ANSWERS = "fts.answers"
    FTS_ADMITS = "fts.admits"
    FTS_LETS = "fts.lets"
    FTS_KNOWS = "fts.knows"
    FTS_PROMPT = "fts.prompt"
    FTS_COPIES = "fts.copies"

    @property
    def place(self) -> str:
        """`we`, `credential`, `rucio`, `source`, `destination`, `pair` or `fts`."""
        return self.value.partition(".")[0]

    @property
    def question(self) -> str:
        """What is asked, as a statement that should hold."""
        return QUESTIONS[self]


QUESTIONS: Mapping[Look, str] = {
    Look.NETWORK: "this machine reaches any of them",
    Look.TOKEN: "we have a credential to look with",
    Look.RUCIO_ANSWERS: "Rucio answers",
    Look.RUCIO_ADMITS: "Rucio lets us in",
    Look.RULE_WAITS: "the copy is still wanted",
    Look.RULE_ALLOWED: "the rule needs nobody's approval and is not suspended",
    Look.QUOTA: "the account may keep so much there",
    Look.REPLICA: "Rucio knows a replica to copy from",
    Look.READABLE: "the source is switched on for reading in Rucio",
    Look.WRITABLE: "the destination is switched on for writing in Rucio",
    Look.DISTANCE: "Rucio knows a distance from the source to the destination",
    Look.PROTOCOL: "Rucio knows a protocol for copies that both have",
    Look.HANDED_ON: "Rucio's daemons take the request up",
    Look.SUBMITTED: "FTS took Rucio's job",
    Look.FOLLOWED: "Rucio has noticed what became of the job",
    Look.A_URL: "Rucio's URL leads to the source's door",
    Look.A_ANSWERS: "the source's door answers",
    Look.A_ADMITS: "the source lets our credential read the file",
    Look.A_FILE: "the file is at the source",
    Look.A_SERVES: "the source hands the file out",
    Look.A_SIZE: "it has the size that it should have",
    Look.A_CHECKSUM: "the source says the checksum that it should have",
    Look.A_BYTES: "its bytes have that checksum",
    Look.B_URL: "Rucio's URL leads to the destination's door",
    Look.B_ANSWERS: "the destination's door answers",
    Look.B_ADMITS: "the destination lets our credential write in its area",
    Look.B_ROOM: "the destination has room",
    Look.B_WRITES: "the destination keeps what is uploaded",
    Look.B_CLEAR: "nothing else is where the file should come to lie",
    Look.B_HAS: "the file is at the destination",
    Look.COPY: "a file of ours is copied from the source to the destination",
    Look.COPY_FILE: "the file itself is copied from the source to the destination",
    Look.A_GIVES: "a file is copied from the source to another endpoint",
    Look.B_TAKES: "a file is copied from another endpoint to the destination",
    Look.FTS_ANSWERS: "FTS answers",
    Look.FTS_ADMITS: "FTS takes our credential",
    Look.FTS_LETS: "FTS has banned neither of the two",
    Look.FTS_KNOWS: "FTS knows Rucio's job",
    Look.FTS_PROMPT: "FTS did not leave the job waiting",
    Look.FTS_COPIES: "FTS makes the same copy of a file of ours",
}


@dataclass(frozen=True)
class Seen:
    """The answer to a question, and what showed it, or why it could not be seen."""

    state: State
    said: str = ""

    @classmethod
    def of(cls, good: bool | None, said: str = "") -> Seen:
        """`good` None: not to be seen."""
        state = {True: State.YES, False: State.NO, None: State.UNSEEN}[good]
        return cls(state, said)


NOT_LOOKED = Seen(State.UNSEEN, "not looked at")


@dataclass(frozen=True)
class Observations:
    """All that is known of one copy that does not come about.

    `source` and `destination` are names for a person; `reason` is why it failed in FTS's or
    Rucio's words.
    """

    source: str
    destination: str
    seen: Mapping[Look, Seen] = field(default_factory=dict)
    reason: Reason = NO_REASON

    def of(self, look: Look) -> Seen:
        """What was seen there."""
        return self.seen.get(look, NOT_LOOKED)
