"""Every address behind the endpoint's name does the same work."""

import ipaddress

from lakeproof import HIGH, LOW, MEDIUM, SHOULD, Expect, Probe, Reply, StorageElement, check

Doors = tuple[StorageElement, ...]


def _version(address: str) -> int:
    return ipaddress.ip_address(address.partition("%")[0]).version


def _is_address(host: str) -> bool:
    try:
        return _version(host) > 0
    except ValueError:
        return False


def _file(door: StorageElement) -> str:
    return "by-" + (door.address or "name").replace(":", "-")


@check(
    req="lakeproof/every-address",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"one-address-refuses-writes"},
    rows={"B10.47", "IP6-02"},
)
def test_every_address_stores(doors: Doors, se: StorageElement, expect: Expect) -> None:
    """Every address behind the endpoint's name should store uploads.

    One server of four that refuses makes every fourth upload fail; it works again on the next
    try, so nobody finds the server.
    """

    def stores(door: StorageElement) -> None:
        path = se.workdir / _file(door)
        expect.success(door.put(path, b"one of several doors"))
        expect.content(se, path, b"one of several doors")

    expect.control(se.propfind(se.workdir, 0))
    expect.every(doors, stores)


@check(
    req="lakeproof/every-address",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"one-address-serves-nothing", "ipv6-broken"},
    rows={"B10.47", "IP6-02"},
)
def test_every_address_reads(doors: Doors, se: StorageElement, expect: Expect) -> None:
    """Every address behind the endpoint's name should give the same file to GET and HEAD.

    A server that does not see what the others stored reports files as lost that are there;
    catalogues then delete the entry, and the data is lost indeed.
    """
    path = se.workdir / "shared"
    expect.control(se.put(path, b"the same everywhere"))

    def reads(door: StorageElement) -> None:
        expect.success(door.head(path))
        expect.content(door, path, b"the same everywhere")

    expect.every(doors, reads)


@check(
    req="lakeproof/every-address",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav", "write"},
    catches={"one-address-refuses-writes"},
    rows={"B10.47", "IP6-02"},
)
def test_every_address_deletes(doors: Doors, se: StorageElement, expect: Expect) -> None:
    """Every address behind the endpoint's name should delete files.

    Deletion campaigns that hit the broken server leave part of the files; the space they were
    to free stays occupied.
    """

    def deletes(door: StorageElement) -> None:
        path = se.workdir / _file(door)
        expect.control(se.put(path, b"to be deleted"))
        reply = door.delete(path)
        expect.absent(se, path)
        expect.success(reply)

    expect.every(doors, deletes)


@check(
    req="lakeproof/same-software",
    level=SHOULD,
    severity=LOW,
    needs={"webdav", "write"},
    catches={"one-address-old-version"},
    rows={"B10.47"},
)
def test_every_address_runs_the_same_software(
    greeting: Reply, probe: Probe, doors: Doors, expect: Expect
) -> None:
    """Every address behind the endpoint's name should answer as the same software and version.

    A server that was left out of an upgrade has the old defects, and shows them to a quarter
    of the clients only.
    """
    expect.given(greeting.failure is None, "the door gives no sound answer at all")
    seen = {
        door.address or "": door.options(probe.door.path).headers.get("Server", "no Server header")
        for door in doors
    }
    expect.given(bool(seen), "no address of the door accepts a connection")
    told = "; ".join(f"{address}: {server}" for address, server in seen.items())
    expect.that(len(set(seen.values())) == 1, "one Server header at all addresses", told)


@check(
    req="lakeproof/ipv6",
    level=SHOULD,
    severity=MEDIUM,
    needs={"webdav"},
    catches={"no-ipv6-address"},
    rows={"IP6-01"},
)
def test_has_ipv6_address(probe: Probe, expect: Expect) -> None:
    """The endpoint's name should have an IPv6 address.

    Worker nodes and storages that have only IPv6 cannot reach it; each transfer with them
    fails, or goes the long way through a third site.
    """
    expect.given(not _is_address(probe.host), "the door is named by an address, not by a name")
    versions = {_version(address) for address in probe.addresses}
    told = f"only {', '.join(probe.addresses)}"
    expect.that(6 in versions, f"{probe.host} has an AAAA record", told)  # noqa: PLR2004


@check(
    req="lakeproof/every-address",
    level=SHOULD,
    severity=HIGH,
    needs={"webdav", "write"},
    catches={"ipv6-broken"},
    rows={"IP6-03"},
)
def test_ipv4_and_ipv6_answer_alike(doors: Doors, se: StorageElement, expect: Expect) -> None:
    """The same requests should be answered alike over IPv4 and over IPv6.

    Clients prefer IPv6 where they have it; what works from the laptop that was used to test it
    then fails from the whole computing centre.
    """
    versions = {_version(door.address) for door in doors if door.address}
    expect.given(versions == {4, 6}, "the door is not reached from here over both IPv4 and IPv6")
    answers: dict[int, set[tuple[int, ...]]] = {4: set(), 6: set()}
    for door in doors:
        path = se.workdir / _file(door)
        replies = [door.put(path, b"x"), door.head(path), door.get(path), door.delete(path)]
        answers[_version(door.address or "")].add(tuple(reply.status for reply in replies))
    expect.that(
        bool(answers[4] & answers[6]),
        "the same codes for PUT, HEAD, GET and DELETE over both",
        f"IPv4: {sorted(answers[4])}; IPv6: {sorted(answers[6])}",
    )
