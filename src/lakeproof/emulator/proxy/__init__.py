"""A TLS proxy in front of a real storage that lays faults over its answers."""

from lakeproof.emulator.proxy.server import FaultProxy, ProxyConfig

__all__ = ["FaultProxy", "ProxyConfig"]
