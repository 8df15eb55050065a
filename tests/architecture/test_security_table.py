"""The table of properties in SECURITY.md: every row names a module and a test that exist."""

import re

import pytest
from source import REPOSITORY

from tests.removals.table import REMOVALS

NAME = re.compile(r"`([^`]+)`")


def rows():
    """Return the cells of every row of the table of properties."""
    text = (REPOSITORY / "SECURITY.md").read_text(encoding="utf-8")
    table = text.partition("| property | held by | enforced by |\n|---|---|---|\n")[2].partition("\n\n")[0]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))] for line in table.splitlines()]


def in_full(names, root=""):
    """Return names as paths; one without a folder lies where the one before it does."""
    folder = root
    for name in names:
        folder = f"{name.rpartition('/')[0]}" if "/" in name else folder
        yield f"{folder}/{name.rpartition('/')[2]}" if folder else name


def test_there_is_a_table():
    assert len(rows()) > 40
    assert {len(row) for row in rows()} == {3}


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0][:60])
def test_every_property_names_modules_and_tests_that_exist(row):
    _, held, enforced = row
    modules, tests = list(in_full(NAME.findall(held))), list(in_full(NAME.findall(enforced)))
    assert modules
    assert tests
    assert [name for name in modules if not (REPOSITORY / name).exists()] == []
    assert [name for name in tests if not (REPOSITORY / "tests" / name).is_file()] == []


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0][:60])
def test_every_property_has_a_protection_that_can_be_taken_away_and_tests_of_its_own_that_then_fail(row):
    prop, _, enforced = row
    found = [removal for removal in REMOVALS if prop.startswith(removal.row)]
    assert len(found) == 1
    assert found[0].tests
    assert set(found[0].tests) <= set(in_full(NAME.findall(enforced)))
    assert found[0].taken_from((REPOSITORY / found[0].file).read_text(encoding="utf-8"))


def test_nothing_else_is_taken_away():
    assert len(REMOVALS) == len(rows())
