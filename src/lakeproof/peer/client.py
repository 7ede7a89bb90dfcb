"""How a worker of a run talks to the run's peer: over the control door on loopback."""

from __future__ import annotations

from dataclasses import dataclass, field

import requests

from lakeproof.peer.resource import Behaviour, Sighting

TIMEOUT_S = 30.0


@dataclass(frozen=True)
class PeerClient:
    """Makes resources and reads what was seen; picklable facts only, so workers can have it."""

    control_url: str
    secret: str = field(repr=False)

    def add(
        self,
        behaviour: Behaviour,
        content: bytes | None,
        *,
        name: str = "file",
        token: str = "",
        location: str = "",
    ) -> str:
        """Make a resource, with `content` to be fetched or None to be uploaded to; its name."""
        query = {
            "behaviour": behaviour,
            "name": name,
            "token": token,
            "location": location,
            "holds": "no" if content is None else "yes",
        }
        reply = self._ask("POST", "", params=query, data=content or b"")
        return str(reply.json()["name"])

    def seen(self, name: str) -> list[Sighting]:
        """The requests to this resource so far, in order."""
        return [Sighting.of(each) for each in self._ask("GET", name).json()]

    def release(self, name: str) -> None:
        """Have a slow reader read as fast as it can from now on."""
        self._ask("POST", name)

    def remove(self, name: str) -> None:
        """Forget this resource."""
        self._ask("DELETE", name)

    def _ask(
        self,
        method: str,
        name: str,
        params: dict[str, str] | None = None,
        data: bytes | None = None,
    ) -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False  # no proxy between us and ourselves
            reply = session.request(
                method,
                f"{self.control_url}/{name}",
                params=params,
                data=data,
                headers={"Authorization": f"Bearer {self.secret}"},
                timeout=TIMEOUT_S,
            )
        reply.raise_for_status()
        return reply
