"""Let these tests import what they share from beside them; the runs that several of them look at."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from marked import Marked, mark
from running import Demo, kinlink, run_demo

SMALL = 2_000
MARKED_SEED = 11


@pytest.fixture(scope="session")
def marked_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Marked, Demo]:
    """A demo on a small population to which marker people were added, its service killed twice on the way."""
    folder = tmp_path_factory.mktemp("marked")
    kinlink("synth", "--out", str(folder / "written"), "--people", str(SMALL), "--seed", str(MARKED_SEED), "--prevalence", "demo")
    marked = mark(folder / "written")
    return marked, run_demo(folder / "out", "--population", str(folder / "written"), "--chaos", scratch=folder / "scratch")
