"""A founded linkage for all tests of this run, and a copy of it on the test's own database."""

import pytest

from tests.acceptance.round import copy_linkage, found_linkage


@pytest.fixture(scope="session")
def founded(tmp_path_factory):
    return found_linkage(tmp_path_factory.getbasetemp() / "founded")


@pytest.fixture
def linkage(founded, tmp_path, database_url):
    """A linkage whose custodians have encoded and whose service runs; no round is open."""
    with copy_linkage(founded, tmp_path / "nodes", database_url) as running:
        yield running
