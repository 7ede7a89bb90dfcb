"""Looks at everything that a copy needs: both ends, the pair, FTS, and what Rucio's books say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

from lakeproof.blame import (
    Deduction,
    Kind,
    Look,
    Observations,
    Reason,
    Seen,
    State,
    deduce,
    read_reason,
)
from lakeproof.credentials.errors import CannotNarrow, CredentialError
from lakeproof.inventory import endpoint_from_url
from lakeproof.session.case import Case
from lakeproof.session.endpoint import EndpointSession
from lakeproof.session.ends import (
    Placed,
    copied,
    look_at_destination,
    look_at_source,
    path_in,
    place,
)
from lakeproof.session.fts import Fts, FtsJob, FtsTarget, Place, json_of
from lakeproof.session.sessions import Sessions
from lakeproof.verdict import NotRun
from lakeproof.wire.auth import Bearer, Credential
from lakeproof.wire.reply import NotReached

READ_AT_MOST = 16 * 1024 * 1024
PATIENCE_S = 600.0
# How long our own job at FTS may take before we say no more than that it waits.
OWN_JOB_S = 60.0
# A third endpoint that does not answer costs its time-out: not many are tried.
WITNESSES, MOST_TRIED = 2, 5
DENIED = (401, 403, 419)
UNKNOWN, SERVER_ERROR = 404, 500
NO_ENDPOINT = "no endpoint of the inventory is {what}"
MOMENT = "%Y-%m-%dT%H:%M:%S"
OPEN = Seen(State.UNSEEN)


@dataclass(frozen=True)
class Found:
    """One copy: what was looked at, and whose fault it is."""

    case: Case
    observed: Observations
    deduced: Deduction


@dataclass(frozen=True)
class Limits:
    """How far a look goes: bytes of a file that are read or copied, seconds that are no delay."""

    read_at_most: int = READ_AT_MOST
    patience_s: float = PATIENCE_S


class Investigation:
    """Looks with the endpoints and credentials of one plan.

    Writes nowhere but in the run's directories, and submits no job but for files there.
    """

    def __init__(self, sessions: Sessions, limits: Limits) -> None:
        self._sessions = sessions
        self._limits = limits
        self._services: dict[str, Fts] = {}
        self._placed: dict[str, Placed | str] = {}
        self._number = 0

    def close(self) -> None:
        """Close the connections to FTS; those of the sessions are the sessions' own."""
        for service in self._services.values():
            service.close()

    def look(self, case: Case) -> Found:
        """Everything about one copy; what cannot be looked at is told, not raised."""
        self._number += 1
        seen = dict(case.books)
        source = self._endpoint(case.source, case.source_url)
        destination = self._endpoint(case.destination, case.destination_url)
        if source is None:
            seen |= _closed("source", NO_ENDPOINT.format(what=case.source or "the source"))
        else:
            seen |= dict(look_at_source(source, case, self._limits.read_at_most))
        if destination is None:
            what = NO_ENDPOINT.format(what=case.destination or "the destination")
            seen |= _closed("destination", what)
        else:
            seen |= dict(look_at_destination(destination, case, self._named("upload")))
        pull = OPEN
        if source is not None and destination is not None:
            pull, looks = self._pair(case, source, destination, seen)
            seen |= looks
        reason = self._ask_fts(case, source, destination, seen)
        observed = Observations(case.source, case.destination, _settled(seen, pull), reason)
        return Found(case, observed, deduce(observed))

    def _endpoint(self, name: str, url: str) -> EndpointSession | None:
        """The session of the endpoint that is this RSE, or has this URL."""
        known = self._sessions.plan.everything
        found = [t for t in known if name and t.endpoint.rse == name]
        if not found and urlsplit(url).scheme in ("davs", "https"):
            origin = endpoint_from_url(url).door.origin
            found = [t for t in known if t.endpoint.door.origin == origin]
        return self._sessions.get(found[0].name) if found else None

    def _pair(
        self,
        case: Case,
        source: EndpointSession,
        destination: EndpointSession,
        seen: Mapping[Look, Seen],
    ) -> tuple[Seen, dict[Look, Seen]]:
        """A file of ours from one to the other, the file itself, and each with a third endpoint.

        First comes whether the destination fetches it: there are two directions.
        """
        if case.over_root:
            return OPEN, _closed("pair", "FTS copies it by root://, which is not tried here")
        file = self._the_file(case, source, seen)
        ours = self._place(source)
        given = ours if isinstance(ours, Placed) else file
        if given is None:
            return OPEN, _closed("pair", str(ours))
        looks: dict[Look, Seen] = {}
        if file is not None:
            name = self._named("the-file")
            looks[Look.COPY_FILE] = copied(file, destination, name, ("pull", "push"))
        pull = looks[Look.COPY] = copied(given, destination, self._named("copy"))
        if pull.state is State.NO:
            push = copied(given, destination, self._named("copy"), ("push",))
            looks[Look.COPY] = Seen(push.state, f"{pull.said}; {push.said}")
            looks |= self._with_others(given, source, destination)
        return pull, looks

    def _the_file(
        self, case: Case, source: EndpointSession, seen: Mapping[Look, Seen]
    ) -> Placed | None:
        """The file itself, where it is there and small enough to be copied for a trial."""
        states = {look: seen.get(look, OPEN).state for look in Look}
        spoiled = any(states[look] is State.NO for look in (Look.A_SERVES, Look.A_SIZE))
        if states[Look.A_FILE] is not State.YES or spoiled:
            return None
        if case.size is None or case.size > self._limits.read_at_most:
            return None
        known = case.adler32 if states[Look.A_BYTES] is State.YES else ""
        return Placed(source.storage, path_in(case.source_url), case.size, known)

    def _with_others(
        self, given: Placed, source: EndpointSession, destination: EndpointSession
    ) -> dict[Look, Seen]:
        """Does the source give to, and the destination take from, somebody else?"""
        gives: list[tuple[str, Seen]] = []
        takes: list[tuple[str, Seen]] = []
        for witness in self._witnesses(source, destination):
            name = self._named(f"from-{source.name}")
            gives.append((witness.name, copied(given, witness, name)))
            lent = self._place(witness)
            if isinstance(lent, Placed):
                name = self._named(f"from-{witness.name}")
                takes.append((witness.name, copied(lent, destination, name)))
            if _any(gives) is State.YES and _any(takes) is State.YES:
                break
        return {Look.A_GIVES: _summed(gives), Look.B_TAKES: _summed(takes)}

    def _witnesses(
        self, source: EndpointSession, destination: EndpointSession
    ) -> Iterator[EndpointSession]:
        ends, count = {source.name, destination.name}, 0
        others = [t for t in self._sessions.plan.partners_of(source.name) if t.name not in ends]
        for target in others[:MOST_TRIED]:
            witness = self._sessions.get(target.name)
            if count < WITNESSES and witness.may_write and witness.trouble is None:
                count += 1
                yield witness

    def _place(self, session: EndpointSession) -> Placed | str:
        """A file of ours there, put once; or why there is none."""
        if session.name not in self._placed:
            self._placed[session.name] = place(session)
        return self._placed[session.name]

    def _named(self, name: str) -> str:
        return f"{self._number}-{name}"

    def _ask_fts(
        self,
        case: Case,
        source: EndpointSession | None,
        destination: EndpointSession | None,
        seen: dict[Look, Seen],
    ) -> Reason:
        """Adds what is seen of FTS; gives why the copy failed, where that is told."""
        try:
            fts = self._fts(case, destination or source)
            if isinstance(fts, str):
                seen |= _closed("fts", fts)
                return case.reason
            auth = credential_for(fts)
        except (CredentialError, NotRun) as error:
            seen |= _closed("fts", str(error))
            return case.reason
        job = FtsJob(case.job, {})
        try:
            seen |= _service(fts, auth)
            seen |= _bans(fts, auth, case)
            if case.job and seen[Look.FTS_ADMITS].state is not State.NO:
                looks, job = _job(fts, auth, case, self._limits.patience_s)
                seen |= looks
            if source is not None and destination is not None:
                seen |= self._own_job(fts, auth, source, destination, seen)
        except NotReached as error:
            seen[Look.FTS_ANSWERS] = Seen.of(False, error.sentence)
        told = read_reason(job.reason)
        return case.reason if told.kind is Kind.NONE else told

    def _fts(self, case: Case, end: EndpointSession | None) -> Fts | str:
        """The FTS that Rucio uses for this destination, or why it is not asked."""
        told = self._sessions.plan.fts
        url = case.fts_url or (told.url if told else "")
        if not url:
            return "neither Rucio nor the inventory names an FTS"
        if end is None:
            return "there is no credential to ask it with"
        ours = told is not None and _same(url, told.url)
        if not ours and not end.wallet.can_narrow:
            return f"{url} is not the inventory's, and we have no token for it alone"
        if url not in self._services:
            limits = end.target.timeouts
            self._services[url] = Fts(
                FtsTarget(url, told.ca if told else None),
                end.wallet,
                end.tls,
                replace(limits, total_s=min(limits.total_s, OWN_JOB_S)),
                self._sessions.recorder,
            )
        return self._services[url]

    def _own_job(
        self,
        fts: Fts,
        auth: Credential,
        source: EndpointSession,
        destination: EndpointSession,
        seen: Mapping[Look, Seen],
    ) -> dict[Look, Seen]:
        """The copy that the pair made by itself, made by FTS."""
        if seen.get(Look.FTS_ADMITS, OPEN).state is not State.YES:
            return {}
        if seen.get(Look.FTS_LETS, OPEN).state is State.NO:
            return {Look.FTS_COPIES: Seen.of(None, "it has banned one of the two")}
        given = self._place(source)
        copies = seen.get(Look.COPY, OPEN)
        if copies.state is not State.YES or not isinstance(given, Placed):
            return {Look.FTS_COPIES: Seen.of(None, "the ends by themselves make no such copy")}
        target = destination.run_directory / self._named("by-fts")
        return {Look.FTS_COPIES: _copied_by(fts, auth, given, (destination.storage, target))}


def _service(fts: Fts, auth: Credential) -> dict[Look, Seen]:
    """FTS answers, and takes our credential; raises NotReached."""
    who = fts.get("/whoami", auth=auth)
    said = who.describe()
    looks = {Look.FTS_ANSWERS: Seen.of(bool(who.status) and who.status < SERVER_ERROR, said)}
    told = json_of(who)
    if who.status in DENIED:
        return looks | {Look.FTS_ADMITS: Seen.of(False, f"{said}: {who.text}")}
    if not who.ok or not isinstance(told, dict):
        return looks | {Look.FTS_ADMITS: Seen.of(None, said)}
    method = told.get("method")
    said = f"it takes us for {told.get('user_dn')} ({method})"
    return looks | {Look.FTS_ADMITS: Seen.of(method != "unauthenticated", said)}


def _bans(fts: Fts, auth: Credential, case: Case) -> dict[Look, Seen]:
    """Whether FTS lets the two storages be; it names them scheme://host."""
    reply = fts.get("/ban/se", auth=auth)
    told = json_of(reply)
    if not reply.ok or not isinstance(told, list):
        return {Look.FTS_LETS: Seen.of(None, reply.describe())}
    hosts = {urlsplit(url).hostname for url in (case.source_url, case.destination_url) if url}
    banned = [str(b.get("se")) for b in told if isinstance(b, dict)]
    ours = [name for name in banned if urlsplit(name).hostname in hosts]
    said = ", ".join(ours) or f"{len(banned)} others" * bool(banned)
    return {Look.FTS_LETS: Seen.of(not ours, said)}


def _job(
    fts: Fts, auth: Credential, case: Case, patience_s: float
) -> tuple[dict[Look, Seen], FtsJob]:
    """What FTS says of Rucio's job."""
    reply = fts.get(f"/jobs/{case.job}", auth=auth)
    if not reply.ok:
        said = f"job {case.job}: {reply.describe()}"
        known = False if reply.status == UNKNOWN else None
        return {Look.FTS_KNOWS: Seen.of(known, said)}, FtsJob(case.job, {})
    job = fts.job(case.job, auth=auth)
    looks = {Look.FTS_KNOWS: Seen.of(True, f"job {case.job}: {job.describe()}")}
    if case.age_s is None:
        return looks, job
    if not job.over:
        said = f"job {job.id} is {job.state}, FTS has had it for {case.age_s:.0f} s"
        looks[Look.FTS_PROMPT] = Seen.of(False if case.age_s > patience_s else None, said)
    elif case.request == "SUBMITTED":
        since = _since(job)
        said = f"the request is {case.request}, its job has been {job.state} for {since:.0f} s"
        looks[Look.FOLLOWED] = Seen.of(False if since > patience_s else None, said)
    return looks, job


def _copied_by(fts: Fts, auth: Credential, given: Placed, target: Place) -> Seen:
    """Whether FTS copies a file of ours; raises NotReached."""
    try:
        entry = fts.entry(
            [(given.storage, given.path)],
            target,
            checksum=given.adler32,
            by_token=isinstance(auth, Bearer),
        )
    except (CredentialError, NotRun) as error:
        return Seen.of(None, str(error))
    submitted = fts.submit(entry, auth=auth, overwrite=True, verify_checksum="both")
    if not submitted.ok:
        return Seen.of(False, f"our job: {submitted.describe()}: {submitted.text}")
    job = fts.wait(submitted, auth=auth)
    if not job.over:
        fts.cancel(job, auth=auth)
        return Seen.of(None, f"our job {job.id} is {job.state} after {OWN_JOB_S:.0f} s")
    if job.state != "FINISHED":
        return Seen.of(False, f"our job {job.id}: {job.describe()}")
    storage, path = target
    reply = storage.head(path)
    whole = reply.ok and reply.headers.get("Content-Length") in (None, str(given.size))
    return Seen.of(whole, f"our job {job.id} is FINISHED; {reply.describe()}")


def credential_for(fts: Fts) -> Credential:
    """What FTS is asked with: a token for it alone where one is to be had, else the certificate."""
    try:
        return fts.token
    except CannotNarrow:
        return fts.certificate


def _since(job: FtsJob) -> float:
    """Seconds since the last file of the job ended; FTS's times are UTC."""
    ends = [str(file["finish_time"]) for file in job.files if file.get("finish_time")]
    if not ends:
        return 0.0
    ended = datetime.strptime(max(ends)[:19], MOMENT).replace(tzinfo=UTC)
    return (datetime.now(UTC) - ended).total_seconds()


def _settled(seen: dict[Look, Seen], pull: Seen) -> dict[Look, Seen]:
    """What follows from several looks together, in the order of the questions."""
    answers = (Look.A_ANSWERS, Look.B_ANSWERS, Look.FTS_ANSWERS, Look.RUCIO_ANSWERS)
    asked = [seen[look].state for look in answers if look in seen]
    if Look.NETWORK not in seen and set(asked) - {State.UNSEEN}:
        reached = State.YES in asked
        seen[Look.NETWORK] = Seen.of(reached, "" if reached else "nobody answers")
    fts = seen.get(Look.FTS_COPIES, OPEN).state
    if pull.state is State.NO and fts is State.NO:
        # FTS need not try the other direction: that one is no measure of it.
        seen[Look.COPY] = pull
    return {look: seen[look] for look in Look if look in seen}


def _closed(place_: str, why: str) -> dict[Look, Seen]:
    return {look: Seen.of(None, why) for look in Look if look.place == place_}


def _any(tried: list[tuple[str, Seen]]) -> State:
    states = [seen.state for _, seen in tried]
    return State.YES if State.YES in states else State.NO if State.NO in states else State.UNSEEN


def _summed(tried: list[tuple[str, Seen]]) -> Seen:
    if not tried:
        return Seen.of(None, "there is no third endpoint that is sound")
    state = _any(tried)
    return Seen(state, "; ".join(f"{name}: {s.said}" for name, s in tried if s.state is state))


def _same(one: str, other: str) -> bool:
    return urlsplit(one)[:2] == urlsplit(other)[:2]
