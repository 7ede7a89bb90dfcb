"""Makes Rucio's tables and puts the lake's accounts, scopes, RSEs, distances and limits in them.

Runs in the environment of Rucio's server, where lakeproof is not installed. Harmless to repeat:
what is there stays, addresses of a lake that moved are written anew.
"""

from __future__ import annotations

import time
from itertools import permutations
from typing import Any

import psycopg
from rucio.common.types import InternalAccount, InternalScope
from rucio.core import account as accounts
from rucio.core import account_limit, distance, identity, rse, scope
from rucio.db.sqla import session, util
from rucio.db.sqla.constants import AccountType, DatabaseOperationType, IdentityType
from sqlalchemy import inspect

DEADLINE_S = 30.0
POLL_S = 0.05


def make_database(socket: str, user: str) -> None:
    """Wait until PostgreSQL answers and make the database and its tables unless they are there."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        try:
            connection = psycopg.connect(host=socket, user=user, dbname="postgres", autocommit=True)
            break
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(POLL_S)
    with connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [user])
        if found.fetchone() is None:
            connection.execute(f'CREATE DATABASE "{user}"')
    # The root account is made last: a lake that was killed before that begins again.
    if not _is_complete():
        util.build_database()
        util.create_base_vo()
        util.create_root_account()


def furnish(wanted: dict[str, Any]) -> None:
    """Bring accounts, RSEs, distances and limits to what `wanted` says."""
    with session.db_session(DatabaseOperationType.WRITE) as transaction:
        furnishing = Furnishing(transaction)
        for each in wanted["accounts"]:
            furnishing.account(each)
        ids = [furnishing.rse(each) for each in wanted["rses"]]
        furnishing.distances(ids)
        for name, limit in wanted["limits"].items():
            furnishing.limits(InternalAccount(name), ids, limit)


class Furnishing:
    """What is done in one transaction."""

    def __init__(self, transaction: Any) -> None:  # noqa: ANN401  a session of SQLAlchemy
        self._in = {"session": transaction}

    def account(self, wanted: dict[str, Any]) -> None:
        """An account with its identities and scopes."""
        account = InternalAccount(wanted["name"])
        mail = f"{wanted['name']}@localhost"
        if not accounts.account_exists(account, **self._in):
            accounts.add_account(account, AccountType[wanted["type"]], mail, **self._in)
        for kind, name, password in wanted["identities"]:
            of = IdentityType[kind]
            if not identity.exist_identity_account(name, of, account, **self._in):
                identity.add_account_identity(
                    name, of, account, mail, default=True, password=password, **self._in
                )
        for name in wanted["scopes"]:
            if not scope.check_scope(InternalScope(name), **self._in):
                scope.add_scope(InternalScope(name), account, **self._in)

    def rse(self, wanted: dict[str, Any]) -> str:
        """An RSE with its protocols and attributes; its id."""
        name = wanted["name"]
        if not rse.rse_exists(name, **self._in):
            rse.add_rse(name, **self._in)
        rse_id = str(rse.get_rse_id(name, **self._in))
        # Ports are new at each start of a lake that takes any free ones.
        for known in rse.get_rse_protocols(rse_id, **self._in)["protocols"]:
            at = {"hostname": known["hostname"], "port": known["port"]}
            rse.del_protocols(rse_id, known["scheme"], **at, **self._in)
        for protocol in wanted["protocols"]:
            rse.add_protocol(rse_id, protocol, **self._in)
        have = rse.list_rse_attributes(rse_id, **self._in)
        for key, value in wanted["attributes"].items():
            if key in have and have[key] != value:
                rse.del_rse_attribute(rse_id, key, **self._in)
            if key not in have or have[key] != value:
                rse.add_rse_attribute(rse_id, key, value, **self._in)
        return rse_id

    def distances(self, ids: list[str]) -> None:
        """Every RSE is as near to any other."""
        for source, target in permutations(ids, 2):
            if not distance.get_distances(source, target, **self._in):
                distance.add_distance(source, target, distance=1, **self._in)

    def limits(self, account: InternalAccount, ids: list[str], limit: int) -> None:
        """How many bytes `account` may keep at each RSE."""
        for rse_id in ids:
            account_limit.set_local_account_limit(account, rse_id, limit, **self._in)


def _is_complete() -> bool:
    if not inspect(session.get_engine()).has_table("accounts"):
        return False
    with session.db_session(DatabaseOperationType.READ) as transaction:
        return bool(accounts.account_exists(InternalAccount("root"), session=transaction))
