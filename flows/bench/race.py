"""Runners of one race: by turns, in one process, each lap's CPU time; and whether they all arrive at the same result."""

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import product
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flows.bench.targets import Figure
from validation.progress import Progress, silent

Arrays = tuple[NDArray[Any], ...]
OURS = "kinlink"


@dataclass(frozen=True)
class Runner:
    """One way to do the work. Only `run` is timed: `ready` makes its arguments before each lap, `read` what is compared with the others'."""

    name: str
    work: int
    run: Callable[..., Any]
    read: Callable[[Any], Arrays]
    ready: Callable[[], tuple[Any, ...]] = tuple


@dataclass(frozen=True)
class Pairing:
    """Two runners whose rates are compared, as the figure `name`."""

    name: str
    ours: str
    peer: str


@dataclass(frozen=True)
class Race:
    """Runners on the same data; `unit` is what their work is counted in."""

    unit: str
    runners: Sequence[Runner]
    pairings: Sequence[Pairing]


@dataclass(frozen=True)
class Lap:
    """What one run took."""

    cpu_seconds: float
    wall_seconds: float


@dataclass(frozen=True)
class Raced:
    """A finished race: the laps of each runner in order, and whether every result of every lap was the same."""

    race: Race
    laps: dict[str, list[Lap]]
    equal: bool

    def rates(self, name: str) -> list[float]:
        """Return a runner's work per CPU-second, lap by lap."""
        work = next(runner.work for runner in self.race.runners if runner.name == name)
        return [work / lap.cpu_seconds for lap in self.laps[name]]

    def ratios(self, pairing: Pairing) -> list[float]:
        """Return how many times the peer's rate ours is, lap by lap."""
        return [ours / peer for ours, peer in zip(self.rates(pairing.ours), self.rates(pairing.peer), strict=True)]

    def figures(self) -> list[Figure]:
        """Return the median ratio of each pairing."""
        return [Figure(pairing.name, median(self.ratios(pairing))) for pairing in self.race.pairings]


def run_race(race: Race, repetitions: int, progress: Progress = silent) -> Raced:
    """Run every runner once, then all again, `repetitions` times."""
    laps: dict[str, list[Lap]] = {runner.name: [] for runner in race.runners}
    results: list[Arrays] = []
    equal, stage, total = True, race.pairings[0].name, repetitions * len(race.runners)
    with settled():
        for done, (_, runner) in enumerate(product(range(repetitions), race.runners)):
            progress(stage, done, total)
            lap, result = timed(partial(runner.run, *runner.ready()))
            laps[runner.name].append(lap)
            results = [*results[:1], runner.read(result)]
            equal &= same(results[0], results[-1])
    progress(stage, total, total)
    return Raced(race, laps, equal)


@contextmanager
def settled() -> Iterator[None]:
    """Keep what lives now out of the collector's rounds: data made for the race must slow no runner."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def timed(run: Callable[[], Any], cpu_clock: Callable[[], float] = time.process_time) -> tuple[Lap, Any]:
    """Return what a call takes, and what it returns."""
    cpu, wall = cpu_clock(), time.perf_counter()
    result = run()
    wall_seconds = time.perf_counter() - wall
    return Lap(cpu_clock() - cpu, wall_seconds), result


def same(left: Arrays, right: Arrays) -> bool:
    """Return whether two results are the same, value by value."""
    return len(left) == len(right) and all(np.array_equal(one, other) for one, other in zip(left, right, strict=True))


def scaled(size: int, share: float) -> int:
    """Return a share of a size, never nothing."""
    return max(1, int(size * share))
