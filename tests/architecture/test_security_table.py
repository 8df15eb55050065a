"""The table of properties in SECURITY.md: every row names a module and a test that exist."""

import re

import pytest
from source import REPOSITORY

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
