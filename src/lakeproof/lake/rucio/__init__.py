"""Rucio as part of a lake: its environment, its database, its server and its daemons."""
