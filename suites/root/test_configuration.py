"""What the root:// door tells of its configuration, and of its space."""

from lakeproof import HIGH, LOW, MAY, MEDIUM, SHOULD, Expect, RootDoor, StorageElement, check


@check(
    req="xrootd/config-chksum",
    level=SHOULD,
    severity=HIGH,
    needs={"root"},
    catches={"root-config-silent"},
    rows={"ROOT-02", "ROOT-05"},
)
def test_configuration_names_adler32(root: RootDoor, expect: Expect) -> None:
    """The door should say that it knows adler32 checksums (query config chksum).

    xrdcp and Rucio look there first; where nothing is named they copy without comparing.
    """
    said = root.config("chksum").get("chksum", "nothing")

    expect.that("adler32" in said, "adler32 among the checksums", said)


@check(
    req="xrootd/config-tpc",
    level=SHOULD,
    severity=HIGH,
    needs={"root", "tpc-pull"},
    catches={"root-config-silent"},
    rows={"ROOT-12", "B7.42"},
)
def test_configuration_offers_third_party_copies(root: RootDoor, expect: Expect) -> None:
    """The door should say that it makes third-party copies (query config tpc).

    Clients ask that before they copy, and take a first character that is no digit, or zero, for
    a no: data then go through the client's own machine, or nowhere.
    """
    said = root.config("tpc").get("tpc", "nothing")

    expect.that(said[0].isdigit() and said[0] != "0", "a digit that is not zero", said)


@check(
    req="xrootd/config-readv",
    level=SHOULD,
    severity=LOW,
    needs={"root"},
    catches={"root-config-silent"},
    rows={"ROOT-02", "B7.42"},
)
def test_configuration_states_limits_of_vector_reads(root: RootDoor, expect: Expect) -> None:
    """The door should state how many ranges a vector read may have, and how long each may be.

    Analysis programs split their reads by these limits; where they are not stated, they guess.
    """
    said = root.config("readv_iov_max", "readv_ior_max")

    numbers = [int(value) for value in said.values() if value.isdigit()]
    expect.that(
        len(numbers) == len(said) + 2 - len(said) and min(numbers) > 0, "two numbers", f"{said}"
    )


@check(
    req="xrootd/config-sitename",
    level=MAY,
    severity=LOW,
    needs={"root"},
    catches={"root-config-silent"},
    rows={"ROOT-02"},
)
def test_configuration_names_the_site(root: RootDoor, expect: Expect) -> None:
    """The door may say which site it belongs to (query config sitename).

    Monitoring adds traffic up by that name; without one it is nobody's.
    """
    said = root.config("sitename").get("sitename", "")

    expect.that(bool(said.strip()), "the name of a site", "none")


@check(
    req="xrootd/statvfs",
    level=SHOULD,
    severity=MEDIUM,
    needs={"root"},
    catches={"root-space-zero"},
    rows={"ROOT-02"},
)
def test_free_space_is_stated(se: StorageElement, root: RootDoor, expect: Expect) -> None:
    """The door should state how much space is free where the run writes.

    Whoever decides where data go believes that number: none at all stops uploads to the site.
    """
    reply = root.statvfs(se.workdir)

    expect.success(reply)
    free = reply.value["free_rw"]
    expect.that(free > 0, "some free space, as the run can write", f"{free} MiB")


@check(
    req="xrootd/prepare",
    level=MAY,
    severity=LOW,
    needs={"root", "write"},
    catches={"root-prepare-refused"},
    rows={"ROOT-14"},
)
def test_file_on_disk_may_be_ordered(se: StorageElement, root: RootDoor, expect: Expect) -> None:
    """Asking for a file to be brought online may be accepted where it is online already.

    Programs order everything they are going to read, whether it is on tape or not.
    """
    path = se.workdir / "f"
    expect.control(se.put(path, b"on disk"))

    expect.success(root.prepare(path))
