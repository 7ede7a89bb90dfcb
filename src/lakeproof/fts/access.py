"""Who asks: the subject of a certificate, or what a verified access token says."""

from __future__ import annotations

import hashlib
import ssl
import threading
import time
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import hdrs, web
from cryptography import x509
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from lakeproof.credentials.errors import CredentialError
from lakeproof.credentials.issuer import IssuerClient
from lakeproof.fts.errors import Refused
from lakeproof.fts.settings import Settings
from lakeproof.fts.submission import claims_of
from lakeproof.lake.ca import slash_form
from lakeproof.wire.auth import ClientCert
from lakeproof.wire.connection import TlsConfig

UNAUTHORISED, FORBIDDEN, NO_DELEGATION = 401, 403, 419
CERTIFICATE, TOKEN, NOBODY = "certificate", "oauth2", "unauthenticated"
ALGORITHMS = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256"]
LEEWAY_S = 10
SHORT = 16


@dataclass(frozen=True)
class Caller:
    """Who asks and how they showed it."""

    name: str
    method: str

    @property
    def delegation_id(self) -> str:
        """FTS's name for what this caller delegated."""
        return hashlib.sha1(self.name.encode(), usedforsecurity=False).hexdigest()[:SHORT]


ANYBODY = Caller("anonymous", NOBODY)


class Access:
    """Knows the issuers and the people of one stand-in."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._issuers = {
            url.rstrip("/"): IssuerClient(url, tls=TlsConfig(settings.ca))
            for url in settings.issuers
        }
        self._keys: dict[str, KeySet] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the connections to the issuers."""
        for issuer in self._issuers.values():
            issuer.close()

    def caller(self, request: web.Request) -> Caller:
        """Who sent it, ANYBODY without a credential; raises Refused for one that is no good.

        May ask the issuer for its keys: not to be called in the event loop.
        """
        header = request.headers.get(hdrs.AUTHORIZATION, "")
        scheme, _, token = header.partition(" ")
        if scheme.lower() == "bearer":
            return Caller(self._subject(token.strip()), TOKEN)
        certificate = _peer_certificate(request)
        if certificate is None or "fts-certificate-unknown" in self._faults:
            return ANYBODY
        return Caller(_person(certificate), CERTIFICATE)

    def certificate_of(self, name: str) -> ClientCert | None:
        """What copies for this person are made with."""
        path = self._settings.people.get(name)
        return None if path is None else ClientCert(path, path)

    def require_delegation(self, caller: Caller) -> None:
        """Raise Refused (419) for a certificate whose owner left nothing to act with."""
        known = self._settings.people
        if "fts-certificate-refused" in self._faults:
            known = {}
        if caller.method == CERTIFICATE and caller.name not in known:
            raise Refused(NO_DELEGATION, f'No delegation found for "{caller.name}"')

    def _subject(self, token: str) -> str:
        claims = self._verified(token)
        now = time.time()
        expired = now > float(claims.get("exp", 0)) + LEEWAY_S
        if expired and "fts-expired-accepted" not in self._faults:
            raise Refused(UNAUTHORISED, "Invalid token: it has expired")
        if now < float(claims.get("nbf", 0)) - LEEWAY_S:
            raise Refused(UNAUTHORISED, "Invalid token: it is not valid yet")
        audience = claims.get("aud", [])
        audience = [audience] if isinstance(audience, str) else audience
        if not self._settings.audiences & set(audience) and (
            "fts-any-audience" not in self._faults
        ):
            raise Refused(UNAUTHORISED, "Invalid token: it is for another audience")
        scopes = str(claims.get("scope", "")).split()
        if not any(scope == "fts" or scope.startswith("fts:") for scope in scopes):
            raise Refused(FORBIDDEN, "The token has no scope for FTS")
        return str(claims.get("sub", "unknown"))

    @property
    def _faults(self) -> Set[str]:
        return self._settings.faults

    def _verified(self, token: str) -> dict[str, Any]:
        unverified = claims_of(token)
        issuer = str(unverified.get("iss", "")).rstrip("/")
        if issuer not in self._issuers:
            raise Refused(
                UNAUTHORISED,
                f"FTS access-token has unknown issuer: issuer={unverified.get('iss')}",
            )
        if "fts-signature-unchecked" in self._faults:
            return unverified
        try:
            return dict(jwt.decode(token, self._known(issuer), algorithms=ALGORITHMS).claims)
        except (JoseError, ValueError):
            raise Refused(UNAUTHORISED, "Invalid token: its signature is wrong") from None

    def _known(self, issuer: str) -> KeySet:
        with self._lock:
            if issuer not in self._keys:
                try:
                    keys = self._issuers[issuer].public_keys()
                except CredentialError as error:
                    raise Refused(UNAUTHORISED, f"The issuer gives no keys: {error}") from None
                self._keys[issuer] = KeySet.import_key_set({"keys": list(keys)})
            return self._keys[issuer]


def tls_context(credential: Path, ca: Path) -> ssl.SSLContext:
    """A server's context that asks for a certificate and does without."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(ca))
    context.load_cert_chain(credential)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.verify_flags |= ssl.VERIFY_ALLOW_PROXY_CERTS
    return context


def _peer_certificate(request: web.Request) -> x509.Certificate | None:
    transport = request.transport
    found = transport.get_extra_info("ssl_object") if transport else None
    der = found.getpeercert(binary_form=True) if found else None
    return x509.load_der_x509_certificate(der) if der else None


def _person(certificate: x509.Certificate) -> str:
    """The subject, without what a proxy adds to it."""
    name, issuer = slash_form(certificate.subject), slash_form(certificate.issuer)
    return issuer if name.startswith(f"{issuer}/CN=") else name
