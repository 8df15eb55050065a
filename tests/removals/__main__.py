"""Take each protection away in a copy of the repository, and run the tests that must then fail.

    python -m tests.removals                  every row of SECURITY.md; some minutes, the rows that need a demo last
    python -m tests.removals --only receipt   the rows whose words have this in them
    python -m tests.removals --without-demo   all but those that need a demo

First all those tests run with nothing taken away: what fails anyway proves nothing. Ends with 1 where a test did not fail.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from shutil import copy2

from tests.removals.table import REMOVALS, Removal

REPOSITORY = Path(__file__).parents[2]
AT_ONCE = 2
TESTS_PASSED, TESTS_FAILED = 0, 1  # as pytest says it; anything else is no answer


def main(arguments: Sequence[str]) -> int:
    """Run what was asked for; return the exit code."""
    wanted = _wanted(arguments)
    with tempfile.TemporaryDirectory(prefix="removals-") as folder:
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(AT_ONCE):
            copies.put(_copy(Path(folder) / str(number)))
        first = copies.get()
        tests = sorted({test for removal in wanted for test in removal.tests})
        if _run(first, tests, "-n", str(AT_ONCE), "--dist", "loadfile") != TESTS_PASSED:
            print("tests fail with nothing taken away; mend them first")
            return 1
        copies.put(first)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            survivors = [removal for removal in pool.map(lambda removal: _survives(removal, copies), wanted) if removal]
    print(f"{len(wanted) - len(survivors)} of {len(wanted)} protections are missed when they are taken away")
    return 1 if survivors else 0


def _wanted(arguments: Sequence[str]) -> list[Removal]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="rows whose words have this in them")
    parser.add_argument("--without-demo", action="store_true", help="leave out what needs a demo")
    asked = parser.parse_args(arguments)
    found = [removal for removal in REMOVALS if asked.only.casefold() in removal.row.casefold()]
    return sorted((removal for removal in found if not (asked.without_demo and removal.needs_demo)), key=lambda removal: removal.needs_demo)


def _survives(removal: Removal, copies: "SimpleQueue[Path]") -> Removal | None:
    """Take one protection away; return it where its tests do not fail."""
    copy = copies.get()
    file = copy / removal.file
    whole = file.read_text(encoding="utf-8")
    try:
        file.write_text(removal.taken_from(whole), encoding="utf-8")
        code = _run(copy, removal.tests, "--exitfirst")
    finally:
        file.write_text(whole, encoding="utf-8")
        copies.put(copy)
    print(f"{'fails' if code == TESTS_FAILED else f'PASSES ({code})'}  {removal.row}  {removal.file}", flush=True)
    return None if code == TESTS_FAILED else removal


def _copy(to: Path) -> Path:
    names = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        target = to / name
        target.parent.mkdir(parents=True, exist_ok=True)
        copy2(REPOSITORY / name, target)
    return to


def _run(copy: Path, tests: Sequence[str], *options: str) -> int:
    """Run tests on a copy; a module is compiled anew each time, for two versions of one may be of the same second and size."""
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-p", "no:randomly", *options, *(f"tests/{test}" for test in tests)]
    done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
    if done.returncode not in {TESTS_PASSED, TESTS_FAILED} or (options[0] == "-n" and done.returncode):
        print(done.stdout[-3_000:], done.stderr[-1_000:], flush=True)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
