"""States of jobs and files, in FTS's words."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum


class State(StrEnum):
    """Of a file or a job; FINISHEDDIRTY (some files failed) is for jobs only."""

    SUBMITTED = "SUBMITTED"
    ACTIVE = "ACTIVE"
    STAGING = "STAGING"
    STARTED = "STARTED"
    ARCHIVING = "ARCHIVING"
    NOT_USED = "NOT_USED"
    FINISHED = "FINISHED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"
    FINISHEDDIRTY = "FINISHEDDIRTY"


OVER = frozenset({State.FINISHED, State.FAILED, State.CANCELED, State.FINISHEDDIRTY})
"""Nothing changes after these."""

IN_FLIGHT = (State.STAGING, State.STARTED, State.ACTIVE, State.ARCHIVING, State.SUBMITTED)

REGULAR, MULTIHOP, ALTERNATIVES, STAGE_ONLY = "N", "H", "R", "S"
"""Values of job_type: independent files, hops of one path, sources of one file."""


def of_job(kind: str, files: Sequence[State]) -> State:
    """The state of a job of this type whose files are in these states."""
    for state in IN_FLIGHT:
        if state in files:
            return state
    if kind == ALTERNATIVES and State.FINISHED in files:
        return State.FINISHED
    if State.CANCELED in files:
        return State.CANCELED
    if kind == MULTIHOP:
        return State.FINISHED if set(files) == {State.FINISHED} else State.FAILED
    done = files.count(State.FINISHED)
    if done == len(files):
        return State.FINISHED
    return State.FINISHEDDIRTY if done else State.FAILED


def follows(kind: str, ended: State) -> bool:
    """Whether the next unused file of the job has its turn after one that ended like this."""
    return {MULTIHOP: State.FINISHED, ALTERNATIVES: State.FAILED}.get(kind) == ended
