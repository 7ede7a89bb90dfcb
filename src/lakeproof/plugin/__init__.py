"""The pytest plugin: endpoints become parameters, exceptions become outcomes, outcomes results.

It sleeps unless the checks in `suites/` are among what pytest is asked to run.
The command line has imported it before pytest starts, hence PYTEST_DONT_REWRITE.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from lakeproof import tree
from lakeproof.check import Check
from lakeproof.plugin import options, peer, pool
from lakeproof.plugin.collect import Collector
from lakeproof.plugin.control import Controller
from lakeproof.plugin.run import Run, build
from lakeproof.plugin.worker import RUN, Worker


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer lakeproof's options to pytest."""
    options.add_pytest_options(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Build the run and register the parts of the plugin that this process needs."""
    if not _concerns_checks(config) or config.getoption("version", default=None):
        return
    workerinput = getattr(config, "workerinput", None)
    if workerinput is None:
        run = build(config)
    else:
        run = build(config, workerinput["lakeproof_run"], workerinput["workerid"])
    checks = _verify(config, run)
    config.stash[RUN] = run
    if workerinput is not None:
        peer.join(run, workerinput["lakeproof_peer"])
    elif not config.option.collectonly:
        _set_pool(config, run, checks)
    _set_reports(config, run)
    config.pluginmanager.register(Collector(config, run), "lakeproof-collector")
    config.pluginmanager.register(Worker(config, run), "lakeproof-worker")
    if workerinput is None and not config.option.collectonly:
        config.pluginmanager.register(Controller(config, run), "lakeproof-controller")


def _set_pool(config: pytest.Config, run: Run, checks: list[Check]) -> None:
    """Have forks take the items where several endpoints are to be checked at the same time.

    Our own server is a thread, and so comes after the forks; before pytest-xdist's workers.
    """
    start_peer = partial(peer.start, config, run, checks)
    jobs = pool.number_of(config.getoption("lakeproof_jobs"))
    if jobs > 1 and not config.getoption("numprocesses", default=None):
        pooled = pool.Pool(config, run, jobs, start_peer)
        config.pluginmanager.register(pooled, "lakeproof-pool")
    else:
        run.contact = start_peer()
        peer.join(run, run.contact)


def _set_reports(config: pytest.Config, run: Run) -> None:
    """Have pytest and Allure write beside the results; Allure's files come from the workers."""
    option, folder = config.option, run.folder.path
    option.allure_report_dir = option.allure_report_dir or str(folder / "allure-results")
    if not hasattr(config, "workerinput"):
        option.xmlpath = option.xmlpath or str(folder / "junit.xml")


def _verify(config: pytest.Config, run: Run) -> list[Check]:
    """Hold the selection and the known failures against all checks, which it gives."""
    try:
        checks = tree.load_checks(config.rootpath / "suites")
    except Exception:  # noqa: BLE001  whatever a suite raises when it is imported:
        return []  # pytest's collection meets it as well, and shows it with its place
    run.selection.verify(list(checks))
    run.load_known(checks)
    return list(checks)


def _concerns_checks(config: pytest.Config) -> bool:
    """Whether what pytest is asked to run includes the checks of this checkout or package."""
    if config.option.help:
        return False
    suites = (config.rootpath / "suites").resolve()
    invoked_from = config.invocation_params.dir
    asked = [(invoked_from / arg.partition("::")[0]).resolve() for arg in config.args]
    return any(_overlaps(path, suites) for path in asked)


def _overlaps(asked: Path, suites: Path) -> bool:
    return asked == suites or suites in asked.parents or asked in suites.parents
