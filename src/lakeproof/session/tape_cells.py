"""The cells of the scope matrix that are about tapes.

The files asked for are the run's own and have just been written, so that they are on disk: no
tape is mounted for a check. Nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath

from lakeproof.session.tried import Tried
from lakeproof.verdict import Blocked
from lakeproof.wire.auth import Bearer
from lakeproof.wire.reply import Reply
from lakeproof.wire.storage import SetUpFailed
from lakeproof.wire.tape import (
    CANCELLED,
    FAILED,
    TapeApi,
    locality_of,
    request_of,
    state_of,
)

ABSENT = (404, 410)


class Tapes:
    """The tape API of one endpoint, asked with the tokens of cells; `own` may do everything."""

    def __init__(self, api: TapeApi, own: Bearer) -> None:
        self._api = api
        self._own = own
        self._control: Reply | None = None

    def require(self, operation: str, target: PurePosixPath) -> None:
        """Raise Blocked where it does not work for anybody, so that a refusal says nothing."""
        if operation == "poll":
            reply = self._api.archiveinfo(target, auth=self._own)
            if locality_of(reply, target) is None:
                raise Blocked(f"the tape API tells nobody where the file is: {reply.describe()}")
            return
        if self._control is None:
            self._control = self._api.stage(target, auth=self._own)
            self._forget(self._control)
        if not self._control.ok:
            raise Blocked(f"the control request did not succeed: {self._control.describe()}")

    def stage(self, target: PurePosixPath, bearer: Bearer) -> Tried:
        """POST stage; carried out unless the request says itself that the file failed."""
        reply = self._api.stage(target, auth=bearer)
        request = request_of(reply)
        try:
            if request is None:
                return Tried(reply, acted="the stage request is accepted" if reply.ok else "")
            seen = self._api.progress(request, auth=self._own)
            staged = seen.ok and state_of(seen, target) not in FAILED
            return Tried(reply, acted=f"the file is staged by request {request}" if staged else "")
        finally:
            self._forget(reply)

    def poll(self, target: PurePosixPath, bearer: Bearer) -> Tried:
        """POST archiveinfo."""
        reply = self._api.archiveinfo(target, auth=bearer)
        locality = locality_of(reply, target)
        return Tried(
            reply, acted=f"the answer says where the file is: {locality}" if locality else ""
        )

    def cancel(self, target: PurePosixPath, bearer: Bearer) -> Tried:
        """POST cancel of a stage request of our own."""
        with_request = self._with_request(target)
        reply = self._api.cancel(with_request, target, auth=bearer)
        seen = self._api.progress(with_request, auth=self._own)
        done = reply.ok or state_of(seen, target) == CANCELLED
        self._api.drop(with_request, auth=self._own)
        return Tried(reply, acted="the request is cancelled" if done else "")

    def drop(self, target: PurePosixPath, bearer: Bearer) -> Tried:
        """DELETE of a stage request of our own."""
        request = self._with_request(target)
        reply = self._api.drop(request, auth=bearer)
        gone = self._api.progress(request, auth=self._own).status in ABSENT
        if not gone:
            self._api.drop(request, auth=self._own)
        return Tried(reply, acted="the request is deleted" if reply.ok or gone else "")

    def release(self, target: PurePosixPath, bearer: Bearer) -> Tried:
        """POST release of a file of a stage request of our own."""
        request = self._with_request(target)
        reply = self._api.release(request, target, auth=bearer)
        self._api.drop(request, auth=self._own)
        return Tried(reply, acted="the file is released" if reply.ok else "")

    def _with_request(self, target: PurePosixPath) -> str:
        """A stage request of our own for `target`."""
        reply = self._api.stage(target, auth=self._own)
        request = request_of(reply)
        if not reply.ok or request is None:
            raise SetUpFailed(f"{target} cannot be staged: {reply.describe()}", reply)
        return request

    def _forget(self, reply: Reply) -> None:
        """Leave no stage request behind."""
        request = request_of(reply)
        if request is not None:
            self._api.drop(request, auth=self._own)


TAPE_OPERATIONS: dict[str, Callable[[Tapes, PurePosixPath, Bearer], Tried]] = {
    "stage": Tapes.stage,
    "poll": Tapes.poll,
    "cancel": Tapes.cancel,
    "drop": Tapes.drop,
    "release": Tapes.release,
}
