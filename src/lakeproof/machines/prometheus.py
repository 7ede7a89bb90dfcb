"""A run as metrics in Prometheus's text format, for node_exporter's textfile or a push gateway.

No label says the check: an endpoint has some 20 series however many checks there are. What failed
is on the page, or in OpenSearch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from lakeproof.machines.standing import Standing, standings
from lakeproof.mesh.seen import copies_of
from lakeproof.results import Result

WHERE = ("site", "endpoint")

FILE = "metrics.prom"


def metrics(results: Iterable[Result]) -> str:
    """All metrics of these results; those of one run, else an endpoint's runs are added up."""
    rows = list(results)
    registry = CollectorRegistry()
    found = standings(rows)
    _counts(registry, found)
    _times(registry, found)
    _about(registry, found)
    _mesh(registry, rows)
    return generate_latest(registry).decode("utf-8")


def write(folder: Path, results: Iterable[Result]) -> None:
    """Write metrics.prom into a run's folder."""
    (folder / FILE).write_text(metrics(results), encoding="utf-8")


def _gauge(registry: CollectorRegistry, name: str, about: str, labels: Sequence[str]) -> Gauge:
    return Gauge(f"lakeproof_{name}", about, labels, registry=registry)


def _counts(registry: CollectorRegistry, found: Iterable[Standing]) -> None:
    results = _gauge(
        registry, "results", "Results of the last run by outcome.", (*WHERE, "outcome")
    )
    failed = _gauge(
        registry, "failures", "Requirements not met, by what they cost.", (*WHERE, "severity")
    )
    core = _gauge(registry, "core_requirements", "Requirements (MUST) that were judged.", WHERE)
    met = _gauge(registry, "core_requirements_met", "Requirements (MUST) that are met.", WHERE)
    flaky = _gauge(registry, "flaky", "Results that differed when tried again.", WHERE)
    for each in found:
        where = (each.site, each.endpoint)
        for outcome, number in each.count.items():
            results.labels(*where, outcome.value).set(number)
        for severity, number in each.failed.items():
            failed.labels(*where, severity.value.lower()).set(number)
        good, judged = each.core
        core.labels(*where).set(judged)
        met.labels(*where).set(good)
        flaky.labels(*where).set(each.flaky)


def _times(registry: CollectorRegistry, found: Iterable[Standing]) -> None:
    ended = _gauge(
        registry, "last_run_timestamp_seconds", "When the last check ended, since 1970.", WHERE
    )
    took = _gauge(registry, "run_duration_seconds", "From the first check to the last.", WHERE)
    for each in found:
        ended.labels(each.site, each.endpoint).set(each.ended.timestamp())
        took.labels(each.site, each.endpoint).set((each.ended - each.began).total_seconds())


def _about(registry: CollectorRegistry, found: Iterable[Standing]) -> None:
    labels = (*WHERE, "technology", "version", "suite_version", "emulated")
    info = _gauge(registry, "endpoint_info", "What was observed; always 1.", labels)
    for each in found:
        last = each.last
        info.labels(
            each.site,
            each.endpoint,
            last.technology or "",
            last.observed_version or "",
            last.suite_version,
            "yes" if last.emulated else "no",
        ).set(1)


def _mesh(registry: CollectorRegistry, rows: Iterable[Result]) -> None:
    labels = ("protocol", "direction", "outcome")
    copies = _gauge(registry, "mesh_copies", "Copies between two endpoints by outcome.", labels)
    counted = Counter(
        (copy.protocol, copy.direction, copy.outcome.value if copy.outcome else "")
        for copy in copies_of(rows)
    )
    for names, number in counted.items():
        copies.labels(*names).set(number)
