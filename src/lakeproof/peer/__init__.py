"""The observable peer: an HTTPS storage of our own that an endpoint under test copies from and to.

Every resource behaves in its own way and writes down what was asked of it, so that parallel
checks never disturb one another. The controlling process of a run serves it (`peer.server`), its
workers ask it over loopback (`PeerClient`).
"""

from lakeproof.peer.client import PeerClient
from lakeproof.peer.resource import BEHAVIOURS, Behaviour, Sighting

__all__ = ["BEHAVIOURS", "Behaviour", "PeerClient", "Sighting"]
