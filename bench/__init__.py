"""Measures lakeproof, and compares it with others; no part of the installed package."""
