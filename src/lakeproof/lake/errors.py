"""The one error of this room."""

from __future__ import annotations


class LakeError(Exception):
    """The lake cannot do what was asked: one sentence for a person, log lines after it if any."""
