"""What is installed: nobody else's package has our names, the lock pins by hash and names no host, the wheel holds what it needs."""

import importlib.util
import re
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from source import PACKAGES, REPOSITORY, run_python

LOCK = (REPOSITORY / "requirements.lock").read_text(encoding="utf-8")
BUILD = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The names in a wheel of the repository."""
    folder = tmp_path_factory.mktemp("wheel")
    name = run_python("-c", BUILD, str(folder)).strip().splitlines()[-1]
    with zipfile.ZipFile(folder / name) as archive:
        return archive.namelist()


def test_nobody_elses_distribution_provides_our_names():
    provided = packages_distributions()
    assert {name: provided[name] for name in PACKAGES if set(provided.get(name, ())) - {"kinlink"}} == {}
    assert all(Path(importlib.util.find_spec(name).origin).is_relative_to(REPOSITORY) for name in PACKAGES)


def test_every_pinned_requirement_has_a_hash():
    requirements = re.split(r"\n(?=\S)", LOCK.strip())
    assert len(requirements) > 100
    assert [
        text for text in requirements if not re.match(r"[A-Za-z0-9._-]+(\[[a-z0-9,-]+\])?==\S+", text) or "--hash=sha256:" not in text
    ] == []


def test_the_lock_names_no_host():
    assert "://" not in LOCK
    assert "--index" not in LOCK


def test_the_wheel_holds_our_packages_and_nothing_else(wheel):
    assert {name.partition("/")[0] for name in wheel} == {*PACKAGES, "kinlink-0.1.0.dist-info"}


def test_the_wheel_holds_every_module_migration_and_table(wheel):
    sources = {
        path.relative_to(REPOSITORY).as_posix()
        for package in PACKAGES
        for path in (REPOSITORY / package).rglob("*")
        if path.suffix in {".py", ".json", ".csv", ".html"}
    }
    assert {name for name in wheel if not name.startswith("kinlink-")} >= sources
    assert {
        "linkage/store/migrations/env.py",
        "parties/store/migrations/env.py",
        "schemas/linkage/evidence.json",
        "schemas/linkage/A.json",
    } <= sources
