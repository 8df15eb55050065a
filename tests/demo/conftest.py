"""Let these tests import what they share from beside them; the run that several of them look at."""

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from marked import Marked, mark
from running import Demo, kinlink, run_demo

SMALL = 2_000
MARKED_SEED = 11
CALLS = "trace=openat,open,creat,rename,renameat,renameat2,clone,clone3,fork,vfork"
STRACE = ("strace", "-f", "-y", "-q", "--seccomp-bpf", "-s", "4096", "-e", CALLS, "-o")


@pytest.fixture(scope="session")
def watched_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Marked, Demo, Path | None]:
    """A demo on a small population to which marker people were added, processes of all roles killed on the way; what was opened meanwhile, if strace is there."""
    folder = tmp_path_factory.mktemp("marked")
    kinlink("synth", "--out", str(folder / "written"), "--people", str(SMALL), "--seed", str(MARKED_SEED), "--prevalence", "demo")
    marked = mark(folder / "written")
    calls = folder / "calls" if shutil.which(STRACE[0]) else None
    under = (*STRACE, str(calls)) if calls else ()
    return (
        marked,
        run_demo(folder / "out", "--population", str(folder / "written"), "--chaos", scratch=folder / "scratch", under=under),
        calls,
    )


@pytest.fixture
def marked_run(watched_run: tuple[Marked, Demo, Path | None]) -> tuple[Marked, Demo]:
    """The marker people, and the demo that they were in."""
    return watched_run[:2]
