"""Whom the mesh accuses: the culprits, and nobody else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import permutations

import pytest

from bench.mesh_simulation import ENDS, SETTINGS, WHOLE, Setting, trials
from lakeproof.mesh.places import Kind, Place
from lakeproof.mesh.seen import DIRECTIONS, Copy
from lakeproof.mesh.suspects import find_suspects

SIX = "ABCDEF"


def _mesh(works: Callable[[Copy], bool | None], ends: str = SIX) -> Iterator[Copy]:
    for source, destination in permutations(ends, 2):
        for direction in DIRECTIONS:
            copy = Copy(source, destination, direction, None)
            yield replace(copy, works=works(copy))


def _places(works: Callable[[Copy], bool | None], ends: str = SIX) -> list[Place]:
    return [suspect.place for suspect in find_suspects(_mesh(works, ends)).suspects]


@pytest.mark.parametrize(
    ("works", "place"),
    [
        (lambda c: c.source != "A", Place(Kind.SOURCE, ("A",))),
        (lambda c: c.destination != "A", Place(Kind.DESTINATION, ("A",))),
        (lambda c: "A" not in (c.source, c.destination), Place(Kind.ENDPOINT, ("A",))),
        (
            lambda c: c.source != "A" or c.direction != "push",
            Place(Kind.SOURCE, ("A",), "push"),
        ),
        (
            lambda c: (c.destination if c.direction == "pull" else c.source) != "A",
            Place(Kind.ACTIVE, ("A",)),
        ),
        (
            lambda c: (c.source if c.direction == "pull" else c.destination) != "A",
            Place(Kind.PASSIVE, ("A",)),
        ),
        (lambda c: c.direction != "push", Place(Kind.EVERYTHING, (), "push")),
        (lambda c: False, Place(Kind.EVERYTHING)),
        (lambda c: {c.source, c.destination} != {"A", "B"}, Place(Kind.BETWEEN, ("A", "B"))),
    ],
)
def test_one_culprit_is_named_by_its_role(works: Callable[[Copy], bool], place: Place) -> None:
    assert _places(works) == [place]


def test_nobody_is_accused_where_all_works() -> None:
    findings = find_suspects(_mesh(lambda copy: True))

    assert (findings.suspects, findings.unexplained, findings.failed) == ((), (), 0)
    assert findings.tried == 60


def test_one_failing_copy_accuses_nobody() -> None:
    one = Copy("A", "B", "pull", False, said="404")
    findings = find_suspects(
        [one, *(copy for copy in _mesh(lambda copy: True) if copy.cell != one.cell)]
    )

    assert findings.suspects == ()
    assert findings.unexplained == (one,)


def test_half_of_the_sources_are_bad_and_no_destination_is_accused() -> None:
    found = _places(lambda copy: copy.source not in "ABC")

    assert sorted(found) == [Place(Kind.SOURCE, (name,)) for name in "ABC"]


def test_two_things_wrong_with_one_endpoint_are_explained_and_no_more() -> None:
    """As source, and as destination of pulls: which is also to make copies, and to be pulled from.

    Both pairs of causes are the same copies; either will do.
    """
    findings = find_suspects(
        _mesh(
            lambda c: c.source != "A" and not (c.destination == "A" and c.direction == "pull"),
            ends="ABCDEFGHIJ",
        )
    )

    assert findings.unexplained == ()
    assert [(each.place.names, each.failed == each.tried) for each in findings.suspects] == [
        (("A",), True),
        (("A",), True),
    ]


def test_a_protocol_is_named_where_another_works() -> None:
    copies = [
        replace(copy, works=protocol == "https" or copy.destination != "A", protocol=protocol)
        for copy in _mesh(lambda copy: None)
        for protocol in ("https", "root")
    ]

    (suspect,) = find_suspects(copies).suspects

    assert suspect.place == Place(Kind.DESTINATION, ("A",), None, "root")
    assert suspect.elsewhere == (0, 30)


def test_what_was_not_judged_accuses_nobody_and_is_said() -> None:
    findings = find_suspects(
        _mesh(lambda copy: None if "F" in (copy.source, copy.destination) else True)
    )

    assert findings.suspects == ()
    assert findings.unjudged == ("F",)
    assert findings.tried == 40


def test_a_suspect_has_its_evidence() -> None:
    copies = [
        replace(copy, said="" if copy.works else "403" if copy.destination == "B" else "501")
        for copy in _mesh(lambda c: c.source != "A" and c.cell != ("C", "A", "pull", "https"))
    ]

    findings = find_suspects(copies)
    (suspect,) = findings.suspects

    assert suspect.place == Place(Kind.SOURCE, ("A",))
    assert (suspect.failed, suspect.tried, suspect.partners) == (10, 10, 5)
    assert suspect.elsewhere == (1, 10)
    assert (suspect.said, suspect.times) == ("501", 8)
    assert suspect.odds > 6
    assert [copy.cell for copy in findings.unexplained] == [("C", "A", "pull", "https")]


def test_where_two_ends_were_tried_with_each_other_only_all_causes_are_named() -> None:
    (suspect,) = find_suspects([Copy("A", "B", "pull", False)] * 5).suspects

    named = {suspect.place.kind, *(other.kind for other in suspect.alternatives)}
    assert {Kind.SOURCE, Kind.DESTINATION, Kind.PAIR} < named


def test_a_pair_is_named_when_it_fails_again_and_again() -> None:
    once = list(_mesh(lambda copy: (copy.source, copy.destination) != ("A", "B")))

    assert find_suspects(once).suspects == ()
    assert [each.place for each in find_suspects(once * 3).suspects] == [
        Place(Kind.PAIR, ("A", "B"))
    ]


FLOORS = [
    # setting, precision, recall: of the exact place, over two seeds
    (Setting("roles"), 1, 1),
    (Setting("no culprit", culprits=0), 1, 1),
    (Setting("missing", missing=0.4, unhealthy=6), 1, 1),
    (Setting("hardly tried", missing=0.9), 0.9, 0.9),
    (Setting("all sorts", kinds=(*WHOLE, Kind.BETWEEN), weak=6), 0.95, 0.9),
    (Setting("pairs", kinds=(Kind.PAIR, *ENDS), rounds=3, missing=0.5), 0.9, 0.6),
]


@pytest.mark.parametrize(
    ("setting", "precision", "recall"), FLOORS, ids=[row[0].name for row in FLOORS]
)
def test_culprits_of_sixty_sites_are_found(
    setting: Setting, precision: float, recall: float
) -> None:
    got = trials(setting, range(2))

    assert setting.sites == 60
    assert got.precision >= precision, got
    assert got.recall >= recall, got


def test_the_table_has_settings_of_its_own() -> None:
    assert len({setting.name for setting in SETTINGS}) == len(SETTINGS)
