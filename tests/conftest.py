"""pytest runs inside these tests too; this is its own plugin for that."""

pytest_plugins = "pytester"
