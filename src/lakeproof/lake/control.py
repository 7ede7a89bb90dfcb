"""Bring a lake up, take it down, say how it is."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import time
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from lakeproof.lake import built, ca, hosts, packages, ports, runtime, voms
from lakeproof.lake.errors import LakeError
from lakeproof.lake.fronts import wait_for_data_servers
from lakeproof.lake.layout import (
    LONGEST_DIRECTORY,
    OTHER_CLIENT,
    PEER,
    REDIRECTOR,
    VOMS_USER,
    X509_USER,
    Lake,
    LakeSite,
    Layout,
    ServiceStatus,
    default_directory,
    load_plan,
    save_plan,
    write_text,
)
from lakeproof.lake.prepare import Progress, prepare
from lakeproof.lake.processes import Process, stop_all
from lakeproof.lake.rucio import installed
from lakeproof.lake.rucio.prepare import client_settings
from lakeproof.lake.services import SUPERVISOR, Door, doors
from lakeproof.lake.sites import described

START_DEADLINE_S, RUCIO_DEADLINE_S = 20.0, 90.0
POLL_S = 0.02
SUPERVISOR_GRACE_S = 12.0
LOG_LINES = 15
NAME_WIDTH, KIND_WIDTH = 20, 27


def _silent(_: str) -> None:
    """Progress that nobody reads."""


def up(  # noqa: PLR0913  one for each option of the command
    directory: Path | None = None,
    *,
    progress: Progress = _silent,
    port_base: int | None = None,
    owner_pid: int | None = None,
    emulated: bool = False,
    rucio: bool = False,
    newer: bool = False,
    fronts: Collection[str] = (),
) -> Lake:
    """Start the lake in `directory`, or return the one that runs there already.

    With `rucio` there is a Rucio with its database, daemons and an FTS stand-in, which knows
    every site. With `newer` there are two more real sites, of the XRootD that was built here, if
    it was; `fronts` are the roles of further ones that stand before storages, "cache" and
    "redirector". With `emulated`, or where XRootD is not installed, all its sites are emulated.
    Ports count from `port_base` (default 18440; 0 takes any free ones). With `owner_pid`
    everything stops when that process is gone, however it ended; a lake that ran before is
    left alone. Raises LakeError with one sentence, and the log's last lines where a server did
    not start.
    """
    layout = Layout(_usable(directory))
    with _locked(layout):
        found = _running_lake(layout, port_base, emulated_wanted=emulated, rucio_wanted=rucio)
        if found is not None:
            progress(f"the lake in {layout.directory} is running already")
            return found
        if rucio:
            installed.require()
        _stop(layout)
        only = emulated or _without_xrootd(progress)
        newer = newer and not only and _was_built(progress)
        try:
            lake, processes = prepare(
                layout,
                port_base,
                progress,
                emulated_only=only,
                with_rucio=rucio,
                newer=newer,
                fronts=fronts,
            )
            save_plan(lake, processes)
            progress(f"starting {', '.join(p['name'] for p in processes)}")
            runtime.launch(layout.directory, _owner(owner_pid))
            _wait_for(lake)
        except BaseException:
            _stop(layout)
            raise
    progress("the lake is up:")
    for site in lake.sites:
        progress(f"  {site.name:{NAME_WIDTH}} {described(site):{KIND_WIDTH}} {site.url}")
    for name, url in (("Rucio", lake.rucio_url), ("FTS stand-in", lake.fts_url)):
        if url:
            progress(f"  {name:{NAME_WIDTH}} {'':{KIND_WIDTH}} {url}")
    return replace(lake, started_here=True)


def down(directory: Path | None = None, *, purge: bool = False) -> bool:
    """Stop the lake in `directory`; `purge` deletes its data too. True when something ran.

    Harmless when nothing runs. Raises LakeError when a process does not end.
    """
    layout = Layout((directory or default_directory()).absolute())
    if not layout.plan.exists():
        return False
    with _locked(layout):
        stopped = _stop(layout)
    if purge:
        shutil.rmtree(layout.directory)
    return stopped


def restart(directory: Path | None, service: str) -> None:
    """Start one service once more, on its ports; stop it first where it runs.

    Raises LakeError for a lake that does not run, a service that it does not have, and one that
    does not start, with the last lines of its log.
    """
    layout = find(directory).layout
    with _locked(layout):
        lake, services = load_plan(layout.directory)
        if service not in {each["name"] for each in services}:
            known = ", ".join(each["name"] for each in services)
            raise LakeError(f"the lake in {layout.directory} has no {service}; it has: {known}")
        before = runtime.running(layout.directory)
        if not before[SUPERVISOR].alive:
            raise LakeError("the lake's supervisor is gone: lakeproof lake down; lakeproof lake up")
        if stop_all([before[service]]):
            raise LakeError(f"{service} (process {before[service].pid}) does not end")
        write_text(layout.again, service)
        os.kill(before[SUPERVISOR].pid, signal.SIGHUP)
        deadline = time.monotonic() + _patience_s(lake)
        while runtime.running(layout.directory)[service] == before[service]:
            if time.monotonic() > deadline:
                raise LakeError(f"the supervisor did not start {service}; see its log")
            time.sleep(POLL_S)
        for door in doors(lake):
            if door.service == service:
                _wait_for_door(layout, door, deadline)


def find(directory: Path | None = None) -> Lake:
    """The lake that runs in `directory`; raises LakeError when none does."""
    layout = Layout((directory or default_directory()).absolute())
    lake, _ = load_plan(layout.directory)
    if not any(process.alive for process in runtime.running(layout.directory).values()):
        raise LakeError(
            f"the lake in {layout.directory} is not running; `lakeproof lake up` starts it"
        )
    return lake


def status(directory: Path | None = None) -> list[ServiceStatus]:
    """How each service of the lake is; raises LakeError when there never was one."""
    layout = Layout((directory or default_directory()).absolute())
    lake, _ = load_plan(layout.directory)
    processes = runtime.running(layout.directory)
    return [_status(layout, door, processes.get(door.service)) for door in doors(lake)]


def environment(lake: Lake) -> dict[str, str]:
    """What a shell needs to use `lake`: names of files, no secret by value.

    Raises LakeError for a lake that was started before there was a peer.
    """
    if not lake.peer_urls:
        raise LakeError(
            "this lake was started by an older lakeproof: lakeproof lake down; lakeproof lake up"
        )
    real = {
        f"LAKE_{site.short.upper()}_ROOT_URL": site.root_url
        for site in lake.real_sites
        if site.root_url
    }
    if real:
        real["LAKE_VOMS_PROXY"] = str(voms.proxy_of(lake.layout, VOMS_USER))
        real["LAKE_OTHER_VOMS_PROXY"] = str(voms.proxy_of(lake.layout, VOMS_USER, ca.OTHER_VO))
    rucio = {}
    if lake.has_rucio:
        rucio = {
            "LAKE_RUCIO_URL": lake.rucio_url,
            "RUCIO_CONFIG": str(client_settings(lake.layout)),
            **({"LAKE_FTS_URL": lake.fts_url} if lake.fts_url else {}),
        }
    return {
        "LAKE_CA": str(lake.ca),
        "LAKE_ISSUER": lake.issuer,
        "LAKE_CLIENT_ID": lake.client_id,
        "LAKE_CLIENT_SECRET_FILE": str(lake.client_secret_file),
        "LAKE_OTHER_CLIENT_ID": OTHER_CLIENT,
        "LAKE_OTHER_CLIENT_SECRET_FILE": str(lake.other_client_secret_file),
        **{url_variable(site): site.url for site in lake.sites},
        **real,
        **rucio,
        **({"LAKE_FTS_URL": lake.fts_url} if lake.fts_url else {}),
        "LAKE_INVENTORY": str(lake.inventory),
        "LAKE_PEER": str(lake.layout.credential(PEER)),
        "LAKE_PEER_URL": lake.peer_urls[0],
        "LAKE_PEER_OTHER_URL": lake.peer_urls[1],
        "LAKE_X509": str(lake.layout.credential(X509_USER)),
        "LAKE_OTHER_X509": str(lake.layout.credential(VOMS_USER)),
        "X509_CERT_DIR": str(lake.layout.certificates),
    }


def url_variable(site: LakeSite) -> str:
    """The variable of `environment` with the URL of `site`."""
    short = site.short.upper()
    return f"LAKE_{short}_EMULATED_URL" if site.emulated else f"LAKE_{short}_URL"


def tail(layout: Layout, service: str, lines: int) -> list[str]:
    """The last lines of a service's log; raises LakeError when there is none."""
    log = layout.log / f"{service}.log"
    if not log.exists():
        known = sorted(path.stem for path in layout.log.glob("*.log"))
        raise LakeError(f"no log of {service}; there are: {', '.join(known) or 'none'}")
    return log.read_text(errors="replace").splitlines()[-lines:]


def _usable(directory: Path | None) -> Path:
    chosen = (directory or default_directory()).absolute()
    if len(str(chosen)) > LONGEST_DIRECTORY or any(c.isspace() for c in str(chosen)):
        raise LakeError(
            f"{chosen} cannot hold a lake: XRootD wants a path without spaces and of at most "
            f"{LONGEST_DIRECTORY} characters; choose another with --directory or LAKEPROOF_LAKE"
        )
    try:
        chosen.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LakeError(f"{chosen} cannot be made: {error.strerror}") from error
    if any(chosen.iterdir()) and not Layout(chosen).lock.exists():
        raise LakeError(f"{chosen} holds other things than a lake; choose an empty directory")
    return chosen


@contextmanager
def _locked(layout: Layout) -> Iterator[None]:
    with layout.lock.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _without_xrootd(progress: Progress) -> bool:
    absent = packages.missing()
    if absent:
        progress(
            f"XRootD is not installed here ({' '.join(absent)}): all sites will be emulated; "
            "script/bootstrap installs it"
        )
    return bool(absent)


def _was_built(progress: Progress) -> bool:
    there = built.installed() is not None
    if not there:
        progress(
            f"no {built.TITLE} was built here: the real sites are Debian's XRootD; "
            f"`{built.COMMAND}` builds it, in some 5 minutes"
        )
    return there


def _running_lake(
    layout: Layout, port_base: int | None, *, emulated_wanted: bool, rucio_wanted: bool
) -> Lake | None:
    processes = runtime.running(layout.directory)
    if not processes or not all(process.alive for process in processes.values()):
        return None
    lake, _ = load_plan(layout.directory)
    other = None
    if port_base and port_base != lake.issuer_port:
        other = f"on ports from {lake.issuer_port}"
    if emulated_wanted and lake.real_sites:
        other = "with real XRootD sites"
    if rucio_wanted and not lake.has_rucio:
        other = "without Rucio"
    if other is not None:
        raise LakeError(
            f"a lake runs in {layout.directory} {other}; `lakeproof lake down` stops it"
        )
    return lake


def _owner(pid: int | None) -> Process | None:
    if pid is None:
        return None
    owner = Process.of(pid)
    if owner is None:
        raise LakeError(f"the lake's owner, process {pid}, is gone already")
    return owner


def _wait_for(lake: Lake) -> None:
    """Until every port answers; the VOMS proxy, which takes as long, is made meanwhile."""
    with ThreadPoolExecutor(1) as meanwhile:
        proxy = (
            meanwhile.submit(voms.make_proxies, lake.layout, VOMS_USER, lake.issuer_host)
            if lake.real_sites
            else None
        )
        deadline = time.monotonic() + _patience_s(lake)
        for door in doors(lake):
            _wait_for_door(lake.layout, door, deadline)
        for redirector in (site for site in lake.fronts if site.role == REDIRECTOR):
            wait_for_data_servers(lake, redirector, deadline)
        if proxy is not None:
            proxy.result()


def _patience_s(lake: Lake) -> float:
    return RUCIO_DEADLINE_S if lake.has_rucio else START_DEADLINE_S


def _wait_for_door(layout: Layout, door: Door, deadline: float) -> None:
    for port in door.ports:
        while not ports.answers(port):
            overdue = time.monotonic() > deadline
            _raise_when_failed(layout, door, port, overdue=overdue)
            time.sleep(POLL_S)


def _raise_when_failed(layout: Layout, door: Door, port: int, *, overdue: bool) -> None:
    processes = runtime.running(layout.directory)
    ended = door.service in processes and not processes[door.service].alive
    if not (ended or overdue):
        return
    name = door.service if processes else SUPERVISOR
    how = "ended at once" if ended else f"does not answer on port {port}"
    log = layout.log / f"{name}.log"
    last = "\n".join(f"  {line}" for line in tail(layout, name, LOG_LINES))
    raise LakeError(f"{name} did not start: it {how}; the last lines of {log}:\n{last}")


def _stop(layout: Layout) -> bool:
    processes = runtime.running(layout.directory)
    alive = [process for process in processes.values() if process.alive]
    parent = processes.pop(SUPERVISOR, None)
    left = stop_all([parent], SUPERVISOR_GRACE_S) if parent else []
    left += stop_all(list(processes.values()))
    if left:
        raise LakeError(f"process {left[0].pid} of the lake does not end, not even by SIGKILL")
    layout.state.unlink(missing_ok=True)
    hosts.remove(layout.directory)
    return bool(alive)


def _status(layout: Layout, door: Door, process: Process | None) -> ServiceStatus:
    return ServiceStatus(
        name=door.name,
        pid=process.pid if process else 0,
        alive=process.alive if process else False,
        listening=all(ports.answers(port) for port in door.ports),
        address=door.address,
        log=layout.log / f"{door.service}.log",
        emulated=door.emulated,
    )
