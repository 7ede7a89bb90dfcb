"""What can go wrong with a credential: sentences for the person who runs the suite."""

from __future__ import annotations


class CredentialError(Exception):
    """A credential cannot be had or used: what is wrong and what to do, never the secret."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class NoScopeRoot(CredentialError):  # noqa: N818  the field's word, reads as a finding
    """No candidate path is what scope "/" means at this storage; the sentence lists those tried."""


class CannotNarrow(Exception):  # noqa: N818  a limit of the source, not a fault
    """This source cannot give a token of just these scopes or claims: the reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
