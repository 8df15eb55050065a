"""What a fresh process loads: the command starts at once, and no role loads another's code."""

import json
import resource
import subprocess
import sys

import pytest
from source import REPOSITORY, run_python

from flows.command import COMMANDS

HEAVY = {
    "prefect",
    "great_expectations",
    "numba",
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
PARTY_SIDE = {"party", "keys", "statistics"}
SERVICE_SIDE = {"service", "round"}


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


@pytest.mark.parametrize(("group", "other"), [(PARTY_SIDE, "linkage"), (SERVICE_SIDE, "parties")], ids=["party side", "service side"])
def test_a_roles_commands_load_nothing_of_the_other_role(group, other):
    targets = sorted({target.partition(":")[0] for path, target, _ in COMMANDS if path[0] in group})
    names = loaded(f"import importlib; [importlib.import_module(name) for name in {targets}]")
    assert "flows" in names
    assert other not in names


@pytest.mark.parametrize(
    ("package", "flows", "other"),
    [("parties", "flows.custodian, flows.local_authority, flows.statistics", "linkage"), ("linkage", "flows.linkage_round", "parties")],
)
def test_a_roles_whole_code_loads_nothing_of_the_other_role(package, flows, other):
    names = loaded(f"import {flows}; {EVERY_MODULE.format(package)}")
    assert {package, "schemas"} <= names
    assert other not in names


def test_a_node_is_made_without_the_linkage_service(tmp_path):
    argv = ["party", "init", "--kind", "police", "--dir", str(tmp_path / "force"), "--json"]
    names = loaded(f"from flows.command import main; assert main({argv}) == 0")
    assert "parties" in names
    assert names & {"linkage", "prefect", "great_expectations", "fastapi"} == set()


def test_a_service_is_made_without_a_custodians_code(tmp_path):
    argv = ["service", "init", "--dir", str(tmp_path / "service"), "--json"]
    names = loaded(f"from flows.command import main; assert main({argv}) == 0")
    assert "linkage" in names
    assert names & {"parties", "prefect", "great_expectations", "clkhash"} == set()
