"""The laptop lake: a certificate authority, a token issuer and two XRootD sites, for real."""

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
