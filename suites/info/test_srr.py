"""The storage resource report: there, by the schema, recent, and true."""

from datetime import UTC, datetime

from lakeproof import (
    LOW,
    MEDIUM,
    MUST,
    SHOULD,
    Expect,
    FoundReport,
    StorageElement,
    check,
)

DAY_S = 24 * 3600
TOLERANCE = 0.1
AVAILABLE = "{DAV:}quota-available-bytes"


@check(
    req="srr/published",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "srr"},
    catches={"srr-missing", "srr-not-json"},
    rows={"SRR-01"},
)
def test_report_is_published(report: FoundReport, expect: Expect) -> None:
    """A storage should publish a storage resource report in JSON.

    Accounting, Rucio's free-space probes and CRIC take total and used space from it; a
    storage without one counts as having none.
    """
    expect.that(
        report.published, "a storage resource report", f"none: {'; '.join(report.tried)[:300]}"
    )


@check(
    req="srr/schema",
    level=MUST,
    severity=MEDIUM,
    needs={"webdav", "srr"},
    catches={"srr-incomplete"},
    rows={"SRR-01"},
)
def test_report_follows_the_schema(report: FoundReport, expect: Expect) -> None:
    """A storage resource report must have what the schema requires, sizes as numbers.

    One key that is missing, or a size in quotes, and the whole site is left out of the
    accounting.
    """
    expect.given(report.published, "no report is published")

    expect.equal(report.problems, [], "departures from schema 4.2")


@check(
    req="srr/shares",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "srr"},
    catches={"srr-no-shares"},
    rows={"SRR-01"},
)
def test_report_has_shares(report: FoundReport, expect: Expect) -> None:
    """A storage resource report should have at least one share.

    Space is accounted by share: without any the storage has neither space nor users.
    """
    service = report.service
    if service is None:
        expect.given(False, "no report that follows the schema")
        return

    expect.that(len(service.storageshares) > 0, "at least one share", "storageshares is empty")


@check(
    req="srr/recent",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "srr"},
    catches={"srr-stale"},
    rows={"SRR-01"},
)
def test_report_is_recent(report: FoundReport, expect: Expect) -> None:
    """A storage resource report should be younger than a day.

    A report whose script has died goes on stating free space that was filled long ago.
    """
    service = report.service
    if service is None or service.updated is None:
        expect.given(False, "no report that says when it was made")
        return

    age_s = datetime.now(UTC).timestamp() - service.updated

    expect.that(abs(age_s) < DAY_S, "made within a day", f"made {age_s / 3600:.0f} hours ago")


@check(
    req="srr/sizes",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "srr"},
    catches={"srr-used-over-total"},
    rows={"SRR-01"},
)
def test_no_share_uses_more_than_it_has(report: FoundReport, expect: Expect) -> None:
    """No share of a storage resource report should use more than its total.

    Free space is the difference of the two; a negative one stops deliveries, or wraps round
    to a very large number.
    """
    service = report.service
    if service is None:
        expect.given(False, "no report that follows the schema")
        return

    shares = service.storageshares
    wrong = [share.name for share in shares if not 0 <= share.usedsize <= share.totalsize]

    expect.equal(wrong, [], "shares that use more than they have, or less than nothing")


@check(
    req="srr/sizes",
    level=SHOULD,
    severity=LOW,
    needs={"webdav", "write", "srr", "quota"},
    catches={"srr-disagrees"},
    rows={"SRR-02", "B4.34"},
)
def test_report_agrees_with_quota(se: StorageElement, report: FoundReport, expect: Expect) -> None:
    """The free space of a share should be what its collections state, within a tenth.

    Rucio reads the one, gfal the other: where they disagree, one of them sends data to a
    storage that is full.
    """
    share = report.share_of(se.workdir)
    stated = [e.properties.get(AVAILABLE) for e in expect.multistatus(se.quota(se.workdir))]
    if share is None or not stated or stated[0] is None or not stated[0].isdecimal():
        expect.given(False, "no share holds this path, or the collection states no quota")
        return

    free = share.totalsize - share.usedsize

    apart = abs(free - int(stated[0]))
    expect.that(
        apart <= TOLERANCE * max(share.totalsize, 1),
        f"about {stated[0]} bytes free, as the collection states",
        f"{free:.0f} bytes free in share {share.name}",
    )
