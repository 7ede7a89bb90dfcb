"""pytest runs inside these tests too; this is its own plugin for that."""

import signal

import pytest

# A shell without job control, as in CI, starts what it puts beside itself deaf to Ctrl-C, and that
# is inherited: the runs that these tests interrupt must hear it.
signal.signal(signal.SIGINT, signal.default_int_handler)

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
