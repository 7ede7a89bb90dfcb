"""Copies that cannot succeed: reported as failed, in time, with a reason and without secrets."""

from lakeproof import (
    ANONYMOUS,
    CRITICAL,
    HIGH,
    LOW,
    MEDIUM,
    MUST,
    SHOULD,
    Expect,
    Pull,
    Push,
    StorageElement,
    check,
)

NOWHERE = "https://storage.lakeproof.invalid/data/file"
"""No resolver knows this name (RFC 6761), so nobody is bothered."""


@check(
    req="http-tpc/failure",
    level=MUST,
    severity=HIGH,
    needs={"tpc-pull", "partner"},
    catches={"tpc-missing-source-hangs"},
    rows={"B3.19"},
)
def test_pull_of_missing_source_ends(
    se: StorageElement, partner: StorageElement, pull: Pull, expect: Expect
) -> None:
    """A pull of a missing source must come to an end within the run's time-out.

    FTS keeps a slot for each running copy; a few that never end stop all traffic of the site.
    """
    expect.control_transfer(pull.trial())

    transfer = pull(partner.workdir / "missing", se.workdir / "copy")

    expect.ended(transfer)
    expect.not_transferred(transfer)


@check(
    req="http-tpc/failure",
    level=MUST,
    severity=HIGH,
    needs={"tpc-pull", "partner"},
    catches={"tpc-unreachable-hangs"},
    rows={"TPE-07", "B3.19"},
)
def test_pull_from_unknown_host_fails(se: StorageElement, pull: Pull, expect: Expect) -> None:
    """A pull from a host that does not exist must be reported as failed, in time.

    One misspelt host name in one rule otherwise occupies the storage until somebody looks.
    """
    expect.control_transfer(pull.trial())

    transfer = pull(se.workdir / "unused", se.workdir / "copy", remote=NOWHERE)

    expect.ended(transfer)
    expect.not_transferred(transfer)


@check(
    req="http-tpc/failure",
    level=MUST,
    severity=HIGH,
    needs={"tpc-push", "partner"},
    catches={"tpc-unreachable-hangs"},
    rows={"TPE-07", "B3.19"},
)
def test_push_to_unknown_host_fails(se: StorageElement, push: Push, expect: Expect) -> None:
    """A push to a host that does not exist must be reported as failed, in time.

    One misspelt host name in one rule otherwise occupies the storage until somebody looks, and
    a success would cost the file.
    """
    source = se.workdir / "source"
    expect.control(se.put(source, b"any"))
    expect.control_transfer(push.trial())

    transfer = push(source, source, remote=NOWHERE)

    expect.unchanged(se, source, b"any")
    expect.ended(transfer)
    expect.not_transferred(transfer)


@check(
    req="http-tpc/failure",
    level=MUST,
    severity=HIGH,
    needs={"tpc-pull", "partner", "intrusive"},
    catches={"tpc-unreachable-hangs"},
    rows={"TPE-07", "B3.19"},
)
def test_pull_from_closed_port_fails(
    se: StorageElement, partner: StorageElement, pull: Pull, expect: Expect
) -> None:
    """A pull from a port where nobody listens must be reported as failed, in time.

    It is what every pull meets while the other storage is being restarted.
    """
    expect.control_transfer(pull.trial())
    closed = f"https://{partner.host}:1{partner.workdir}/file"

    transfer = pull(partner.workdir / "file", se.workdir / "copy", remote=closed)

    expect.ended(transfer)
    expect.not_transferred(transfer)


@check(
    req="http-tpc/clean-up",
    level=SHOULD,
    severity=HIGH,
    needs={"tpc-pull", "partner"},
    catches={"tpc-failure-keeps-partial", "tpc-failure-no-reason"},
    rows={"TPE-04", "B3.19"},
)
def test_pull_of_missing_source_fails_cleanly(
    se: StorageElement, partner: StorageElement, pull: Pull, expect: Expect
) -> None:
    """A pull of a missing source should leave nothing, and say that it failed and why.

    What is left behind stands in the way of the retry; what is not said has to be looked up in
    the logs of two sites.
    """
    expect.control_transfer(pull.trial())
    target = se.workdir / "copy"

    transfer = pull(partner.workdir / "missing", target)

    expect.failed_cleanly(transfer, se, target)


@check(
    req="http-tpc/clean-up",
    level=SHOULD,
    severity=HIGH,
    needs={"tpc-pull", "partner"},
    catches={"tpc-failure-keeps-partial", "tpc-failure-no-reason"},
    rows={"TPE-05", "B3.19"},
)
def test_pull_of_forbidden_source_fails_cleanly(
    se: StorageElement, partner: StorageElement, pull: Pull, expect: Expect
) -> None:
    """A pull that the source refuses should leave nothing, and say that it failed and why.

    An expired token is the commonest failure of all; each one otherwise leaves an empty file.
    """
    source, target = partner.workdir / "private", se.workdir / "copy"
    expect.control(partner.put(source, b"not for everybody"))
    # Over a new connection: XRootD remembers on an old one who sent a macaroon.
    stranger = partner.clone()
    seen = stranger.get(source, auth=ANONYMOUS)
    stranger.client.close()
    expect.given(not seen.ok, "the partner lets everybody read")
    expect.control_transfer(pull.trial())

    transfer = pull(source, target, remote_auth=ANONYMOUS)

    expect.unchanged(partner, source, b"not for everybody")
    expect.failed_cleanly(transfer, se, target)


@check(
    req="http-tpc/clean-up",
    level=SHOULD,
    severity=MEDIUM,
    needs={"tpc-pull", "partner"},
    catches={"tpc-failure-keeps-partial", "tpc-failure-no-reason"},
    rows={"TPE-07", "B3.19"},
)
def test_pull_from_unknown_host_fails_cleanly(
    se: StorageElement, pull: Pull, expect: Expect
) -> None:
    """A pull from an unknown host should leave nothing, and say that it failed and why.

    A storage that prepares the destination first leaves an empty file for each attempt.
    """
    expect.control_transfer(pull.trial())
    target = se.workdir / "copy"

    transfer = pull(se.workdir / "unused", target, remote=NOWHERE)

    expect.failed_cleanly(transfer, se, target)


@check(
    req="http-tpc/failure",
    level=SHOULD,
    severity=MEDIUM,
    needs={"tpc-push", "partner"},
    catches={"tpc-push-failure-is-success", "tpc-failure-no-reason"},
    rows={"TPE-05", "B3.19"},
)
def test_push_to_forbidden_destination_fails_cleanly(
    se: StorageElement, partner: StorageElement, push: Push, expect: Expect
) -> None:
    """A push that the destination refuses should keep the source and say why it failed.

    The people at this end see nothing but that line: the refusal itself is in the other site's
    log.
    """
    source, target = se.workdir / "source", partner.workdir / "copy"
    expect.control(se.put(source, b"any"))
    expect.control_transfer(push.trial())
    # Over a new connection: XRootD remembers on an old one who sent a macaroon.
    stranger = partner.clone()
    refused = stranger.put(target.with_name("by-hand"), b"any", auth=ANONYMOUS)
    stranger.client.close()
    expect.given(not refused.ok, "the partner lets everybody write")

    transfer = push(source, target, remote_auth=ANONYMOUS)

    expect.unchanged(se, source, b"any")
    expect.failed_cleanly(transfer, partner, target)


@check(
    req="http-tpc/failure",
    level=SHOULD,
    severity=LOW,
    needs={"tpc-pull", "partner"},
    catches={"tpc-failure-generic", "tpc-failure-no-reason"},
    rows={"TPE-04"},
)
def test_failure_line_names_the_cause(
    se: StorageElement, partner: StorageElement, pull: Pull, expect: Expect
) -> None:
    """A pull of a missing source should be answered with 404 or in words that say the same.

    FTS tries again after an unknown error, and again; after "not found" it asks for another
    replica.
    """
    expect.control_transfer(pull.trial())

    transfer = pull(partner.workdir / "missing", se.workdir / "copy")

    expect.not_transferred(transfer)
    said = f"{transfer.reply.status} {transfer.message}".lower()
    causes = ("404", "not found", "no such file", "not exist")
    expect.that(any(cause in said for cause in causes), "404, or 'not found'", transfer.describe())


@check(
    req="http-tpc/credential-safety",
    level=MUST,
    severity=CRITICAL,
    needs={"tpc-pull", "partner", "tokens"},
    catches={"tpc-secret-in-failure"},
    rows={"B3.19", "B1.5"},
)
def test_failure_shows_no_secret(
    se: StorageElement, partner: StorageElement, pull: Pull, expect: Expect
) -> None:
    """The report of a failed transfer must not repeat the tokens that came with it.

    FTS publishes that line on its web pages and sends it to monitoring, where everybody can
    take the token and use it until it expires.
    """
    expect.control_transfer(pull.trial())

    transfer = pull(partner.workdir / "missing", se.workdir / "copy")

    expect.not_transferred(transfer)
    expect.no_secret_shown(transfer)


@check(
    req="http-tpc/authorisation",
    level=MUST,
    severity=CRITICAL,
    needs={"tpc-pull", "partner"},
    catches={"tpc-denied-yet-done"},
    rows={"TPE-10"},
)
def test_refused_pull_is_not_carried_out_later(
    se: StorageElement, partner: StorageElement, pull: Pull, expect: Expect
) -> None:
    """A pull that was refused for want of credentials must not be carried out after all.

    A refusal that only changes the answer keeps nobody out: the file is there a moment later.
    """
    source, target = partner.workdir / "source", se.workdir / "copy"
    expect.control(partner.put(source, b"any"))
    expect.control_transfer(pull.trial())

    transfer = pull(source, target, auth=ANONYMOUS)

    expect.not_transferred(transfer)
    se.settle()
    expect.absent(se, target)
