"""The founded linkage of the acceptance tests, for tests of what gets out of it."""

from tests.acceptance.conftest import closed, founded, linkage

__all__ = ["closed", "founded", "linkage"]
