"""A founded linkage for all tests of this run, and copies of it on the test's own database."""

import pytest

from tests.acceptance.round import copy_closed, copy_collected, copy_linkage, found_linkage


@pytest.fixture(scope="session")
def founded(tmp_path_factory):
    return found_linkage(tmp_path_factory.getbasetemp() / "founded")


@pytest.fixture
def linkage(founded, tmp_path, migrated_url):
    """A linkage whose custodians have encoded and whose service runs; no round is open."""
    with copy_linkage(founded, tmp_path / "nodes", migrated_url) as running:
        yield running


@pytest.fixture
def closed(founded, tmp_path, migrated_url):
    """A linkage whose round is closed, with every custodian's submission, and whose service runs."""
    with copy_closed(founded, tmp_path / "nodes", migrated_url) as running:
        yield running


@pytest.fixture
def collected(founded, tmp_path, migrated_url):
    """A linkage whose round was released, whose every authority has collected, and whose service runs."""
    with copy_collected(founded, tmp_path / "nodes", migrated_url) as running:
        yield running
