"""pytest runs inside these tests too; this is its own plugin for that."""

import pytest

pytest_plugins = "pytester"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--whole-matrix",
        action="store_true",
        dest="whole_matrix",
        help="Try every check of a suite under every fault of that suite (minutes).",
    )
    parser.addoption(
        "--learn-relatives",
        action="store_true",
        dest="learn_relatives",
        help="Write which checks notice which faults into tests/bite/relatives.yaml.",
    )
