"""One run as the plugin sees it: its plan, its folder, its sessions and what is selected."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from lakeproof import known, profiles, tree
from lakeproof.check import Check, Registry
from lakeproof.credentials.errors import CredentialError
from lakeproof.credentials.kept import Keeper
from lakeproof.credentials.names import PathName
from lakeproof.features import RunMode
from lakeproof.inventory import InventoryError
from lakeproof.known import KnownFailures, KnownFailuresError
from lakeproof.plugin.options import OPTIONS
from lakeproof.plugin.outcome import Listing
from lakeproof.profiles import LEVELS, Profile, UnknownProfileError
from lakeproof.results import RunFolder, new_run_id
from lakeproof.session.adhoc import AdHoc
from lakeproof.session.expiry import Expiry
from lakeproof.session.fts import FtsTarget
from lakeproof.session.issuer_load import LoadPlan
from lakeproof.session.plan import Plan, from_inventory
from lakeproof.session.sessions import NO_OTHER, Sessions
from lakeproof.session.tested import Tested
from lakeproof.store_place import StorePlaceError, store_place
from lakeproof.verdict import Violation

LONGEST_PATIENCE = 360
# More than our own client sends on one processor.
HIGHEST_RATE = 5000
OF_PAIRS = ("reachability.*", "*.mesh.*")
SENSITIVE = (
    "token",
    "partner-token",
    "other-token",
    "client-secret-file",
    "other-client-secret-file",
    "proxy",
    "store",
)


@dataclass(frozen=True)
class Selection:
    """Which checks are asked for: suites, id globs, the lowest level, and profiles."""

    suites: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    level: str = "may"
    profiles: tuple[Profile, ...] = ()

    def includes(self, check: Check) -> bool:
        """Whether `check` (or an earlier id of it) is asked for."""
        ids = (check.id, *check.was)
        named = not self.checks or any(
            fnmatch.fnmatchcase(known_id, glob) for glob in self.checks for known_id in ids
        )
        in_suite = not self.suites or check.suite in self.suites
        in_profile = not self.profiles or any(each.includes(check) for each in self.profiles)
        return named and in_suite and in_profile and check.level in LEVELS[self.level]

    def verify(self, checks: Sequence[Check]) -> None:
        """Raise UsageError, with the nearest name, for a suite or glob that selects nothing."""
        suites = {check.suite for check in checks}
        for suite in set(self.suites) - suites:
            raise pytest.UsageError(
                f"--suite {suite}: there is no such suite{_nearest(suite, suites)}"
            )
        ids = {known_id for check in checks for known_id in (check.id, *check.was)}
        for glob in self.checks:
            if not fnmatch.filter(ids, glob):
                raise pytest.UsageError(f"--check {glob}: no check matches{_nearest(glob, ids)}")


@dataclass
class Run:
    """Everything one process of a run knows; built anew in every worker from the options."""

    plan: Plan
    folder: RunFolder
    mode: RunMode
    selection: Selection
    apply_known: bool
    extra_known: tuple[Path, ...] = ()
    worker: str | None = None
    contact: dict[str, Any] = field(default_factory=dict)
    expiry: Expiry = field(default_factory=Expiry)
    issuer_load: LoadPlan = field(default_factory=LoadPlan)
    store: str | None = None
    sessions: Sessions = field(init=False)
    _known: dict[str, tuple[KnownFailures, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._open_sessions()

    def become(self, worker: str) -> None:
        """Be the run of a fork: with sessions, and so directories, of its own."""
        self.worker = worker
        self._open_sessions()

    def _open_sessions(self) -> None:
        suffix = f"-{self.worker}" if self.worker else ""
        self.sessions = Sessions(
            self.plan, f"{self.folder.run_id}{suffix}", read_only=self.mode.read_only
        )
        self.sessions.expiry = self.expiry
        self.sessions.issuer_load = self.issuer_load

    def load_known(self, checks: Registry) -> None:
        """Read the known failures that each endpoint names, and hold them against `checks`."""
        said = {target.name: target.endpoint.known_failures for target in self.plan.targets}
        for name in (*said, *(issuer.name for issuer in self.plan.issuers)):
            named = said.get(name, ()) if self.apply_known else ()
            paths = [tree.known_failures(each) for each in named]
            try:
                self._known[name] = tuple(
                    known.load(path, checks) for path in (*paths, *self.extra_known)
                )
            except KnownFailuresError as error:
                raise pytest.UsageError(str(error)) from None

    def listed(self, check: Check, session: Tested, cell: str | None = None) -> Listing | None:
        """The known-failure entry for this check on what was observed at this endpoint."""
        lists = self._known.get(session.name, ())
        if any(check.id in failures.passes for failures in lists):
            return None
        version = session.fingerprint.version
        for failures in lists:
            entry = failures.find(check.id, version, *check.was, cell=cell)
            if entry is not None:
                return Listing(entry.issue, entry.reason, entry.sometimes)
        return None


def build(config: pytest.Config, run_id: str | None = None, worker: str | None = None) -> Run:
    """The run that the command line describes; raises UsageError in the words of the problem.

    A worker is told the run it belongs to and its own name.
    """
    get = config.getoption
    urls: list[str] = get("lakeproof_url")
    try:
        chosen = profiles.find(get("lakeproof_profile"))
        plan = _adhoc(config, urls).plan() if urls else _fleet(config)
        if get("lakeproof_fts"):
            plan = replace(plan, fts=_fts(get("lakeproof_fts"), get("lakeproof_ca")))
    except UnknownProfileError as error:
        raise pytest.UsageError(f"--profile: {error}") from None
    except InventoryError as error:
        raise pytest.UsageError("\n".join(error.problems)) from None
    except CredentialError as error:
        raise pytest.UsageError(error.sentence) from None
    for profile in chosen:
        if "other-token" in profile.requires and not any(t.other for t in plan.targets):
            raise pytest.UsageError(f"--profile {profile.name}: {NO_OTHER}")
    implied = {option for profile in chosen for option in profile.options}
    out = Path(get("lakeproof_out")).absolute()
    return Run(
        plan=plan,
        folder=RunFolder(out, run_id or new_run_id(), _said(config)),
        mode=RunMode(
            read_only=get("lakeproof_read_only") or "read-only" in implied,
            intrusive=get("lakeproof_intrusive") or "intrusive" in implied,
        ),
        selection=Selection(
            tuple(get("lakeproof_suite")),
            _checks(config),
            get("lakeproof_level"),
            chosen,
        ),
        apply_known=not urls,
        worker=worker,
        expiry=Expiry(
            keeper=Keeper.of_user() if get("lakeproof_keep_token") else None,
            patience_s=patience_minutes(get("lakeproof_patient")) * 60,
            say=partial(_say, config),
        ),
        issuer_load=LoadPlan(rate=tokens_per_second(get("lakeproof_issuer_rate"))),
        extra_known=tuple(Path(name) for name in get("lakeproof_known_failures")),
        store=_store(get("lakeproof_store"), out),
    )


def _fts(url: str, ca: str | None) -> FtsTarget:
    if not url.startswith("https://"):
        raise pytest.UsageError(f"--fts {url}: expected a URL such as https://fts.example.org:8446")
    return FtsTarget(url, PathName(ca) if ca else None)


def _store(said: str | None, out: Path) -> str | None:
    try:
        return store_place(said, out)
    except StorePlaceError as error:
        raise pytest.UsageError(f"--store: {error}") from None


def xfail_mark(listing: Listing) -> pytest.MarkDecorator:
    """The pytest mark of a known failure: only a Violation is excused, and a pass is an error."""
    return pytest.mark.xfail(strict=True, raises=Violation, reason=listing.when_fixed)


def _adhoc(config: pytest.Config, urls: Sequence[str]) -> AdHoc:
    get = config.getoption
    inventory = get("lakeproof_inventory")
    default = Path("endpoints.yaml")
    return AdHoc(
        urls=urls,
        partners=get("lakeproof_partner"),
        token=get("lakeproof_token"),
        partner_token=get("lakeproof_partner_token"),
        other_token=get("lakeproof_other_token"),
        other_client_id=get("lakeproof_other_client_id"),
        other_client_secret_file=get("lakeproof_other_client_secret_file"),
        other_area=get("lakeproof_other_area"),
        client_id=get("lakeproof_client_id"),
        client_secret_file=get("lakeproof_client_secret_file"),
        odd_tokens=get("lakeproof_odd_tokens"),
        audience=get("lakeproof_audience"),
        scope_root=get("lakeproof_scope_root"),
        proxy=get("lakeproof_proxy"),
        other_proxy=get("lakeproof_other_proxy"),
        ca=get("lakeproof_ca"),
        technology=get("lakeproof_technology"),
        features=get("lakeproof_feature"),
        peer=_peer(config),
        sample_file=get("lakeproof_sample_file"),
        root_door=get("lakeproof_root_door"),
        cache_of=get("lakeproof_cache_of"),
        fallback=Path(inventory) if inventory else default,
    )


def _peer(config: pytest.Config) -> dict[str, str]:
    """What was said with --peer-…, by the rest of the option's name."""
    names = [option.name for option in OPTIONS if option.name.startswith("peer-")]
    said = {name: config.getoption(f"lakeproof_{name.replace('-', '_')}") for name in names}
    return {name.removeprefix("peer-"): value for name, value in said.items() if value}


def _fleet(config: pytest.Config) -> Plan:
    get = config.getoption
    here, shipped = Path("endpoints.yaml"), config.rootpath / "endpoints.yaml"
    path = Path(get("lakeproof_inventory") or (here if here.exists() else shipped))
    pairs = [_pair(said) for said in get("lakeproof_pair")]
    if pairs and (get("lakeproof_site") or get("lakeproof_endpoint")):
        raise pytest.UsageError("--pair names the endpoints itself: leave --site, --endpoint out")
    return from_inventory(path, get("lakeproof_site"), get("lakeproof_endpoint"), pairs)


def _pair(said: str) -> tuple[str, str]:
    first, comma, second = (part.strip() for part in said.partition(","))
    if not (first and comma and second) or first == second or "," in second:
        raise pytest.UsageError(f"--pair {said}: expected two endpoints such as SITE-A,SITE-B")
    return first, second


def _checks(config: pytest.Config) -> tuple[str, ...]:
    """The globs that are asked for; of pairs alone: whether the ends are there, and the mesh."""
    get = config.getoption
    if get("lakeproof_pair") and not any(
        get(f"lakeproof_{name}") for name in ("suite", "check", "profile")
    ):
        return OF_PAIRS
    return tuple(get("lakeproof_check"))


def patience_minutes(said: str | None) -> int:
    """What --patient says, 0 without it; raises UsageError for anything but whole minutes."""
    if said is None:
        return 0
    if not said.isdecimal() or not 1 <= int(said) <= LONGEST_PATIENCE:
        raise pytest.UsageError(
            f'--patient: found "{said}", expected minutes from 1 to {LONGEST_PATIENCE}'
        )
    return int(said)


def tokens_per_second(said: str) -> int:
    """What --issuer-rate says; raises UsageError for anything but a whole number in bounds."""
    if not said.isdecimal() or not 1 <= int(said) <= HIGHEST_RATE:
        raise pytest.UsageError(
            f'--issuer-rate: found "{said}", expected tokens a second from 1 to {HIGHEST_RATE}'
        )
    return int(said)


def _say(config: pytest.Config, sentence: str) -> None:
    """Tell the person at the terminal something while a check runs; workers have no terminal."""
    progress = config.pluginmanager.get_plugin("lakeproof-progress")
    capture = config.pluginmanager.get_plugin("capturemanager")
    if progress is not None and capture is not None:
        with capture.global_and_fixture_disabled():
            progress.note(sentence)


def _said(config: pytest.Config) -> dict[str, Any]:
    """The options as given, for run.json; credentials stand there as 'given' only."""
    said: dict[str, Any] = {"url": config.getoption("lakeproof_url")}
    for option in OPTIONS:
        value = config.getoption(option.dest)
        if value in (None, [], False):
            continue
        said[option.name] = "given" if option.name in SENSITIVE else value
    return said


def _nearest(name: str, known_names: set[str]) -> str:
    close = difflib.get_close_matches(name, known_names, n=1)
    return f"; did you mean {close[0]}?" if close else "; `lakeproof checks list` has the names"
