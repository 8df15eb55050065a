"""The coverage file: a row for every system and requirement, and every row that works names a module and a test that exist."""

import ast
import functools
from collections import Counter

import pytest
from source import REPOSITORY

from tests.golden.pages import STATUSES, read_coverage

SYSTEMS = {f"S{number:02}" for number in (*range(1, 57), *range(60, 72))}
REQUIREMENTS = {f"R{number:02}" for number in range(1, 64)}
SHOWN = ("works", "simulated adapter")
ROWS, RIGHTS = read_coverage()["rows"], read_coverage()["rights"]


@functools.cache
def names_in(path):
    """Return the names of the tests that a file has."""
    tree = ast.parse((REPOSITORY / path).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def exists(row):
    path, _, name = row["test"].partition("::")
    return (REPOSITORY / row["module"]).is_file() and (REPOSITORY / path).is_file() and name in names_in(path)


def test_every_system_and_requirement_has_one_row():
    assert Counter(row["id"] for row in ROWS) == Counter(SYSTEMS | REQUIREMENTS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_what_works_names_a_module_and_a_test_that_exist_and_what_does_not_says_what_is_missing(row):
    status, _, why = row["status"].partition(", because ")
    assert status in STATUSES
    assert row["name"]
    if status in SHOWN:
        assert exists(row)
    elif status == "out of scope":
        assert why
    else:
        assert row["note"]
        assert not {"module", "test"} & set(row)


@pytest.mark.parametrize("row", RIGHTS, ids=lambda row: row["right"])
def test_every_right_names_what_keeps_it(row):
    assert exists(row)


def test_a_test_that_is_not_there_is_seen():
    assert not exists({**RIGHTS[0], "test": RIGHTS[0]["test"] + "_not"})
    assert not exists({**RIGHTS[0], "module": "parties/nothing.py"})
