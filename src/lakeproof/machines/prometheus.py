"""A run as metrics in Prometheus's text format, for node_exporter's textfile or a push gateway.

No label says the check: an endpoint has some 20 series however many checks there are. What failed
is on the page, or in OpenSearch.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from lakeproof.machines.standing import Standing, standings
from lakeproof.mesh.seen import copies_of
from lakeproof.results import Result

WHERE = ("site", "endpoint")

FILE = "metrics.prom"


def metrics(results: Iterable[Result]) -> str:
    """All metrics of the results of a run."""
    rows, made = list(results), Metrics()
    for each in standings(rows):
        made.add(each)
    made.add_copies(rows)
    return made.text()


def write(folder: Path, results: Iterable[Result]) -> None:
    """Write metrics.prom into a run's folder."""
    (folder / FILE).write_text(metrics(results), encoding="utf-8")


class Metrics:
    """The metrics of endpoints that are added one after the other."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._results = self._gauge("results", "Results by outcome.", (*WHERE, "outcome"))
        self._failed = self._gauge(
            "failures", "Requirements not met, by what they cost.", (*WHERE, "severity")
        )
        self._core = self._gauge("core_requirements", "Requirements (MUST) that were judged.")
        self._met = self._gauge("core_requirements_met", "Requirements (MUST) that are met.")
        self._flaky = self._gauge("flaky", "Results that differed when tried again.")
        self._ended = self._gauge(
            "last_run_timestamp_seconds", "When the last check ended, since 1970."
        )
        self._took = self._gauge(
            "run_duration_seconds", "From the first check of the last run to its last."
        )
        self._info = self._gauge(
            "endpoint_info",
            "What was observed; always 1.",
            (*WHERE, "technology", "version", "suite_version", "emulated"),
        )
        self._copies = self._gauge(
            "mesh_copies",
            "Copies between two endpoints by outcome.",
            ("protocol", "direction", "outcome"),
        )

    def add(self, each: Standing) -> None:
        """One endpoint."""
        where = (each.site, each.endpoint)
        for outcome, number in each.count.items():
            self._results.labels(*where, outcome.value).set(number)
        for severity, number in each.failed.items():
            self._failed.labels(*where, severity.value.lower()).set(number)
        good, judged = each.core
        self._core.labels(*where).set(judged)
        self._met.labels(*where).set(good)
        self._flaky.labels(*where).set(each.flaky)
        self._ended.labels(*where).set(each.ended.timestamp())
        self._took.labels(*where).set((each.ended - each.began).total_seconds())
        last = each.last
        said = (last.technology or "", last.observed_version or "", last.suite_version)
        self._info.labels(*where, *said, "yes" if last.emulated else "no").set(1)

    def add_copies(self, results: Iterable[Result]) -> None:
        """The copies of the mesh among these results."""
        for copy in copies_of(results):
            outcome = copy.outcome.value if copy.outcome else ""
            self._copies.labels(copy.protocol, copy.direction, outcome).inc()

    def text(self) -> str:
        """All of it."""
        return generate_latest(self._registry).decode("utf-8")

    def _gauge(self, name: str, about: str, labels: Sequence[str] = WHERE) -> Gauge:
        return Gauge(f"lakeproof_{name}", about, labels, registry=self._registry)
