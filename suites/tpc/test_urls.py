"""URLs that name no other storage: none at all, of another scheme, with a password inside."""

from lakeproof import (
    CRITICAL,
    HIGH,
    LOW,
    MEDIUM,
    SHOULD,
    Expect,
    Pull,
    StorageElement,
    check,
)

UNSUPPORTED = (
    "ftp://storage.lakeproof.invalid/file",
    "root://storage.lakeproof.invalid:1094//file",
    "lakeproof://storage.lakeproof.invalid/file",
)
# Where clouds serve the keys of a machine's role (RFC 3927 link-local addresses).
METADATA = ("http://169.254.169.254/latest/meta-data/", "https://169.254.169.254/latest/meta-data/")


@check(
    req="http-tpc/one-direction",
    level=SHOULD,
    severity=HIGH,
    needs={"tpc-pull", "partner"},
    catches={"tpc-no-header-accepted"},
    rows={"TPE-02"},
)
def test_copy_without_source_and_destination_is_refused(
    se: StorageElement, partner: StorageElement, pull: Pull, expect: Expect
) -> None:
    """A COPY with neither Source nor Destination should be refused and change nothing.

    A success for a copy of nothing to nowhere enters a replica into the catalogue that does
    not exist.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"still here"))
    expect.control_transfer(pull.trial())

    transfer = pull(partner.workdir / "unused", path, headers={"Source": ""})

    expect.unchanged(se, path, b"still here")
    expect.not_transferred(transfer)


@check(
    req="http-tpc/schemes",
    level=SHOULD,
    severity=CRITICAL,
    needs={"tpc-pull", "partner"},
    catches={"tpc-scheme-accepted", "tpc-file-disclosed"},
    rows={"TPE-03"},
)
def test_local_file_is_no_source(se: StorageElement, pull: Pull, expect: Expect) -> None:
    """A pull from a file: URL should be refused and store nothing.

    Whoever may write one file could read the keys of the server and everybody's data.
    """
    target = se.workdir / "copy"
    expect.control_transfer(pull.trial())

    transfer = pull(se.workdir / "unused", target, remote="file:///etc/hostname")

    expect.absent(se, target)
    expect.not_transferred(transfer)


@check(
    req="http-tpc/authorisation",
    level=SHOULD,
    severity=CRITICAL,
    needs={"tpc-pull", "partner", "intrusive", "elsewhere"},
    catches={"tpc-metadata-disclosed"},
    rows={"TPE-22"},
)
def test_cloud_metadata_is_no_source(se: StorageElement, pull: Pull, expect: Expect) -> None:
    """A pull from the link-local address of a cloud's metadata service should store nothing.

    What stands there are the keys of the machine's role; a user who may write one file has them.
    """
    expect.control_transfer(pull.trial())
    for remote in METADATA:
        target = se.workdir / f"by-{remote.partition(':')[0]}"

        transfer = pull(se.workdir / "unused", target, remote=remote)

        expect.absent(se, target)
        expect.not_transferred(transfer)


@check(
    req="http-tpc/schemes",
    level=SHOULD,
    severity=LOW,
    needs={"tpc-pull", "partner"},
    catches={"tpc-scheme-500", "tpc-scheme-accepted"},
    rows={"TPE-03"},
)
def test_unsupported_scheme_is_refused_as_such(
    se: StorageElement, pull: Pull, expect: Expect
) -> None:
    """A COPY with a URL of an unsupported scheme should be answered 501, or 400.

    The client then tries another protocol; after any other error it tries the same again.
    """
    expect.control_transfer(pull.trial())
    for remote in UNSUPPORTED:
        target = se.workdir / f"by-{remote.partition(':')[0]}"

        transfer = pull(se.workdir / "unused", target, remote=remote)

        expect.absent(se, target)
        expect.status(transfer.reply, 501, 400)


@check(
    req="http-tpc/userinfo",
    level=SHOULD,
    severity=MEDIUM,
    needs={"tpc-pull", "partner"},
    catches={"tpc-userinfo-accepted"},
    rows={"TPE-09", "TPE-21"},
)
def test_password_in_url_is_refused(
    se: StorageElement, partner: StorageElement, pull: Pull, expect: Expect
) -> None:
    """A COPY with a user and a password in the URL should be refused.

    URLs are logged at both ends and shown on web pages; what is in them is no secret any more.
    """
    source, target = partner.workdir / "source", se.workdir / "copy"
    expect.control(partner.put(source, b"any"))
    expect.control_transfer(pull.trial())
    remote = partner.url_of(source).replace("://", "://user:no-password@", 1)

    transfer = pull(source, target, remote=remote)

    expect.absent(se, target)
    expect.not_transferred(transfer)


@check(
    req="http-tpc/data-url",
    level=SHOULD,
    severity=LOW,
    needs={"tpc-pull", "partner"},
    catches={"tpc-uri-bad-accepted"},
    rows={"TPE-09"},
)
def test_url_without_host_is_refused(se: StorageElement, pull: Pull, expect: Expect) -> None:
    """A COPY whose URL names no host should be refused and store nothing.

    It is what a client with an unset variable sends; a success hides that nothing was copied.
    """
    target = se.workdir / "copy"
    expect.control_transfer(pull.trial())

    transfer = pull(se.workdir / "unused", target, remote="https:///data/file")

    expect.absent(se, target)
    expect.not_transferred(transfer)
