"""Copies that FTS makes to and from the endpoint."""

from lakeproof import (
    CRITICAL,
    HIGH,
    MUST,
    SHOULD,
    Expect,
    Fts,
    PayloadOf,
    StorageElement,
    check,
)

MIB = 1024 * 1024
NO_PLAIN_COPY = "FTS does not finish a plain copy of this pair either"
NOT_DELEGATED = "nothing is delegated to this FTS: fts-rest-delegate -s URL"


@check(
    req="fts-rest/submit",
    level=MUST,
    severity=CRITICAL,
    needs={"fts", "token-scopes", "partner", "write"},
    catches={"fts-lies", "fts-fails-always"},
    rows={"FTS-01", "FTS-03", "B9.46"},
)
def test_job_finishes_where_plain_copy_does(
    se: StorageElement, peer: StorageElement, fts: Fts, payload: PayloadOf, expect: Expect
) -> None:
    """Where this endpoint pulls from that one, FTS must make the same copy, byte for byte.

    The storages are not to blame then; rules of this pair hang because of FTS or its settings.
    """
    source, target, data = peer.workdir / "source", se.workdir / "copy", payload(MIB + 7)
    expect.control(fts.get("/jobs?limit=1"))
    expect.control(peer.put(source, data))
    plain = se.copy(
        se.workdir / "plain",
        direction="pull",
        remote=peer.url_of(source),
        remote_auth=peer.credential("GET", source),
    )
    expect.control_transfer(plain)

    entry = fts.entry([(peer, source)], (se, target), data)
    reply = fts.submit(entry, verify_checksum="both", overwrite=True)

    expect.success(reply)
    job = fts.wait(reply)
    expect.that(job.state == "FINISHED", "the job ends as FINISHED", job.describe())
    expect.truth(se, target, data)


@check(
    req="fts-rest/submit",
    level=MUST,
    severity=CRITICAL,
    needs={"fts", "x509", "token-audience", "partner", "write"},
    catches={"fts-certificate-refused", "fts-lies"},
    rows={"FTS-01", "FTS-03"},
)
def test_job_by_certificate_copies_truth(
    se: StorageElement, partner: StorageElement, fts: Fts, payload: PayloadOf, expect: Expect
) -> None:
    """A job that was submitted with a certificate must copy the file, byte for byte.

    Communities that have no tokens yet move all their data like this.
    """
    source, target, data = partner.workdir / "source", se.workdir / "copy", payload(MIB + 7)
    expect.control(fts.get("/jobs?limit=1", auth=fts.certificate))
    expect.given(fts.is_delegated, NOT_DELEGATED)
    expect.control(partner.put(source, data))
    entry = fts.entry([(partner, source)], (se, target), data, by_token=False)

    reply = fts.submit(entry, auth=fts.certificate, verify_checksum="both")

    expect.success(reply)
    job = fts.wait(reply, auth=fts.certificate)
    expect.that(job.state == "FINISHED", "the job ends as FINISHED", job.describe())
    expect.truth(se, target, data)


@check(
    req="fts-rest/submit",
    level=SHOULD,
    severity=HIGH,
    needs={"fts", "x509", "root", "partner", "write"},
    catches={"fts-certificate-refused", "fts-lies"},
    rows={"FTS-01"},
)
def test_job_over_root_copies_truth(
    se: StorageElement, root_partner: StorageElement, fts: Fts, payload: PayloadOf, expect: Expect
) -> None:
    """A job over root:// should copy the file, byte for byte.

    Where Rucio reaches one of two sites by root:// only, no data gets from one to the other.
    """
    source, target, data = root_partner.workdir / "source", se.workdir / "copy", payload(MIB + 7)
    expect.given(fts.is_delegated, NOT_DELEGATED)
    expect.control(root_partner.put(source, data))
    places = [(root_partner, source)]
    entry = fts.entry(places, (se, target), data, by_token=False, over_root=True)

    reply = fts.submit(entry, auth=fts.certificate, verify_checksum="both")

    expect.success(reply)
    job = fts.wait(reply, auth=fts.certificate)
    expect.that(job.state == "FINISHED", "the job ends as FINISHED", job.describe())
    expect.truth(se, target, data)


@check(
    req="fts-rest/query",
    level=MUST,
    severity=HIGH,
    needs={"fts", "token-scopes", "partner", "write"},
    catches={"fts-metadata-lost"},
)
def test_metadata_comes_back(
    se: StorageElement, partner: StorageElement, fts: Fts, expect: Expect
) -> None:
    """FTS must give back the metadata of job and file as they were submitted.

    Rucio knows by them which request a finished copy belongs to; without them it is lost.
    """
    source, target = partner.workdir / "source", se.workdir / "copy"
    expect.control(partner.put(source, b"metadata"))
    entry = fts.entry([(partner, source)], (se, target))
    reply = fts.submit(entry, job_metadata={"issuer": "lakeproof", "number": 7})
    expect.control(reply)

    job = fts.wait(reply)

    told = job.fields.get("job_metadata")
    expect.equal(told, {"issuer": "lakeproof", "number": 7}, "job_metadata")
    expect.equal([file.get("file_metadata") for file in job.files], [entry["metadata"]], "files'")


@check(
    req="fts-rest/submit",
    level=MUST,
    severity=HIGH,
    needs={"fts", "token-scopes", "partner", "write"},
    catches={"fts-others-unused"},
)
def test_second_source_is_used_when_first_is_missing(
    se: StorageElement, partner: StorageElement, fts: Fts, payload: PayloadOf, expect: Expect
) -> None:
    """Of several sources FTS must try the next one when the first one fails.

    One lost replica would otherwise stop copies of files that have others.
    """
    source, target, data = partner.workdir / "source", se.workdir / "copy", payload(70_001)
    expect.control(partner.put(source, data))
    plain = fts.copies((partner, source), (se, se.workdir / "plain"), data)
    expect.given(plain, NO_PLAIN_COPY)
    places = [(partner, partner.workdir / "missing"), (partner, source)]

    reply = fts.submit(fts.entry(places, (se, target), data), verify_checksum="target")

    expect.control(reply)
    job = fts.wait(reply)
    expect.that(job.state == "FINISHED", "the job ends as FINISHED", job.describe())
    expect.truth(se, target, data)


@check(
    req="fts-rest/multihop",
    level=MUST,
    severity=HIGH,
    needs={"fts", "token-scopes", "partner", "write"},
    catches={"fts-others-unused"},
)
def test_hops_are_made_in_order(
    se: StorageElement, partner: StorageElement, fts: Fts, payload: PayloadOf, expect: Expect
) -> None:
    """A job of several hops must copy over each of them, in order.

    Sites that do not reach each other get their data over a third one.
    """
    source, data = partner.workdir / "source", payload(70_001)
    between, target = se.workdir / "between", partner.workdir / "target"
    expect.control(partner.put(source, data))
    there = fts.copies((partner, source), (se, se.workdir / "there"), data)
    back = there and fts.copies((se, se.workdir / "there"), (partner, partner.workdir / "b"), data)
    expect.given(back, NO_PLAIN_COPY)
    first = fts.entry([(partner, source)], (se, between), data)
    second = fts.entry([(se, between)], (partner, target), data)

    reply = fts.submit(first, second, multihop=True, verify_checksum="both")

    expect.control(reply)
    job = fts.wait(reply)
    expect.that(job.state == "FINISHED", "the job ends as FINISHED", job.describe())
    expect.truth(se, between, data)
    expect.truth(partner, target, data)
