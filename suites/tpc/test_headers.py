"""Headers of COPY: those that transfer services send, in any spelling, and nonsense."""

from lakeproof import (
    CRITICAL,
    HIGH,
    LOW,
    MAY,
    MEDIUM,
    MUST,
    SHOULD,
    Expect,
    PayloadOf,
    Pull,
    Push,
    StorageElement,
    check,
)

MIB = 1024 * 1024


@check(
    req="rfc9110/unrecognised-headers",
    level=SHOULD,
    severity=HIGH,
    needs={"tpc-pull", "partner"},
    catches={"tpc-streams-500"},
    rows={"TPC-10"},
)
def test_pull_takes_number_of_streams(
    se: StorageElement,
    partner: StorageElement,
    pull: Pull,
    payload: PayloadOf,
    expect: Expect,
) -> None:
    """A pull with X-Number-Of-Streams should arrive complete, with several streams or with one.

    FTS sends the header with every copy; where it breaks them, nothing reaches this site.
    """
    source, target = partner.workdir / "source", se.workdir / "copy"
    data = payload(8 * MIB)
    expect.control(partner.put(source, data))

    transfer = pull(source, target, headers={"X-Number-Of-Streams": "4"})

    expect.transferred(transfer)
    expect.truth(se, target, data)


@check(
    req="http-tpc/credential-header",
    level=MUST,
    severity=HIGH,
    needs={"tpc-pull", "partner"},
    catches={"tpc-credential-refused"},
    rows={"TPC-14"},
)
def test_pull_takes_credential_none(
    se: StorageElement, partner: StorageElement, pull: Pull, expect: Expect
) -> None:
    """A pull with "Credential: none" must be carried out without any delegation.

    It is how every transfer service says that the token for the other side is in the request;
    a storage that asks for a delegated proxy all the same takes part in no copy.
    """
    source, target = partner.workdir / "source", se.workdir / "copy"
    expect.control(partner.put(source, b"any"))

    transfer = pull(source, target, headers={"Credential": "none"})

    expect.transferred(transfer)
    expect.content(se, target, b"any")


@check(
    req="rfc9110/unrecognised-headers",
    level=SHOULD,
    severity=MEDIUM,
    needs={"tpc-pull", "partner"},
    catches={"tpc-no-delegate-refused"},
    rows={"TPC-14"},
)
def test_pull_takes_no_delegate(
    se: StorageElement, partner: StorageElement, pull: Pull, expect: Expect
) -> None:
    """A pull with X-No-Delegate should be carried out.

    It is the older way to say "Credential: none", and clients still send both.
    """
    source, target = partner.workdir / "source", se.workdir / "copy"
    expect.control(partner.put(source, b"any"))
    expect.control_transfer(pull.trial())

    transfer = pull(source, target, headers={"X-No-Delegate": "true"})

    expect.transferred(transfer)
    expect.content(se, target, b"any")


@check(
    req="http-tpc/credential-header",
    level=SHOULD,
    severity=LOW,
    needs={"tpc-pull", "partner"},
    catches={"tpc-credential-unknown-accepted"},
    rows={"TPE-09"},
)
def test_unknown_credential_kind_is_refused(
    se: StorageElement, partner: StorageElement, pull: Pull, expect: Expect
) -> None:
    """A COPY with a Credential header of an unknown kind should be refused.

    The client asked for an authorisation that the storage does not know; going on without it
    hides the mistake.
    """
    source, target = partner.workdir / "source", se.workdir / "copy"
    expect.control(partner.put(source, b"any"))
    expect.control_transfer(pull.trial())

    transfer = pull(source, target, headers={"Credential": "lakeproof-nonsense"})

    expect.absent(se, target)
    expect.refused(transfer.reply)


@check(
    req="http-tpc/verification-header",
    level=MAY,
    severity=LOW,
    needs={"tpc-pull", "partner"},
    catches={"tpc-verification-bad-accepted"},
    rows={"TPE-09"},
)
def test_bad_verification_wish_is_refused(
    se: StorageElement, partner: StorageElement, pull: Pull, expect: Expect
) -> None:
    """A COPY whose RequireChecksumVerification is neither true nor false may be refused.

    Who asks for a verified copy in words that are not understood gets one that nobody verified.
    """
    source, target = partner.workdir / "source", se.workdir / "copy"
    expect.control(partner.put(source, b"any"))
    expect.control_transfer(pull.trial())

    transfer = pull(source, target, headers={"RequireChecksumVerification": "perhaps"})

    expect.absent(se, target)
    expect.refused(transfer.reply)


@check(
    req="http-tpc/overwrite",
    level=MUST,
    severity=HIGH,
    needs={"tpc-pull", "partner"},
    catches={"tpc-overwrite-default-f"},
    rows={"TPC-11"},
)
def test_pull_without_overwrite_replaces_file(
    se: StorageElement, partner: StorageElement, pull: Pull, expect: Expect
) -> None:
    """A pull without an Overwrite header must replace an existing file, as with T.

    Clients leave the header out when they mean T; their retries find the file of the earlier
    attempt in the way.
    """
    source, target = partner.workdir / "source", se.workdir / "copy"
    expect.control(partner.put(source, b"the new one"))
    expect.control(se.put(target, b"old"))
    expect.control(se.put(target, b"an older and longer content"))  # it may be replaced at all

    transfer = pull(source, target)

    expect.transferred(transfer)
    expect.content(se, target, b"the new one")


@check(
    req="http-tpc/overwrite",
    level=SHOULD,
    severity=HIGH,
    needs={"tpc-push", "partner"},
    catches={"tpc-overwrite-push-t-refused"},
    rows={"TPC-11"},
)
def test_push_without_overwrite_replaces_file(
    se: StorageElement, partner: StorageElement, push: Push, expect: Expect
) -> None:
    """A push without an Overwrite header should replace an existing file, as with T.

    Clients leave the header out when they mean T. The partner has its say too, so this is no
    MUST.
    """
    source, target = se.workdir / "source", partner.workdir / "copy"
    expect.control(se.put(source, b"the new one"))
    expect.control(partner.put(target, b"old"))
    expect.control(partner.put(target, b"an older and longer content"))

    transfer = push(source, target)

    expect.transferred(transfer)
    expect.content(partner, target, b"the new one")


@check(
    req="http-tpc/overwrite",
    level=SHOULD,
    severity=CRITICAL,
    needs={"tpc-pull", "partner"},
    catches={"tpc-overwrite-bad-accepted"},
    rows={"TPE-09"},
)
def test_bad_overwrite_is_refused(
    se: StorageElement, partner: StorageElement, pull: Pull, expect: Expect
) -> None:
    """A COPY whose Overwrite is neither T nor F should be refused and keep the file.

    "false" is such a value: whoever sent it wanted the file kept, and loses it.
    """
    source, target = partner.workdir / "source", se.workdir / "copy"
    expect.control(partner.put(source, b"from the partner"))
    expect.control(se.put(target, b"already here"))
    expect.control_transfer(pull.trial())

    transfer = pull(source, target, headers={"Overwrite": "false"})

    expect.unchanged(se, target, b"already here")
    expect.not_transferred(transfer)
