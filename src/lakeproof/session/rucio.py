"""How a run asks the Rucio that knows an endpoint: as whom, and with which token."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from lakeproof.session.rse import Rse
from lakeproof.verdict import NotRun

if TYPE_CHECKING:
    from lakeproof.session.endpoint import EndpointSession

RUCIO_AUDIENCE = "rucio https://wlcg.cern.ch/jwt/v1/any"


def rse_of(session: EndpointSession) -> Rse:
    """The endpoint as Rucio knows it; raises NotRun where nothing lets us ask Rucio."""
    told = session.target.rucio
    if told is None:
        raise NotRun(
            "the inventory names no Rucio, or not by which RSE it knows the endpoint (rse:); "
            "for the second identity it needs an account as well (rucio.other_account)"
        )
    if told.settings.auth == "userpass":
        raise NotRun("a password is of no use at a storage: log in to Rucio with oidc or x509")
    token = partial(_token, session) if told.settings.auth == "oidc" else None
    if token is not None and not session.wallet.can_narrow:
        raise NotRun("Rucio is asked with a token for it and the storages: give an issuer")
    return Rse(
        told.rse,
        told.open(token),
        scope=told.scope,
        prefix=f"{session.run_directory.name}-{session.name}",
        patience_s=told.patience_s,
        account=told.settings.account,
        audience=RUCIO_AUDIENCE if token is not None else None,
        storage=session.storage,
        storage_at=session.storage_at,
    )


def _token(session: EndpointSession) -> str:
    """One token for Rucio and for all storages, as its clients show it to both."""
    if session.wallet.source is None:
        raise NotRun("no access token: give --token")
    rights: tuple[str, ...] = ("storage.read:/", "storage.modify:/")
    if session.target.rucio is not None and session.target.rucio.is_other:
        # The second identity is given nothing outside its own area.
        area = (f"storage.read:{session.door.path}", f"storage.modify:{session.door.path}")
        rights = session.wallet.in_scope_terms(area)
    return session.wallet.source.token(("openid", *rights), RUCIO_AUDIENCE)
