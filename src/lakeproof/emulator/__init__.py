"""A storage element in process: conformant by default, speaks five dialects, faults by name."""

from lakeproof.emulator.config import EmulatorConfig, TrustedIssuer
from lakeproof.emulator.dialect import Dialect, UnknownDialectError, dialect_names, load_dialect
from lakeproof.emulator.faults import Fault, Faults, UnknownFaultError, catalogue
from lakeproof.emulator.server import StorageServer

__all__ = [
    "Dialect",
    "EmulatorConfig",
    "Fault",
    "Faults",
    "StorageServer",
    "TrustedIssuer",
    "UnknownDialectError",
    "UnknownFaultError",
    "catalogue",
    "dialect_names",
    "load_dialect",
]
