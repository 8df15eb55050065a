"""What a fresh process loads: the command starts at once, and no role loads another's code."""

import json
import resource
import subprocess
import sys
from typing import NamedTuple

import pytest
from source import REPOSITORY, run_python

from flows.command import COMMANDS

HEAVY = {
    "prefect",
    "great_expectations",
    "numba",
    "dask",
    "distributed",
    "pandas",
    "opendp",
    "numpy",
    "scipy",
    "pyarrow",
    "sqlalchemy",
    "fastapi",
    "httpx",
    "pydantic",
}
ROLES = {"parties", "linkage", "validation"}
CPU_SECONDS = 0.5
LOADED = "import json, sys; {code}; print(json.dumps(sorted({{name.partition('.')[0] for name in sys.modules}})))"
EVERY_MODULE = "import importlib, pkgutil, {0}; [importlib.import_module(found.name) for found in pkgutil.walk_packages({0}.__path__, '{0}.') if 'migrations' not in found.name]"


class Side(NamedTuple):
    """One role's code: its package, its flows, its groups of commands and one of them, and the package it must not load."""

    package: str
    flows: str
    groups: set[str]
    argv: list[str]
    other: str


SIDES = (
    Side(
        "parties",
        "flows.custodian, flows.local_authority, flows.statistics",
        {"party", "keys", "statistics"},
        ["party", "init", "--kind", "police"],
        "linkage",
    ),
    Side("linkage", "flows.linkage_round", {"service", "round"}, ["service", "init"], "parties"),
)


def loaded(code):
    """Return the top-level names that a fresh interpreter has loaded after running `code`."""
    return set(json.loads(run_python("-c", LOADED.format(code=code)).strip().splitlines()[-1]))


def cpu_seconds(*command):
    """Return the processor time that a command takes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_help_takes_under_half_a_second_of_processor_time():
    assert min(cpu_seconds(sys.executable, "-m", "flows.command", "--help") for _ in range(3)) < CPU_SECONDS


def test_help_loads_no_heavy_library_and_no_role():
    names = loaded("from flows.command import main; main(['--help'])")
    assert "cyclopts" in names
    assert names & (HEAVY | ROLES) == set()


@pytest.mark.slow
def test_compiled_loops_are_loaded_only_where_something_is_encoded():
    before = (
        "import parties.submission.prepare, parties.encoding.encode, parties.encoding.peer_schema, flows.custodian, flows.commands.party"
    )
    assert "numba" not in loaded(before)
    assert "numba" in loaded(f"{before}; from parties.encoding.clk import encode_clks; encode_clks([('a', 'b', 'c')], 'A', bytes(32))")


@pytest.mark.parametrize("side", SIDES, ids=lambda side: side.package)
def test_a_role_loads_nothing_of_the_other_role(tmp_path, side):
    targets = sorted({target.partition(":")[0] for path, target, _ in COMMANDS if path[0] in side.groups})
    commands = f"import importlib, {side.flows}; [importlib.import_module(name) for name in {targets}]"
    made = f"from flows.command import main; assert main({[*side.argv, '--dir', str(tmp_path / 'made')]}) == 0"
    names = loaded(f"{commands}; {EVERY_MODULE.format(side.package)}; {made}")
    assert {side.package, "schemas", "flows"} <= names
    assert (tmp_path / "made" / "settings.json").exists()
    assert names & {side.other, "prefect", "great_expectations", "dask", "distributed"} == set()


def test_compiled_code_is_loaded_only_when_a_search_runs():
    names = loaded("import linkage.worker, linkage.api.app, linkage.engines.threads, linkage.search.parts, flows.linking")
    assert {"linkage", "numpy", "pyarrow"} <= names
    assert names & {"numba", "llvmlite", "anonlink", "dask", "distributed"} == set()
