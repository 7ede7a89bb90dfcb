"""An issuer and emulated storage elements in this process, for proving checks on them."""

from __future__ import annotations

import asyncio
import secrets
import socket
import ssl
import threading
import warnings
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from aiohttp import web

from lakeproof.credentials.client import ClientCredentials
from lakeproof.credentials.names import PathName, SecretName
from lakeproof.emulator import EmulatorConfig, StorageServer, TrustedIssuer
from lakeproof.emulator.faults import Faults
from lakeproof.inventory import endpoint_from_url
from lakeproof.lake import ca
from lakeproof.lake.broken_issuer import BrokenIssuer
from lakeproof.lake.layout import CLIENTS, ODD_CLIENT, OTHER_AREA, OTHER_CLIENT, Layout
from lakeproof.peer import PeerClient
from lakeproof.peer.server import PeerServer, Place
from lakeproof.results import new_run_id
from lakeproof.session.fts import FtsTarget
from lakeproof.session.issuer_load import LoadPlan
from lakeproof.session.observer import PeerAddress
from lakeproof.session.plan import Plan, Target, TokenSpec, issuers_of
from lakeproof.session.rse import Rse
from lakeproof.session.rucio import RUCIO_AUDIENCE
from lakeproof.session.sessions import Sessions
from lakeproof.wire.http import Timeouts, TlsConfig
from lakeproof.wire.probe import has_route
from tests.bite.ftsthread import FtsThread
from tests.bite.rehearsal import ACCOUNT, OTHER, Rehearsal, RehearsedRucio

ELEMENT, PARTNER = "ELEMENT", "PARTNER"
# In the place of a dialect: the element is a cache of the partner.
CACHE = "cache"
AREA = "/data"
FOREIGN = "/elsewhere/file"
# Lies on tape in each element that has one, and may be recalled.
ON_TAPE = "/data/tape/named"
SECOND_ADDRESS = "127.0.0.2"
# Where the elements' own rules forbid them to fetch from.
INSIDE = "127.0.0.3"
PATIENCE_S = 6.0
TAPE_S = 0.2
# Whom the elements know by certificate, and whom not.
MEMBER, STRANGER = "somebody", "stranger"
V6_ADDRESS = "::1"
V6_LOOPBACK = (V6_ADDRESS,) if has_route(V6_ADDRESS) else ()
# What a technology does not have at all, as its inventory entry would say.
# StoRM gives macaroons to certificates only, and its caveats are not looked at.
ABSENT = {
    "storm": {"md5": False, "macaroons": False},
    "xrootd": {"quota": False, "tape": False},
    "dpm": {"tape": False},
}
IMPATIENT = Timeouts(connect_s=1.5, read_s=1.5, total_s=10, settle_s=1, marker_s=1)
# Fifty handshakes at a time take their time on a small machine.
PATIENT = replace(IMPATIENT, connect_s=20, read_s=20, total_s=60)
RATE = 48 * 1024 * 1024
"""Bytes per second of a copy, so that one of 64 MiB takes longer than `IMPATIENT.marker_s`."""


def _has_tape(dialect: str) -> bool:
    return ABSENT.get(dialect, {}).get("tape", True)


@dataclass(frozen=True)
class Files:
    """The certificate authority of the bench, and what it signed for the servers."""

    ca: Path
    ca_key: Path
    certificate: Path
    key: Path
    peer: Path
    client: Path
    stranger: Path
    elsewhere: Path


def make_files(directory: Path) -> Files:
    """A fresh authority and one host certificate, good for every server of the bench."""
    authority = ca.make_authority()
    host = ca.issue(authority, "localhost", ["localhost", "127.0.0.1", V6_ADDRESS])
    files = Files(
        directory / "ca.pem",
        directory / "ca.key",
        directory / "host.pem",
        directory / "host.key",
        directory / "peer.pem",
        directory / "client.pem",
        directory / "stranger.pem",
        directory / "elsewhere.pem",
    )
    ca.write_credential(ca.issue(authority, STRANGER), files.stranger)
    ca.write_credential(ca.issue(authority, "localhost", ["localhost", INSIDE]), files.peer)
    ca.write_credential(ca.issue(authority, MEMBER), files.client)
    other = "another.example.org"
    ca.write_credential(ca.issue(authority, other, [other]), files.elsewhere)
    for identity, certificate, key in (
        (authority, files.ca, files.ca_key),
        (host, files.certificate, files.key),
    ):
        certificate.write_bytes(identity.certificate_pem)
        key.write_bytes(identity.key_pem)
        key.chmod(0o600)
    return files


class IssuerThread:
    """The lake's token issuer, served from a thread of this process."""

    def __init__(self, layout: Layout, files: Files) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        # The port is part of the issuer's name, so it is bound before the issuer is made.
        listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://localhost:{listening.getsockname()[1]}"
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._files = files
        self._issuer = BrokenIssuer(layout, self.url)
        self.faults = frozenset()
        self._runner = web.AppRunner(self._issuer.application(), access_log=None)
        self._call(self._start(listening, self._context))

    async def _start(self, listening: socket.socket, context: ssl.SSLContext) -> None:
        await self._runner.setup()
        await web.SockSite(self._runner, listening, ssl_context=context).start()

    @property
    def faults(self) -> frozenset[str]:
        """The deviations that are switched on; those of TLS concern connections to come."""
        return self._issuer.faults.names

    @faults.setter
    def faults(self, names: frozenset[str]) -> None:
        self._issuer.faults = Faults(names)
        files, context = self._files, self._context
        if "issuer-tls-wrong-host" in names:
            context.load_cert_chain(files.elsewhere)
        else:
            context.load_cert_chain(files.certificate, files.key)
        old = "issuer-tls-1.0" in names
        context.set_ciphers("DEFAULT@SECLEVEL=0" if old else "DEFAULT")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = ssl.TLSVersion.TLSv1 if old else ssl.TLSVersion.TLSv1_2

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def stop(self) -> None:
        """Close the port and end the thread."""
        self._call(self._runner.cleanup())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class _SignedWithES256(ClientCredentials):
    """A client whose issuer signs with ES256 unless it is asked for something else."""

    def _grant(self, form: Mapping[str, str]) -> dict[str, Any]:
        return super()._grant({"alg": "ES256", **form})


class Bench:
    """Servers that are kept, and the sessions of the case that is being tried.

    One element a dialect and one conformant partner; faults are switched on the element. The
    sessions are made anew for each set of faults, as their connections and findings would
    outlive it.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.files = make_files(directory)
        layout = Layout(directory / "issuer")
        layout.secret.mkdir(parents=True)
        for client in CLIENTS:
            layout.client_secret(client).write_text(secrets.token_urlsafe())
            layout.client_secret(client).chmod(0o600)
        self._secret = SecretName(f"file:{layout.client_secret(ODD_CLIENT)}")
        self._other = SecretName(f"file:{layout.client_secret(OTHER_CLIENT)}")
        self._issuer = IssuerThread(layout, self.files)
        self._elements: dict[str, StorageServer] = {}
        self._partner = self._start("conformant", PARTNER)
        credential = directory / "fts.pem"
        credential.write_text(self.files.certificate.read_text() + self.files.key.read_text())
        credential.chmod(0o600)
        self._fts = FtsThread(
            directory / "fts",
            credential=credential,
            ca=self.files.ca,
            issuer=self._issuer.url,
            people={ca.read_credential(self.files.client).subject: self.files.client},
        )
        self._peer = PeerServer(
            [
                Place("first", "127.0.0.1", 0),
                Place("other", "127.0.0.1", 0),
                Place("inside", INSIDE, 0),
            ],
            self.files.peer,
        ).start()
        self._current: tuple[str, frozenset[str], bool, Timeouts] | None = None
        self._sessions: Sessions | None = None

    def sessions(
        self,
        dialect: str,
        faults: Iterable[str],
        *,
        prepared: bool = True,
        timeouts: Timeouts = IMPATIENT,
    ) -> Sessions:
        """Sessions with an element of this dialect and these faults, and its sound partner.

        `prepared`: the run's directory was made before the element broke, as the faults of a
        check are about the check and not about what comes before it.
        """
        wanted = (dialect, frozenset(faults), prepared, timeouts)
        if self._sessions is None or self._current != wanted:
            self._forget()
            element = self.element(dialect)
            plan = Plan(
                targets=(self._target(element, ELEMENT, dialect, timeouts),),
                partners=(self._target(self._partner, PARTNER, "conformant"),),
                fts=FtsTarget(self._fts.url, PathName(str(self.files.ca))),
            )
            self._fts.break_in(fault for fault in wanted[1] if fault.startswith("fts-"))
            self._sessions, self._current = Sessions(plan, new_run_id()), wanted
            self._sessions.watch_with(
                PeerClient(self._peer.control_url, self._peer.secret),
                self._peer_address(),
                patience_s=PATIENCE_S,
            )
            session = self._sessions.get(ELEMENT)
            self._rehearse_rucio(self._sessions, wanted[1])
            if "token-rs256-refused" in wanted[1]:
                # Only somebody whose own tokens are ES256 can find out.
                session.wallet.source = self._source_of_es256()
            if "token-audience-url-refused" in wanted[1]:
                # Its operator has found out which audience works, and says so.
                session.wallet.audience = element.element.config.public_name
            if prepared:
                session.require_ready()
            element.element.tape.put_away(PurePosixPath(ON_TAPE))
            element.faults = wanted[1]
            if "name-does-not-resolve" in wanted[1]:
                self._sessions = Sessions(
                    Plan(targets=(self._target(element, ELEMENT, dialect),)), new_run_id()
                )
        return self._sessions

    def _rehearse_rucio(self, sessions: Sessions, faults: frozenset[str]) -> None:
        """Have both storages as RSEs of one Rucio, which both identities may ask."""
        rucio = RehearsedRucio(Faults(faults))
        for name in (ELEMENT, PARTNER):
            owner, *others = sessions.all_of(name)
            for session, account in ((owner, ACCOUNT), *((other, OTHER) for other in others)):
                clients = Rehearsal(
                    rucio, name, session, account=account, directory=owner.run_directory
                )
                session.rse = Rse(
                    name,
                    clients,
                    scope="lakeproof",
                    prefix=owner.run_directory.name,
                    patience_s=1,
                    account=account,
                    audience=RUCIO_AUDIENCE,
                    storage=session.storage,
                    storage_at=owner.storage_at,
                )
                session.rse.settle_s, session.rse.poll_s = 0, 0.05
                rucio.rses.setdefault(name, clients)

    def issuer_sessions(self, faults: Iterable[str]) -> Sessions:
        """Sessions with the issuer, of these faults, as an element of the bench uses it."""
        self._forget()
        self._sessions = self._current = None
        self._issuer.faults = frozenset(faults)
        targets = [self._target(self._partner, PARTNER, "conformant")]
        self._sessions = Sessions(Plan(targets=(), issuers=issuers_of(targets)), new_run_id())
        self._sessions.issuer_load = LoadPlan(step_s=0.1)
        return self._sessions

    def _peer_address(self) -> PeerAddress:
        first, other, inside = (self._peer.ports[name] for name in ("first", "other", "inside"))
        return PeerAddress(
            f"https://localhost:{first}",
            other_url=f"https://localhost:{other}",
            inside_url=f"https://{INSIDE}:{inside}",
            misnamed_url=f"https://127.0.0.1:{first}",
        )

    def _source_of_es256(self) -> ClientCredentials:
        return _SignedWithES256(
            self._issuer.url,
            ODD_CLIENT,
            self._secret,
            tls=TlsConfig(self.files.ca),
            trusted_odd_tokens=True,
        )

    def element(self, dialect: str) -> StorageServer:
        """The element that speaks this dialect."""
        if dialect not in self._elements:
            self._elements[dialect] = self._start(dialect, dialect)
        return self._elements[dialect]

    def _of_a_cache(self) -> dict[str, str]:
        """What an inventory says of a cache beside the rest."""
        return {"cache_of": PARTNER, "audience": self._partner.url}

    def _forget(self) -> None:
        if self._sessions is not None:
            self._sessions.close()
        for element in self._elements.values():
            if element.faults:
                element.faults = frozenset()
        if self._issuer.faults:
            self._issuer.faults = frozenset()

    def stop(self) -> None:
        """Stop everything."""
        self._forget()
        self._fts.stop()
        self._peer.stop()
        for server in (self._partner, *self._elements.values()):
            server.stop()
        self._issuer.stop()

    def _start(self, dialect: str, name: str) -> StorageServer:
        cache = dialect == CACHE
        config = EmulatorConfig(
            root=self._directory / name,
            certificate=self.files.certificate,
            key=self.files.key,
            ca_certificate=self.files.ca,
            ca_key=self.files.ca_key,
            dialect="conformant" if cache else dialect,
            # Who reads through a cache shows it the tokens that the storage behind it takes.
            origin=self._partner.url if cache else "",
            audiences=(self._partner.url,) if cache else (),
            name="localhost",
            also_at=(SECOND_ADDRESS, *V6_LOOPBACK) if name != PARTNER else V6_LOOPBACK,
            issuers=(TrustedIssuer(self._issuer.url, PurePosixPath(AREA), self.files.ca),),
            trust=self.files.ca,
            macaroon_secret=secrets.token_hex(),
            marker_interval_s=0.05,
            throttle_block_s=0.1,
            transfer_timeout_s=2,
            kept_from=(INSIDE,),
            transfer_rate=RATE,
            client_ca=self.files.ca,
            members=(ca.read_credential(self.files.client).subject,),
            reader_groups=("/lake",),
            writer_groups=("/lake/production",),
            tape_path=PurePosixPath(f"{AREA}/tape") if _has_tape(dialect) else None,
            tape_latency_s=TAPE_S,
            tape_staging=True,
            on_tape=(PurePosixPath(ON_TAPE),) if _has_tape(dialect) else (),
        )
        foreign = config.root / "tree" / FOREIGN.strip("/")
        foreign.parent.mkdir(parents=True, exist_ok=True)
        foreign.write_bytes(b"of another community")
        return StorageServer(config).start()

    def _target(
        self, server: StorageServer, name: str, dialect: str, timeouts: Timeouts = IMPATIENT
    ) -> Target:
        endpoint = endpoint_from_url(
            f"{server.url}{AREA}",
            {
                "name": name,
                **(self._of_a_cache() if dialect == CACHE else {}),
                "ca": str(self.files.ca),
                "scope_root": AREA,
                "groups": {"reader": "/lake", "writer": "/lake/production"},
                "foreign": FOREIGN,
                "tape": {"path": ON_TAPE, "within_s": 2 * TAPE_S},
                "pacing": False,  # the bench's dCache shuts out for a moment only
                "features": {
                    "srr": True,
                    "elsewhere": True,
                    "tape": True,
                    **ABSENT.get(dialect, {}),
                },
                "auth": {
                    "x509": f"file:{self.files.client}",
                    "other_area": f"{AREA}{OTHER_AREA}",
                    "other_x509": f"file:{self.files.stranger}",
                },
            },
        )
        # A door in name only: the bench's FTS makes copies over root:// by HTTP at the same port.
        root = replace(endpoint.door, scheme="root")
        doors = endpoint.doors.model_copy(update={"root": root})
        endpoint = endpoint.model_copy(update={"doors": doors})
        tokens = TokenSpec(
            f"client:{self._issuer.url}",
            client_id=ODD_CLIENT,
            secret=self._secret,
            ca=PathName(str(self.files.ca)),
            trusted_odd_tokens=True,
        )
        return Target(
            site=name,
            endpoint=endpoint,
            tokens=tokens,
            timeouts=timeouts,
            area="lakeproof",
            max_bytes=1 << 40,
            other=replace(
                tokens, client_id=OTHER_CLIENT, secret=self._other, trusted_odd_tokens=False
            ),
        )
