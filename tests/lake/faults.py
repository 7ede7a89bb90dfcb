"""What can be wrong with a copy, and the layer that it is in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lakeproof.blame import Layer
from lakeproof.lake import ca
from tests.lake.broken import CONTENT, ONE, OTHER, BrokenLake, closed_port

SPOILED = CONTENT.swapcase()


@dataclass(frozen=True)
class Fault:
    """Something wrong: `lay` lays it out and gives the id of the rule (or job) that meets it.

    What `waits` does not end: Rucio and FTS go on waiting.
    """

    layer: Layer
    what: str
    lay: Callable[[BrokenLake], str]
    needs_rucio: bool = False
    needs_job: bool = False
    waits: bool = False


FAULTS: dict[str, Fault] = {}


def fault(
    layer: Layer, what: str, **needs: bool
) -> Callable[[Callable[[BrokenLake], str]], Callable[[BrokenLake], str]]:
    def register(lay: Callable[[BrokenLake], str]) -> Callable[[BrokenLake], str]:
        FAULTS[lay.__name__] = Fault(layer, what, lay, **needs)
        return lay

    return register


@fault(Layer.SOURCE, "the file is gone from the source")
def source_file_gone(broken: BrokenLake) -> str:
    return broken.copy("gone", *broken.sound, None)


@fault(Layer.SOURCE, "the file at the source is spoiled")
def source_file_spoiled(broken: BrokenLake) -> str:
    return broken.copy("spoiled", broken.site("SPOILS"), broken.sound[1], SPOILED)


@fault(Layer.SOURCE, "the source's port is closed")
def source_closed(broken: BrokenLake) -> str:
    source = broken.site("CLOSED-A", "door-closed")
    return broken.copy("closed-a", source, broken.sound[1])


@fault(Layer.SOURCE, "nobody but us trusts the source's authority, and it does not push")
def source_untrusted(broken: BrokenLake) -> str:
    source = broken.site("UNTRUSTED", "tpc-push-unsupported", authority=ca.make_authority())
    return broken.copy("untrusted", source, broken.sound[1])


@fault(Layer.SOURCE, "the source does not know the issuer of the tokens")
def source_knows_no_issuer(broken: BrokenLake) -> str:
    return broken.copy("no-issuer", broken.site("NO-ISSUER", issuers=()), broken.sound[1])


@fault(Layer.DESTINATION, "the destination is full")
def destination_full(broken: BrokenLake) -> str:
    return broken.copy("full", broken.sound[0], broken.site("FULL", quota=1000))


@fault(Layer.DESTINATION, "the destination changes a byte of what it fetches")
def destination_spoils(broken: BrokenLake) -> str:
    return broken.copy("spoils", broken.sound[0], broken.site("SPOILER", "tpc-corrupts"))


@fault(Layer.DESTINATION, "the destination's port is closed")
def destination_closed(broken: BrokenLake) -> str:
    return broken.copy("closed-b", broken.sound[0], broken.site("CLOSED-B", "door-closed"))


@fault(Layer.PAIR, "a firewall is between the two, both ways")
def pair_walled_off(broken: BrokenLake) -> str:
    source = broken.site("WALL-A", address=ONE, kept_from=(OTHER,))
    target = broken.site("WALL-B", address=OTHER, kept_from=(ONE,))
    return broken.copy("walled", source, target)


@fault(Layer.PAIR, "there is no protocol for copies that both have", needs_rucio=True)
def pair_without_protocol(broken: BrokenLake) -> str:
    able = {"read": 1, "write": 1, "delete": 1}
    target = broken.site("NO-COPIES", protocol={"domains": {"lan": able, "wan": able}})
    return broken.copy("no-copies", broken.sound[0], target)


@fault(Layer.FTS, "FTS says FAILED, whatever it is asked for")
def fts_fails(broken: BrokenLake) -> str:
    target = broken.site("FTS-FAILS", attributes={"fts": broken.fts("fts-fails-always")})
    return broken.copy("fts-fails", broken.sound[0], target)


@fault(Layer.FTS, "FTS says FINISHED and copies nothing")
def fts_lies(broken: BrokenLake) -> str:
    target = broken.site("FTS-LIES", attributes={"fts": broken.fts("fts-lies")})
    return broken.copy("fts-lies", broken.sound[0], target)


@fault(Layer.FTS, "FTS has banned the destination, whose jobs wait", waits=True)
def fts_bans(broken: BrokenLake) -> str:
    fts = broken.ban(broken.fts(), ONE)
    target = broken.site("BANNED", address=ONE, attributes={"fts": fts})
    return broken.copy("banned", broken.sound[0], target)


@fault(Layer.FTS, "nobody listens where Rucio looks for FTS", needs_rucio=True)
def fts_closed(broken: BrokenLake) -> str:
    nobody = f"https://localhost:{closed_port()}"
    target = broken.site("FTS-CLOSED", attributes={"fts": nobody})
    return broken.copy("fts-closed", broken.sound[0], target)


@fault(Layer.CREDENTIAL, "FTS does not know the issuer of the tokens", needs_rucio=True)
def fts_knows_no_issuer(broken: BrokenLake) -> str:
    url = broken.fts(issuer="https://another-issuer.lakeproof.test")
    target = broken.site("FTS-STRANGE", attributes={"fts": url})
    return broken.copy("fts-strange", broken.sound[0], target)


@fault(Layer.CREDENTIAL, "FTS is given tokens of the wrong paths (Rucio's oidc_base_path)")
def tokens_of_wrong_paths(broken: BrokenLake) -> str:
    target = broken.site("WRONG-PATHS", attributes={"oidc_base_path": "/data/rucio/lakeproof"})
    elsewhere = broken.doors.token("storage.read:/ storage.modify:/elsewhere")
    return broken.copy("wrong-paths", broken.sound[0], target, token=elsewhere)


@fault(Layer.CREDENTIAL, "the tokens that FTS was given have expired", needs_job=True)
def tokens_expired(broken: BrokenLake) -> str:
    expired = broken.doors.token(lifetime="-60")
    return broken.copy("expired", *broken.sound, token=expired)


@fault(Layer.RUCIO, "the account has no quota left at the destination", needs_rucio=True)
def rucio_quota(broken: BrokenLake) -> str:
    source, target = broken.sound[0], broken.site("NO-QUOTA")
    broken.near(source, target)
    broken.person.add_dataset("set-no-quota")
    rule = broken.person.add_rule("set-no-quota", target.rse)
    broken.admin.limit(target.rse, 10)
    broken.person.attach("set-no-quota", broken.file(source, "no-quota"))
    return rule


@fault(Layer.RUCIO, "Rucio knows no distance between the two", needs_rucio=True)
def rucio_distance(broken: BrokenLake) -> str:
    target = broken.site("FAR-AWAY")
    return broken.person.add_rule(broken.file(broken.sound[0], "far"), target.rse)


@fault(Layer.RUCIO, "the source is switched off in Rucio", needs_rucio=True)
def rucio_switched_off(broken: BrokenLake) -> str:
    source = broken.site("SWITCHED-OFF")
    broken.admin.switch(source.rse, availability_read=False)
    return broken.copy("off", source, broken.sound[1])


@fault(Layer.RUCIO, "Rucio has another port for the destination than it has", needs_rucio=True)
def rucio_port_wrong(broken: BrokenLake) -> str:
    target = broken.site("OTHER-PORT", protocol={"port": closed_port()})
    return broken.copy("other-port", broken.sound[0], target)
