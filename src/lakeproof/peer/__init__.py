"""The observable peer: an HTTPS storage of our own that an endpoint under test copies from and to.

Every resource behaves in its own way and writes down what was asked of it, so that parallel
checks never disturb one another.
"""

from lakeproof.peer.client import PeerClient
from lakeproof.peer.resource import BEHAVIOURS, Behaviour, Sighting
from lakeproof.peer.server import PeerServer, Place

__all__ = ["BEHAVIOURS", "Behaviour", "PeerClient", "PeerServer", "Place", "Sighting"]
