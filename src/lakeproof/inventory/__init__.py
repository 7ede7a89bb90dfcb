"""The endpoint inventory: what is to be checked, and by which names its secrets go."""

from lakeproof.inventory.adhoc import endpoint_from_url, inventory_from_urls, peer_from_options
from lakeproof.inventory.loader import load
from lakeproof.inventory.model import Endpoint, Inventory, Issuer, Site
from lakeproof.inventory.problems import InventoryError

__all__ = [
    "Endpoint",
    "Inventory",
    "InventoryError",
    "Issuer",
    "Site",
    "endpoint_from_url",
    "inventory_from_urls",
    "load",
    "peer_from_options",
]
