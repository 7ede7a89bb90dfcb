"""Answers with something wrong in them, one module a kind: for faults that are switched on."""
