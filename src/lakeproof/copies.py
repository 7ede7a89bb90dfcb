"""Third-party copies between the endpoint under test and its partner, as checks ask for them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from lakeproof.wire.storage import StorageElement
from lakeproof.wire.tpc import Transfer

TRIAL = b"a small file, to see whether it works at all"


@dataclass(frozen=True)
class Pull:
    """The endpoint under test fetches files from its partner."""

    se: StorageElement
    partner: StorageElement

    def __call__(
        self,
        source: PurePosixPath,
        target: PurePosixPath,
        **how: Any,  # noqa: ANN401  handed through to copy, which is typed
    ) -> Transfer:
        """Ask for `source` of the partner as `target`, with the right to read it.

        `how` is what `StorageElement.copy` takes; `remote` and `remote_auth` replace the
        source's URL and the credential for it.
        """
        how.setdefault("remote", self.partner.url_of(source))
        if "remote_auth" not in how:
            how["remote_auth"] = self.partner.credential("GET", source)
        return self.se.copy(target, direction="pull", **how)

    def trial(self) -> Transfer:
        """A plain pull: where it does not succeed, the refusal of an odd one says nothing."""
        source = self.partner.workdir / "trial"
        self.partner.put(source, TRIAL)
        return self(source, self.se.workdir / "trial")


@dataclass(frozen=True)
class Push:
    """The endpoint under test sends files to its partner."""

    se: StorageElement
    partner: StorageElement

    def __call__(
        self,
        source: PurePosixPath,
        target: PurePosixPath,
        **how: Any,  # noqa: ANN401
    ) -> Transfer:
        """Ask to send `source` to the partner as `target`, with the right to write it.

        `how` as for `Pull`.
        """
        how.setdefault("remote", self.partner.url_of(target))
        if "remote_auth" not in how:
            how["remote_auth"] = self.partner.credential("PUT", target)
        return self.se.copy(source, direction="push", **how)

    def trial(self) -> Transfer:
        """A plain push: where it does not succeed, the refusal of an odd one says nothing."""
        source = self.se.workdir / "trial"
        self.se.put(source, TRIAL)
        return self(source, self.partner.workdir / "trial")
