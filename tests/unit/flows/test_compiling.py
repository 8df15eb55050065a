"""Compiling is said once, and only where something is compiled."""

import subprocess
import sys

import pytest
from numba import njit

from flows.compiling import COMPILING, announced
from flows.warm import warm


def test_compiling_is_said_once():
    said = []
    first, second = njit(lambda number: number + 1), njit(lambda number: number + 2)
    with announced(said.append):
        assert (first(1), second(1)) == (2, 3)
    assert said == [COMPILING]


def test_nothing_is_said_where_nothing_is_compiled_or_after_the_block():
    said = []
    function = njit(lambda number: number * 3)
    with announced(said.append):
        pass
    assert function(2) == 6
    assert said == []


@pytest.mark.slow
def test_after_warming_no_later_process_compiles(tmp_path):
    warm()
    people = "rid,given,surname,dob,postcode,address\na1,Ada,Ash,19850203,CF10 3NP,1 Long Lane\n"
    (tmp_path / "people.csv").write_text(people, encoding="utf-8")
    command = [sys.executable, "-W", "ignore", "-m", "flows.command", "evaluate", "people.csv", "people.csv"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "pairs           1" in done.stdout
    assert COMPILING not in done.stderr
