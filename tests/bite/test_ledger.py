"""The ledgers are complete and hold nothing that has become wrong."""

from __future__ import annotations

from lakeproof import tree
from lakeproof.emulator import catalogue
from lakeproof.verdict import Level
from tests.bite.ledger import load

CHECKS = {check.id: check for check in tree.load_checks()}
CAUGHT = {fault for check in CHECKS.values() for fault in check.catches}
FEWEST_FAULTS = 120


def test_every_check_names_faults_that_exist() -> None:
    unknown = {c.id: sorted(c.catches - catalogue().keys()) for c in CHECKS.values()}
    assert not {name: faults for name, faults in unknown.items() if faults}


def test_there_are_enough_faults() -> None:
    assert len(catalogue()) >= FEWEST_FAULTS


def test_every_fault_is_caught_or_waits_for_a_named_suite() -> None:
    waiting = load("waiting")
    listed = {fault for faults in waiting.values() for fault in faults} | load("elsewhere").keys()

    assert sorted(catalogue().keys() - CAUGHT - listed) == [], "caught by no check"
    assert sorted(listed & CAUGHT) == [], "no longer waiting: take them off the list"
    assert sorted(listed - catalogue().keys()) == [], "no such fault"


def test_what_is_proven_elsewhere_names_the_test() -> None:
    for fault, proof in load("elsewhere").items():
        path, _, function = proof.partition("::")
        text = (tree.root() / path).read_text()
        _, found, body = text.partition(f"def {function}(")
        assert found, proof
        assert f'"{fault}"' in body.partition("\ndef ")[0], proof


def test_only_recommendations_have_exceptions() -> None:
    for check_id, dialects in load("nonstrict").items():
        assert CHECKS[check_id].level is not Level.MUST, check_id
        assert all(reason.endswith(".") for reason in dialects.values()), check_id
