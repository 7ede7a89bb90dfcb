"""Every Rucio daemon that a lake needs, in one process, one after the other, in a loop.

`python -P daemons.py PORT` in the environment of Rucio's server. As processes of their own they
would take a hundred megabytes and ten seconds each: most wait that long for others to share the
work with.
"""

from __future__ import annotations

import logging
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from rucio.daemons import common

# Between two rounds: while something is under way, and while nothing is (a round costs half a
# second of a processor, and a laptop has other things to do).
BETWEEN_S = 0.3
IDLE_S = 2.0
DEADLINE_S = 90.0
# Rounds of the loop between two runs of what need not be prompt.
SELDOM = 10

_queue = common.db_workqueue


def _without_waiting(*given: Any, **named: Any) -> Any:  # noqa: ANN401  passed on as it is
    return _queue(*given, **{**named, "partition_wait_time": 0})


# Before the daemons take hold of it.
common.db_workqueue = _without_waiting

from rucio.common.logging import setup_logging  # noqa: E402
from rucio.daemons.abacus.account import account_update  # noqa: E402
from rucio.daemons.abacus.collection_replica import collection_replica_update  # noqa: E402
from rucio.daemons.abacus.rse import rse_update  # noqa: E402
from rucio.daemons.badreplicas.minos import minos  # noqa: E402
from rucio.daemons.badreplicas.necromancer import necromancer  # noqa: E402
from rucio.daemons.conveyor import finisher as finishing  # noqa: E402
from rucio.daemons.conveyor.poller import poller  # noqa: E402
from rucio.daemons.conveyor.preparer import preparer  # noqa: E402
from rucio.daemons.conveyor.submitter import submitter  # noqa: E402
from rucio.daemons.judge.cleaner import rule_cleaner  # noqa: E402
from rucio.daemons.judge.evaluator import re_evaluator  # noqa: E402
from rucio.daemons.judge.injector import rule_injector  # noqa: E402
from rucio.daemons.judge.repairer import rule_repairer  # noqa: E402
from rucio.daemons.reaper import reaper as reaping  # noqa: E402
from rucio.daemons.transmogrifier.transmogrifier import transmogrifier  # noqa: E402
from rucio.daemons.undertaker.undertaker import undertaker  # noqa: E402
from rucio.db.sqla import models  # noqa: E402
from rucio.db.sqla.constants import DatabaseOperationType, RuleState  # noqa: E402
from rucio.db.sqla.session import db_session  # noqa: E402
from sqlalchemy import exists, or_, select  # noqa: E402

log = logging.getLogger("lakeproof.daemons")
# What a submitter was about to submit when it was killed is queued again after two hours, as others
# may be at it. Here there are none: the submitter has ended when the finisher looks.
finishing.FAILED_DURING_SUBMISSION_DELAY = timedelta(seconds=5)


def _reap() -> None:
    # It makes ready to delete at every RSE before it looks whether there is anything to delete,
    # which is two thirds of the work of a round.
    now = datetime.now(UTC).replace(tzinfo=None)
    if not _holds(exists().where(models.RSEFileAssociation.tombstone < now)):
        return
    # A site whose deletions went wrong is left alone for a while; here it is asked again.
    reaping.REGION.invalidate()
    reaping.reaper(once=True, rses=[], include_rses=None, exclude_rses=None, greedy=True)


PROMPT: dict[str, Callable[[], object]] = {
    "undertaker": lambda: undertaker(once=True),
    "transmogrifier": lambda: transmogrifier(bulk=100, once=True),
    "judge-injector": lambda: rule_injector(once=True),
    "judge-evaluator": lambda: re_evaluator(once=True),
    "judge-cleaner": lambda: rule_cleaner(once=True),
    "judge-repairer": lambda: rule_repairer(once=True),
    "conveyor-preparer": lambda: preparer(once=True, partition_wait_time=0),
    "conveyor-submitter": lambda: submitter(once=True, partition_wait_time=0, group_bulk=100),
    "conveyor-poller": lambda: poller(once=True, older_than=0, partition_wait_time=0),
    "conveyor-finisher": lambda: finishing.finisher(once=True, partition_wait_time=0),
    "minos": lambda: minos(once=True),
    "necromancer": lambda: necromancer(bulk=100, once=True),
    "reaper": _reap,
}
UNHURRIED: dict[str, Callable[[], object]] = {
    "abacus-rse": lambda: rse_update(once=True),
    "abacus-account": lambda: account_update(once=True),
    "abacus-collection-replica": lambda: collection_replica_update(once=True),
}


def wait_for(port: int) -> None:
    """Until the server answers: before that there may be no tables."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(BETWEEN_S)
        else:
            return


def run_all(number: int) -> None:
    """One round; a daemon that fails says so in the log and is tried again in the next."""
    daemons = PROMPT | (UNHURRIED if number % SELDOM == 0 else {})
    for name, run in daemons.items():
        try:
            run()
        except Exception:
            log.exception("%s failed", name)


def under_way() -> bool:
    """Whether a transfer, a rule that is being carried out or news of a DID waits for a daemon."""
    unsettled = models.ReplicationRule.state.in_([RuleState.REPLICATING, RuleState.INJECT])
    return _holds(
        or_(
            exists().select_from(models.Request),
            exists().select_from(models.UpdatedDID),
            exists().select_from(models.BadPFN),
            exists().where(unsettled),
        )
    )


def _holds(condition: Any) -> bool:  # noqa: ANN401  SQLAlchemy of Rucio's environment
    with db_session(DatabaseOperationType.READ) as session:
        return bool(session.execute(select(condition)).scalar())


def main(arguments: list[str]) -> None:
    """Go round until SIGTERM."""
    setup_logging(process_name="daemons")
    wait_for(int(arguments[0]))
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    log.info("the daemons are running")
    round_number = 0
    while not stopped.is_set():
        run_all(round_number)
        round_number += 1
        stopped.wait(BETWEEN_S if under_way() else IDLE_S)


if __name__ == "__main__":
    main(sys.argv[1:])
