"""lakeproof: is this storage endpoint fit for a scientific data lake?"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("lakeproof")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"
