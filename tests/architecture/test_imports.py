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


def lint(folder):
    """Run the linter on the code in `folder`; return its exit code and what it said, white space made even."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-cache"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def copy(folder):
    """Copy the code into `folder`, to break it there."""
    for package in PACKAGES:
        shutil.copytree(REPOSITORY / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "pyproject.toml", folder)


def plant(folder, importer, imported, name="planted"):
    """Make `importer` import `imported`: a package gets a new module that does, a module a last line; return the importer's name."""
    place = folder.joinpath(*importer.split("."))
    file, planted = (place / f"{name}.py", f"{importer}.{name}") if place.is_dir() else (place.with_suffix(".py"), importer)
    with file.open("a", encoding="utf-8") as module:
        module.write(f"\nimport {imported}\n")
    return planted


def forbidden(contract):
    """Return every import that a contract forbids: importer, imported."""
    return UPWARD if contract["type"] == "layers" else list(product(contract["source_modules"], contract["forbidden_modules"]))


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """A copy in which every contract is broken in every way it can be: what was planted for each, and what the linter said."""
    folder = tmp_path_factory.mktemp("broken")
    copy(folder)
    planted = {
        contract["name"]: [(plant(folder, importer, imported, f"planted_{number}"), imported) for importer, imported in forbidden(contract)]
        for number, contract in enumerate(CONTRACTS)
    }
    return planted, *lint(folder)


def test_every_contract_holds():
    code, said = lint(REPOSITORY)
    assert code == 0, said
    assert f"Contracts: {len(CONTRACTS)} kept, 0 broken." in said


def test_no_contract_has_an_exception():
    assert not [contract for contract in CONTRACTS if any(key.startswith(("ignore", "unmatched", "allow")) for key in contract)]


def test_the_layers_are_those_of_the_design():
    assert LAYERS == [["flows"], ["parties", "linkage"], ["validation"], ["schemas"]]
    assert len(UPWARD) == 11


@pytest.mark.parametrize("name", [contract["name"] for contract in CONTRACTS])
def test_every_import_that_a_contract_forbids_is_seen(broken, name):
    planted, code, said = broken
    assert code == 1
    assert f"{name} BROKEN" in said
    assert [pair for pair in planted[name] if not re.search(rf"{re.escape(pair[0])} -> {pair[1]} \((l\.\d+(, )?)+\)", said)] == []


def test_a_forbidden_import_behind_another_module_is_seen(tmp_path):
    copy(tmp_path)
    plant(tmp_path, "validation.progress", "pathlib")
    code, said = lint(tmp_path)
    assert code == 1
    assert "The pure core does no I/O BROKEN" in said
    assert "parties.encoding.encode -> validation.progress" in said
