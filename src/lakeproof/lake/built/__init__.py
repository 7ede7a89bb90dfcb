"""A newer XRootD than Debian's for the lake, built here from its source distribution on PyPI."""

from lakeproof.lake.built.recipe import COMMAND, NAME, TITLE, VERSION, Place, installed

__all__ = ["COMMAND", "NAME", "TITLE", "VERSION", "Place", "installed"]
