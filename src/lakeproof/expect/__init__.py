"""The words in which checks say what they require: one module a subject, one class of all."""

from lakeproof.expect.everything import Expect, expect

__all__ = ["Expect", "expect"]
