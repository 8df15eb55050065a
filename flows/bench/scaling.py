"""How the time grows with the records, and falls with the workers."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from itertools import product
from statistics import median

import numpy as np

from flows.bench.match import DIFFUSED_CUT, read_ours
from flows.bench.people import Filters
from flows.bench.race import Lap, Raced, same, timed
from flows.bench.series import IDEAL, Line, Series
from flows.bench.targets import Figure
from linkage.engines.cluster import DaskEngine
from linkage.engines.threads import ThreadsEngine
from linkage.search.engine import Engine
from linkage.search.parts import PART_ROWS
from validation.progress import Progress

WORKERS = (1, 2)
FIRST_PARTS = 2 * max(WORKERS)
AGAIN = 12  # the smaller side so many times over: what Dask takes for itself is then little beside comparing


@dataclass(frozen=True)
class Crew:
    """Some workers of one kind; `cpu_seconds` is the processor time of all that takes part."""

    engine: Engine
    cpu_seconds: Callable[[], float]


Hire = Callable[[ExitStack, int], Crew]


@dataclass(frozen=True)
class Crewed:
    """The laps of one kind by number of workers, and whether all gave the same pairs."""

    kind: str
    laps: Mapping[int, Sequence[Lap]]
    equal: bool

    def wall(self) -> Line:
        """Return the median wall time by number of workers."""
        return Line(self.kind, [(count, median(lap.wall_seconds for lap in laps)) for count, laps in self.laps.items()])

    def ratios(self) -> tuple[float, float]:
        """Return CPU time and wall time of two workers as shares of one's: medians over the repetitions."""
        pairs = list(zip(*(self.laps[count] for count in WORKERS), strict=True))
        return median(two.cpu_seconds / one.cpu_seconds for one, two in pairs), median(
            two.wall_seconds / one.wall_seconds for one, two in pairs
        )


def against_records(title: str, unit: str, raced: Sequence[tuple[int, Raced]]) -> Series:
    """Return the CPU seconds of every runner against the number of records."""
    names = [runner.name for runner in raced[0][1].race.runners]
    lines = [Line(name, [(records, median(lap.cpu_seconds for lap in one.laps[name])) for records, one in raced]) for name in names]
    return Series(title, unit, "CPU seconds", lines)


def with_workers(left: Filters, right: Filters, *, repetitions: int, progress: Progress) -> list[Crewed]:
    """Search with one and two Dask workers, then with one and two threads."""
    many = np.tile(left, (AGAIN, 1))
    kinds = (("Dask workers", dask), ("threads", threads))
    return [run_crews(kind, hire, many, right, repetitions=repetitions, progress=progress) for kind, hire in kinds]


def against_workers(crewed: Sequence[Crewed], busy: str) -> Series:
    """Return the wall time of each kind against the number of workers, and what threads would take that share all work."""
    lines = [one.wall() for one in crewed]
    alone = lines[-1].points[0][1]
    ideal = Line(IDEAL, [(count, alone / count) for count in WORKERS])
    return Series(f"time against workers{f' ({busy})' if busy else ''}", "workers", "wall seconds", [*lines, ideal], logarithmic=False)


def figures(dask_workers: Crewed, busy: str) -> list[Figure]:
    """Return what two Dask workers take of one's time; wall time counts only where nothing makes the machine `busy`."""
    cpu, wall = dask_workers.ratios()
    return [Figure("two Dask workers, CPU of one", cpu), Figure("two Dask workers, time of one", wall, busy)]


def run_crews(kind: str, hire: Hire, left: Filters, right: Filters, *, repetitions: int, progress: Progress) -> Crewed:
    """Search with each number of workers by turns, `repetitions` times."""
    laps: dict[int, list[Lap]] = {count: [] for count in WORKERS}
    results, total = [], repetitions * len(WORKERS)
    with ExitStack() as hired:
        crews = {count: hire(hired, count) for count in WORKERS}
        for crew in crews.values():  # every worker loads the kernel
            crew.engine.candidate_pairs(left[:1], right[: FIRST_PARTS * PART_ROWS], cut=DIFFUSED_CUT)
        for done, (_, (count, crew)) in enumerate(product(range(repetitions), crews.items())):
            progress(kind, done, total)
            lap, pairs = timed(partial(crew.engine.candidate_pairs, left, right, cut=DIFFUSED_CUT), crew.cpu_seconds)
            laps[count].append(lap)
            results.append(read_ours(pairs))
    progress(kind, total, total)
    return Crewed(kind, laps, all(same(results[0], result) for result in results))


def threads(_hired: ExitStack, count: int) -> Crew:
    """Return threads of this process."""
    return Crew(ThreadsEngine(threads=count), time.process_time)


def dask(hired: ExitStack, count: int) -> Crew:
    """Return a Dask cluster on this machine, which ends with `hired`."""
    engine = hired.enter_context(closing(DaskEngine(workers=count)))
    return Crew(engine, lambda: time.process_time() + engine.cpu_seconds())
