"""What Rucio needs of a storage, as data in `catalogue/readiness.yaml`; its head says the form."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from lakeproof.data import load

Globs = tuple[str, ...]


@dataclass(frozen=True)
class Item:
    """One of R1-R20."""

    id: str
    says: str
    costs: str
    checks: Globs = ()
    core: Globs = ()
    alternatives: tuple[Globs, ...] = ()
    must_offer: bool = False
    facts: tuple[str, ...] = ()
    open: str = ""

    @property
    def globs(self) -> Globs:
        """The checks that see it, whichever way."""
        return (*self.checks, *(glob for each in self.alternatives for glob in each))


@dataclass(frozen=True)
class Implementation:
    """One of Rucio's protocol implementations; `needs` maps checks to what it does otherwise."""

    name: str
    scheme: str
    says: str
    needs: dict[str, str]
    open: str = ""
    like: str = ""


@dataclass(frozen=True)
class Domain:
    """What a protocol may be used for."""

    name: str
    all: Globs = ()
    any: Globs = ()
    partner: Globs = ()


@dataclass(frozen=True)
class Attribute:
    """An attribute of an RSE, and what it takes to set it."""

    key: str
    value: str
    because: str
    passed: Globs = ()
    violated: Globs = ()
    facts: tuple[str, ...] = ()
    unmet: str = ""
    checksums: str = ""
    scheme: str = ""


@dataclass(frozen=True)
class Needs:
    """All of the file."""

    items: tuple[Item, ...]
    checksums: dict[str, str]
    implementations: tuple[Implementation, ...]
    domains: tuple[Domain, ...]
    attributes: tuple[Attribute, ...]

    def globs(self) -> Iterator[str]:
        """Every check that anything is read off, for the profile."""
        for item in self.items:
            yield from item.globs
        yield from self.checksums.values()
        for implementation in self.implementations:
            yield from implementation.needs
        for domain in self.domains:
            yield from (*domain.all, *domain.any, *domain.partner)
        for attribute in self.attributes:
            yield from (*attribute.passed, *attribute.violated)


def matches(check: str, globs: Globs) -> bool:
    """Whether one of `globs` is the id `check`."""
    return any(fnmatch.fnmatchcase(check, glob) for glob in globs)


@cache
def needs() -> Needs:
    """What Rucio needs; raises TypeError for keys that nobody reads, KeyError for missing ones."""
    content = load("readiness")
    return Needs(
        tuple(Item(name, **_tuples(said)) for name, said in content["items"].items()),
        content["checksums"],
        tuple(_implementation(content["implementations"], n) for n in content["implementations"]),
        tuple(Domain(name, **_tuples(said)) for name, said in content["domains"].items()),
        tuple(Attribute(name, **_tuples(said)) for name, said in content["attributes"].items()),
    )


def _implementation(entries: dict[str, Any], name: str) -> Implementation:
    said = dict(entries[name])
    own, like, without = (said.pop(key, None) for key in ("needs", "like", "without"))
    inherited = _implementation(entries, like).needs if like else {}
    wanted = {k: v for k, v in (inherited | (own or {})).items() if k not in (without or ())}
    return Implementation(name, needs=wanted, like=like or "", **said)


def _tuples(said: dict[str, Any]) -> dict[str, Any]:
    """YAML's lists as tuples, those inside lists as well."""
    return {key: _tuple(value) for key, value in said.items()}


def _tuple(value: Any) -> Any:  # noqa: ANN401  any value of YAML
    return tuple(_tuple(each) for each in value) if isinstance(value, list) else value
