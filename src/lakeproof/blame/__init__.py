"""Whose fault it is that a rule is stuck: what was seen goes in, one sentence comes out."""

from lakeproof.blame.deduce import Deduction, deduce, whose
from lakeproof.blame.facts import Layer, Look, Observations, Seen, State
from lakeproof.blame.reasons import Kind, Reason, read_reason

__all__ = [
    "Deduction",
    "Kind",
    "Layer",
    "Look",
    "Observations",
    "Reason",
    "Seen",
    "State",
    "deduce",
    "read_reason",
    "whose",
]
