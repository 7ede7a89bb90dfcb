"""lakeproof: is this storage endpoint fit for a scientific data lake?

The names below are what a check may use. Those that bring HTTP along are imported when first
asked for, so that `lakeproof lake env` does not pay for it.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

try:
    __version__ = version("lakeproof")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"

# The module and the decorator share their name; importing it here makes the decorator win.
from lakeproof.check import check
from lakeproof.verdict import Level, Severity

if TYPE_CHECKING:
    from lakeproof.copies import Pull, Push
    from lakeproof.credentials.own_key import OwnKey
    from lakeproof.directly import Directly
    from lakeproof.expect import Expect
    from lakeproof.fixture_types import (
        Apart,
        DataServerOf,
        DiscoveryOf,
        Embargoed,
        ExpiredToken,
        ForeignFile,
        ForgedMacaroon,
        GreetRoot,
        Impersonating,
        Laid,
        Lay,
        LimitedMacaroonFor,
        MacaroonBy,
        MacaroonEnd,
        MacaroonFor,
        Measure,
        Narrowed,
        OAuthMacaroonFor,
        OddTokenFor,
        OpenRoot,
        Pace,
        PayloadOf,
        ProxyFor,
        ReadPages,
        RootCopy,
        Survey,
        Tampered,
        TargetOf,
        Together,
        TokenFor,
        TryCell,
    )
    from lakeproof.matrix import Cell
    from lakeproof.session.fts import Fts, FtsJob
    from lakeproof.session.grant import Grant, PublishedKey
    from lakeproof.session.issuer_load import IssuerLoad
    from lakeproof.session.observer import Observed, Observer
    from lakeproof.session.probe import Probe
    from lakeproof.session.recall import Recall
    from lakeproof.session.rse import Rse
    from lakeproof.session.sample import ServedSample
    from lakeproof.session.tape_desk import TapeDesk
    from lakeproof.session.token_issuer import TokenIssuer
    from lakeproof.session.tried import Tried
    from lakeproof.srr import FoundReport
    from lakeproof.wire.auth import ANONYMOUS, Bearer, ClientCert, Credential
    from lakeproof.wire.clients.curl import Curl
    from lakeproof.wire.clients.davix import Davix
    from lakeproof.wire.clients.gfal import Gfal
    from lakeproof.wire.clients.xrdcp import Xrdcp
    from lakeproof.wire.payload import Payload
    from lakeproof.wire.raw import RawAnswers, RawRequest
    from lakeproof.wire.reply import Reply
    from lakeproof.wire.root.door import RootDoor
    from lakeproof.wire.root.reply import RootReply
    from lakeproof.wire.root.speech import RootSpeech
    from lakeproof.wire.sample import Sample
    from lakeproof.wire.storage import StorageElement
    from lakeproof.wire.tape import Discovery, Localities, Progress, TapeApi
    from lakeproof.wire.tpc import Transfer

MUST, SHOULD, MAY = Level.MUST, Level.SHOULD, Level.MAY
CRITICAL, HIGH = Severity.CRITICAL, Severity.HIGH
MEDIUM, LOW = Severity.MEDIUM, Severity.LOW

_HOME = {
    "ANONYMOUS": "wire.auth",
    "Bearer": "wire.auth",
    "Apart": "fixture_types",
    "DataServerOf": "fixture_types",
    "Embargoed": "fixture_types",
    "ForeignFile": "fixture_types",
    "ForgedMacaroon": "fixture_types",
    "Impersonating": "fixture_types",
    "LimitedMacaroonFor": "fixture_types",
    "Localities": "wire.tape",
    "MacaroonBy": "fixture_types",
    "MacaroonEnd": "fixture_types",
    "Narrowed": "fixture_types",
    "OAuthMacaroonFor": "fixture_types",
    "Cell": "matrix",
    "Directly": "directly",
    "Discovery": "wire.tape",
    "DiscoveryOf": "fixture_types",
    "ClientCert": "wire.auth",
    "Curl": "wire.clients.curl",
    "Davix": "wire.clients.davix",
    "Gfal": "wire.clients.gfal",
    "Expect": "expect",
    "ExpiredToken": "fixture_types",
    "FoundReport": "srr",
    "Fts": "session.fts",
    "FtsJob": "session.fts",
    "Grant": "session.grant",
    "IssuerLoad": "session.issuer_load",
    "Laid": "fixture_types",
    "Lay": "fixture_types",
    "Measure": "fixture_types",
    "Observed": "session.observer",
    "Observer": "session.observer",
    "MacaroonFor": "fixture_types",
    "OddTokenFor": "fixture_types",
    "OwnKey": "credentials.own_key",
    "Payload": "wire.payload",
    "PayloadOf": "fixture_types",
    "ProxyFor": "fixture_types",
    "Probe": "session.probe",
    "PublishedKey": "session.grant",
    "Progress": "wire.tape",
    "Pull": "copies",
    "Push": "copies",
    "RawAnswers": "wire.raw",
    "RawRequest": "wire.raw",
    "Recall": "session.recall",
    "Reply": "wire.reply",
    "ReadPages": "fixture_types",
    "RootCopy": "fixture_types",
    "RootDoor": "wire.root.door",
    "RootReply": "wire.root.reply",
    "RootSpeech": "wire.root.speech",
    "GreetRoot": "fixture_types",
    "OpenRoot": "fixture_types",
    "Credential": "wire.auth",
    "Sample": "wire.sample",
    "Rse": "session.rse",
    "ServedSample": "session.sample",
    "StorageElement": "wire.storage",
    "Pace": "fixture_types",
    "Survey": "fixture_types",
    "TapeApi": "wire.tape",
    "TapeDesk": "session.tape_desk",
    "TargetOf": "fixture_types",
    "Tampered": "fixture_types",
    "Together": "fixture_types",
    "TokenFor": "fixture_types",
    "TokenIssuer": "session.token_issuer",
    "Transfer": "wire.tpc",
    "Tried": "session.tried",
    "TryCell": "fixture_types",
    "Xrdcp": "wire.clients.xrdcp",
}

__all__ = [
    "ANONYMOUS",
    "CRITICAL",
    "HIGH",
    "LOW",
    "MAY",
    "MEDIUM",
    "MUST",
    "SHOULD",
    "Apart",
    "Bearer",
    "Cell",
    "ClientCert",
    "Credential",
    "Curl",
    "DataServerOf",
    "Davix",
    "Directly",
    "Discovery",
    "DiscoveryOf",
    "Embargoed",
    "Expect",
    "ExpiredToken",
    "ForeignFile",
    "ForgedMacaroon",
    "FoundReport",
    "Fts",
    "FtsJob",
    "Gfal",
    "Grant",
    "GreetRoot",
    "Impersonating",
    "IssuerLoad",
    "Laid",
    "Lay",
    "LimitedMacaroonFor",
    "Localities",
    "MacaroonBy",
    "MacaroonEnd",
    "MacaroonFor",
    "Measure",
    "Narrowed",
    "OAuthMacaroonFor",
    "Observed",
    "Observer",
    "OddTokenFor",
    "OpenRoot",
    "OwnKey",
    "Pace",
    "Payload",
    "PayloadOf",
    "Probe",
    "Progress",
    "ProxyFor",
    "PublishedKey",
    "Pull",
    "Push",
    "RawAnswers",
    "RawRequest",
    "ReadPages",
    "Recall",
    "Reply",
    "RootCopy",
    "RootDoor",
    "RootReply",
    "RootSpeech",
    "Rse",
    "Sample",
    "ServedSample",
    "StorageElement",
    "Survey",
    "Tampered",
    "TapeApi",
    "TapeDesk",
    "TargetOf",
    "Together",
    "TokenFor",
    "TokenIssuer",
    "Transfer",
    "Tried",
    "TryCell",
    "Xrdcp",
    "__version__",
    "check",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401  as various as the names
    if name not in _HOME:
        raise AttributeError(f"module 'lakeproof' has no attribute {name!r}")
    found = getattr(import_module(f"lakeproof.{_HOME[name]}"), name)
    globals()[name] = found
    return found
