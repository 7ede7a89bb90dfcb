"""The laptop lake: authority, token issuer, two real XRootD sites and four emulated ones."""

from lakeproof.lake.control import down, environment, find, status, up
from lakeproof.lake.errors import LakeError
from lakeproof.lake.layout import Lake, LakeSite, Layout, ServiceStatus, default_directory

__all__ = [
    "Lake",
    "LakeError",
    "LakeSite",
    "Layout",
    "ServiceStatus",
    "default_directory",
    "down",
    "environment",
    "find",
    "status",
    "up",
]
