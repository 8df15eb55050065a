"""The founded linkage of the acceptance tests, for tests of what gets out of it."""

from tests.acceptance.conftest import founded, linkage

__all__ = ["founded", "linkage"]
