"""Who may import whom: each contract holds, and each was seen to break when it is broken."""

import re
import shutil
import subprocess
import sys
import tomllib
from itertools import product

import pytest
from source import PACKAGES, REPOSITORY

CONTRACTS = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
LAYERS = [layer.split(" | ") for layer in CONTRACTS[0]["layers"]]
UPWARD = [
    (low, high) for at, lower in enumerate(LAYERS) for low, high in product(lower, [name for layer in LAYERS[:at] for name in layer])
] + [("parties", "linkage"), ("linkage", "parties")]
FORBIDDEN = [contract for contract in CONTRACTS if contract["type"] == "forbidden"]


def lint(folder):
    """Run the linter on the code in `folder`; return its exit code and what it said, white space made even."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-cache"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


@pytest.fixture
def copy(tmp_path):
    """A copy of the code, to break."""
    for package in PACKAGES:
        shutil.copytree(REPOSITORY / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    return tmp_path


def plant(folder, importer, imported):
    """Make `importer` import `imported`: a package gets a new module that does, a module a last line; return the importer's name."""
    place = folder.joinpath(*importer.split("."))
    file, name = (place / "planted.py", f"{importer}.planted") if place.is_dir() else (place.with_suffix(".py"), importer)
    with file.open("a", encoding="utf-8") as module:
        module.write(f"\nimport {imported}\n")
    return name


def broken(said, name):
    """Say whether the linter called the contract `name` broken."""
    return f"{name} BROKEN" in said


def test_every_contract_holds():
    code, said = lint(REPOSITORY)
    assert code == 0, said
    assert "0 broken" in said


def test_no_contract_has_an_exception():
    assert not [contract for contract in CONTRACTS if any(key.startswith(("ignore", "unmatched", "allow")) for key in contract)]


def test_the_layers_are_those_of_the_design():
    assert LAYERS == [["flows"], ["parties", "linkage"], ["validation"], ["schemas"]]
    assert len(UPWARD) == 11


def test_an_import_against_the_layers_is_seen(copy):
    planted = [(plant(copy, low, high), high) for low, high in UPWARD]
    code, said = lint(copy)
    assert code == 1
    assert broken(said, CONTRACTS[0]["name"])
    assert [pair for pair in planted if not re.search(rf"{re.escape(pair[0])} -> {pair[1]} \(l\.\d+\)", said)] == []


@pytest.mark.parametrize("contract", FORBIDDEN, ids=lambda contract: contract["name"])
def test_a_forbidden_import_is_seen_from_every_module_it_is_forbidden_to(copy, contract):
    pairs = list(product(contract["source_modules"], contract["forbidden_modules"]))
    planted = [(plant(copy, importer, imported), imported) for importer, imported in pairs]
    code, said = lint(copy)
    assert code == 1
    assert broken(said, contract["name"])
    assert [pair for pair in planted if not re.search(rf"{re.escape(pair[0])} -> {pair[1]} \(l\.[\d, l.]+\)", said)] == []


def test_a_forbidden_import_behind_another_module_is_seen(copy):
    plant(copy, "parties.progress", "pathlib")
    code, said = lint(copy)
    assert code == 1
    assert broken(said, "The pure core does no I/O")
    assert "parties.encoding.encode -> parties.progress" in said
