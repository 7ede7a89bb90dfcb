"""Runs one check: what it needs, its transcript, its outcome. Lives where pytest runs items."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import pytest
from _pytest.runner import runtestprotocol

from lakeproof.check import Check
from lakeproof.features import require, require_of_issuer
from lakeproof.matrix import Cell, cell_of
from lakeproof.plugin import allure
from lakeproof.plugin.again import SecondChances, merge, unavailable
from lakeproof.plugin.collect import cell_name_of, check_of, endpoint_of, is_about_issuer, peer_of
from lakeproof.plugin.outcome import Judgement, Listing, judge
from lakeproof.plugin.record import make_result, rewrite
from lakeproof.plugin.run import Run, xfail_mark
from lakeproof.plugin.secrets import redact_report, without_secrets
from lakeproof.results import Result, unfinished_runs
from lakeproof.session.endpoint import EndpointSession
from lakeproof.session.issuer import IssuerSession
from lakeproof.session.leftovers import remove_leftovers
from lakeproof.session.tested import Tested
from lakeproof.verdict import Blame, Outcome, Violation
from lakeproof.wire.guard import origin_of
from lakeproof.wire.transcript import Exchange, Transcript
from lakeproof.wording import flaky_sentence


@dataclass(frozen=True)
class Attempt:
    """A first attempt that is followed by a second; `lucky`: it passed over an answer 503."""

    result: Result
    lucky: bool


RUN: pytest.StashKey[Run] = pytest.StashKey()
LISTED: pytest.StashKey[Listing] = pytest.StashKey()
BEGAN: pytest.StashKey[float] = pytest.StashKey()
PARTNER: pytest.StashKey[str] = pytest.StashKey()
MEASURED: pytest.StashKey[dict[str, float]] = pytest.StashKey()
FIRST: pytest.StashKey[Attempt] = pytest.StashKey()
WRITING = frozenset({"PUT", "DELETE", "MKCOL", "MOVE", "COPY", "PROPPATCH", "POST"})


class Worker:
    """The hooks around each item, and the clean-up at the end of the process."""

    def __init__(self, config: pytest.Config, run: Run) -> None:
        self.config = config
        self.run = run
        self._swept: set[str] = set()
        self._notes: list[str] = []
        self._chances = SecondChances()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
        """Run a check, and once more when it went wrong; only the last attempt is reported."""
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        try:
            if FIRST in item.stash:
                for session in self.run.sessions.opened():
                    session.close()
                reports = runtestprotocol(item, nextitem=nextitem, log=False)
        finally:  # an interruption must not lose what the first attempt has shown
            self._tell(item, reports)
        return True

    def _tell(self, item: pytest.Item, reports: Sequence[pytest.TestReport]) -> None:
        for report in reports:
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)

    def _sweep(self, session: EndpointSession) -> None:
        """Remove what earlier runs left: killed ones of this machine, others after a day."""
        self._swept.add(session.name)
        dead = list(unfinished_runs(self.run.folder.out))
        for removal in remove_leftovers(session, dead=dead):
            left = f", except {', '.join(removal.left)}" if removal.left else ""
            self._notes.append(f"removed what an earlier run left: {removal.directory}{left}")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, None, None]:
        """Begin the transcript, look whether the check can be tried, mark known failures."""
        with without_secrets():
            self._admit(item)
            yield

    def _admit(self, item: pytest.Item) -> None:
        check = check_of(item)
        if check is not None:
            session = self._session(item)
            self.run.sessions.recorder.begin(f"{check.id} on {session.name}")
            if FIRST not in item.stash:
                allure.label(check, session)
            if isinstance(session, EndpointSession):
                self._admit_to_storage(check, session)
            else:
                require_of_issuer(check, session, self.run.mode)
            listed = self.run.listed(check, session, cell_name_of(item))
            if listed is not None:
                item.stash[LISTED] = listed
                item.add_marker(xfail_mark(listed))

    def _admit_to_storage(self, check: Check, session: EndpointSession) -> None:
        require(check, session, self.run.mode)
        for each in self.run.sessions.all_of(session.name):
            # That of a second identity is prepared by the first check that needs it.
            if each.prepared and each.name not in self._swept:
                self._sweep(each)
                self.run.sessions.recorder.begin(f"{check.id} on {session.name}")

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_fixture_setup(self) -> Generator[None, object, object]:
        """Allure looks at a fixture's exception itself: it gets one without secrets."""
        with without_secrets():
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, None, None]:
        """Keep secrets out of exceptions; attach the transcript."""
        check = check_of(item)
        try:
            with without_secrets():
                yield
        finally:
            if check is not None:
                allure.attach(self.run.sessions.recorder.current, again=FIRST in item.stash)

    # Innermost: what others (skipping, junit, allure) make of the report, they make of ours.
    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Set the outcome, once: after the call, or after a set-up that did not get through."""
        check = check_of(item)
        if check is not None and call.excinfo and call.excinfo.errisinstance(Violation):
            # Replaced by `rewrite`: reading and parsing sources for a traceback would be wasted.
            item.repr_failure = _sentence  # type: ignore[method-assign,assignment]
        report = yield
        redact_report(report)
        if check is None:
            return report
        if call.when == "setup":
            item.stash[BEGAN] = call.start
        decided = call.when == "call" or (call.when == "setup" and call.excinfo is not None)
        interrupted = call.excinfo is not None and call.excinfo.errisinstance(KeyboardInterrupt)
        if decided and not interrupted:
            self._record(item, check, call, report)
        return report

    def _record(
        self,
        item: pytest.Item,
        check: Check,
        call: pytest.CallInfo[None],
        report: pytest.TestReport,
    ) -> None:
        session = self._session(item)
        raised = call.excinfo.value if call.excinfo else None
        judgement = judge(
            raised,
            in_call=call.when == "call",
            level=check.level,
            listed=item.stash.get(LISTED, None),
            origin=session.origin,
        ).redacted()
        transcript = self.run.sessions.recorder.current
        if isinstance(raised, Violation):
            transcript.judged = _evidence(raised, transcript)
        allure.name(check, session, cell_name_of(item))
        first = item.stash.get(FIRST, None)
        if first is None or first.result.outcome is not Outcome.ERROR:
            # A check that hangs twice is one that hangs.
            self._notice(check, session, judgement, transcript)
        result = make_result(
            check=check,
            session=session,
            judgement=judgement,
            folder=self.run.folder,
            began=item.stash[BEGAN],
            duration_s=call.stop - item.stash[BEGAN],
            transcript=transcript,
            partner=peer_of(item) or item.stash.get(PARTNER, None),
            cell=_cell(item),
            measured=item.stash.get(MEASURED, {}),
            stand_ins=self.run.sessions.plan.stand_ins(session.name),
            again=first is not None,
        )
        result = self._second_chance(item, check, result, raised)
        if result.flaky:
            report.user_properties = list(item.user_properties)
        rewrite(report, result)
        report.lakeproof = result.as_dict()  # type: ignore[attr-defined]

    def _second_chance(
        self, item: pytest.Item, check: Check, result: Result, raised: BaseException | None
    ) -> Result:
        """The result of both attempts; after the first one, whether there is to be another."""
        first, transcript = item.stash.get(FIRST, None), self.run.sessions.recorder.current
        if first is not None:
            lucky = first.lucky and not unavailable(transcript)
            result = merge(first.result, result, lucky=lucky)
            if result.flaky:
                item.user_properties.append(("flaky", flaky_sentence(result)))
                allure.flaky()
        elif LISTED not in item.stash and self._chances.grant(
            check, self._session(item), result.outcome, raised, transcript
        ):
            lucky = result.outcome is Outcome.PASS and unavailable(transcript)
            item.stash[FIRST] = Attempt(result, lucky)
        return result

    def _notice(
        self, check: Check, session: Tested, judgement: Judgement, seen: Transcript
    ) -> None:
        """Learn from what happened: a dead endpoint must not cost every check a time-out."""
        if check.suite == "reachability" and judgement.outcome is Outcome.FAIL:
            session.note_cause_judged()
        for other in self.run.sessions.opened():
            asked = [e for e in seen.exchanges if origin_of(e.url) == origin_of(other.origin)]
            # An answer that began and never ended is a time-out too, and blamed on the endpoint.
            endless = other is session and judgement.blame is Blame.ENDPOINT
            dumb = [
                e
                for e in asked
                if e.failure and not e.status and not (e.broken_off or e.turned_away)
            ]
            if endless or any(e.waited_in_vain for e in dumb):
                other.note_unanswered()
            elif dumb:
                other.note_closed()
            elif asked:
                other.note_answered()

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Remove what this process wrote, and tell the controller what is left."""
        left = self.run.sessions.clean_up()
        self.run.sessions.close()
        output = getattr(self.config, "workeroutput", None)
        report = {
            "left": left,
            "notes": [*self._notes, *self.run.sessions.notes()],
            "requests": self.run.sessions.recorder.requests,
            "scope_roots": self.run.sessions.scope_roots(),
        }
        if output is not None:
            output["lakeproof"] = report
        else:
            self.config.stash[FINISHED] = report

    def _session(self, item: pytest.Item) -> EndpointSession | IssuerSession:
        name = endpoint_of(item)
        sessions = self.run.sessions
        return sessions.issuer(name) if is_about_issuer(item) else sessions.get(name)


FINISHED: pytest.StashKey[dict[str, object]] = pytest.StashKey()


def _cell(item: pytest.Item) -> Cell | None:
    name = cell_name_of(item)
    return None if name is None else cell_of(name)


def _sentence(excinfo: pytest.ExceptionInfo[BaseException], *_: object) -> str:
    return str(excinfo.value)


def _evidence(raised: Violation, transcript: Transcript) -> Exchange | None:
    """The exchange to reproduce: the one the violation names, else the last that wrote."""
    if isinstance(raised.evidence, Exchange):
        return raised.evidence
    writes = [exchange for exchange in transcript.exchanges if exchange.method in WRITING]
    return writes[-1] if writes else None
