"""Collection: each check runs once an endpoint, reachability first, one worker an endpoint.

Checks of the suite `issuer` run once a token issuer instead.
"""

from __future__ import annotations

from typing import cast

import pytest

from lakeproof.check import ATTRIBUTE, Check, CheckDefinitionError
from lakeproof.matrix import table
from lakeproof.plugin.run import Run

ENDPOINT = "endpoint_name"
PARTNERED = "peer_name"
CELL = "cell_name"
ISSUER = "issuer_name"


class Collector:
    """Parametrises the checks over the run's endpoints, and orders and selects them."""

    def __init__(self, config: pytest.Config, run: Run) -> None:
        self.config = config
        self.run = run

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """One item an endpoint; a check with a `peer` gets one for each other end as well.

        A check with a `cell` gets one for each cell of the scope matrix that is its own.
        """
        check = check_of_function(metafunc.function)
        if check is None:
            if self.run_concerns(metafunc):
                raise CheckDefinitionError(
                    f"{metafunc.module.__file__}: {metafunc.function.__name__} is in suites/ but "
                    "has no @check; declare its requirement, level, severity, needs and catches"
                )
            return
        if ISSUER in metafunc.fixturenames:
            issuers = [issuer.name for issuer in self.run.plan.issuers]
            metafunc.parametrize(ISSUER, issuers, scope="session")
            return
        if ENDPOINT not in metafunc.fixturenames:
            raise CheckDefinitionError(
                f"{metafunc.module.__file__}: {metafunc.function.__name__} takes none of the "
                "fixtures that stand for an endpoint (se, probe, greeting) or for an issuer "
                "(issuer); it checks nothing"
            )
        every = self.run.plan.targets
        targets = [each.name for each in every if each.is_cache or "cache" not in check.needs]
        if not self.run.selection.includes(check):
            # One item stands for it among the deselected: for each of 500 endpoints it would cost
            # more than all that is selected.
            targets = targets[:1]
        if PARTNERED not in metafunc.fixturenames:
            metafunc.parametrize(ENDPOINT, targets, scope="session")
            if CELL in metafunc.fixturenames:
                metafunc.parametrize(CELL, [cell.id for cell in table().of(check.id)])
            return
        pairs = [(name, peer.name) for name in targets for peer in self.run.plan.peers_of(name)]
        metafunc.parametrize(
            (ENDPOINT, PARTNERED),
            pairs,
            ids=[f"{name}-{peer}" for name, peer in pairs],
            scope="session",
        )

    def run_concerns(self, metafunc: pytest.Metafunc) -> bool:
        """Whether the function stands in this tree's suites."""
        return self.config.rootpath / "suites" in metafunc.definition.path.parents

    @pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Deselect what is not asked for, keep each endpoint together, reachability first."""
        checks = [item for item in items if check_of(item) is not None]
        if not checks:
            return
        chosen = [item for item in checks if self.run.selection.includes(_sure(item))]
        plan = self.run.plan
        names = [*(each.name for each in plan.targets), *(each.name for each in plan.issuers)]
        order = {name: at for at, name in enumerate(names)}
        # pytest makes an empty item of a mesh without a second endpoint, and without an issuer
        chosen = [item for item in chosen if endpoint_of(item) in order]
        kept = set(chosen)
        dropped = [item for item in checks if item not in kept]
        first: dict[Check, int] = {}  # pytest tears the cells of a check apart
        for at, item in enumerate(chosen):
            first.setdefault(_sure(item), at)
        chosen.sort(
            key=lambda item: (
                order[endpoint_of(item)],
                *_stage(_sure(item)),
                first[_sure(item)],
            )
        )
        for item in chosen:
            item.add_marker(pytest.mark.xdist_group(endpoint_of(item)))
        items[:] = [item for item in items if check_of(item) is None] + chosen
        if dropped:
            self.config.hook.pytest_deselected(items=dropped)


STAGES = ("tls", "webdav", "write")


def _stage(check: Check) -> tuple[bool, ...]:
    """Sort key: reachability first, and in it the name, the connection, TLS, the answer."""
    if check.suite != "reachability":
        return (True,)
    return (False, *(stage in check.needs for stage in reversed(STAGES)))


def check_of_function(function: object) -> Check | None:
    """The declaration on a test function, or None."""
    return cast("Check | None", getattr(function, ATTRIBUTE, None))


def check_of(item: pytest.Item) -> Check | None:
    """The declaration behind a pytest item, or None when it is no check."""
    return check_of_function(getattr(item, "function", None))


def endpoint_of(item: pytest.Item) -> str:
    """The name of the endpoint under test, or of the issuer."""
    params = item.callspec.params  # type: ignore[attr-defined]
    return str(params[ISSUER if ISSUER in params else ENDPOINT])


def is_about_issuer(item: pytest.Item) -> bool:
    """Whether the check is about a token issuer, and not about an endpoint."""
    return ISSUER in item.callspec.params  # type: ignore[attr-defined]


def peer_of(item: pytest.Item) -> str | None:
    """The name of the other end of a pair, or None."""
    peer = item.callspec.params.get(PARTNERED)  # type: ignore[attr-defined]
    return str(peer) if peer is not None else None


def cell_name_of(item: pytest.Item) -> str | None:
    """The id of the cell of the scope matrix, or None."""
    name = item.callspec.params.get(CELL)  # type: ignore[attr-defined]
    return str(name) if name is not None else None


def _sure(item: pytest.Item) -> Check:
    found = check_of(item)
    if found is None:
        raise CheckDefinitionError(f"{item.nodeid} is no check")
    return found
