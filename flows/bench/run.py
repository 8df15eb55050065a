"""The three benchmarks, from invented people to a report. Each is a row of a table: what it makes, races and grows."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Literal

from flows.bench import diffuse, encode, match
from flows.bench.large import LEFT, ROWS, search_large
from flows.bench.machine import why_no_wall_time
from flows.bench.people import Sides, popcounts
from flows.bench.race import OURS, Race, Raced, run_race
from flows.bench.report import Report, short
from flows.bench.scaling import against_records, against_workers, figures, with_workers
from flows.bench.targets import Figure
from validation.progress import Progress

GIBIBYTE = 1024**3
Command = Literal["encode", "diffuse", "match"]


@dataclass(frozen=True)
class Terms:
    """How a benchmark is run: `share` is of every size, `rows` is the larger side of the one that is searched from a file in `scratch`."""

    repetitions: int
    seed: int
    share: float
    progress: Progress
    scale: bool = False
    scratch: Path | None = None
    rows: int = ROWS


@dataclass(frozen=True)
class Bench:
    """One benchmark: what is made of (seed, share), and the races on what was made, as they are due."""

    make: Callable[[int, float], Any]
    races: Callable[[Any, float], Iterator[Race]]
    growth: Callable[[Any, float], Iterator[tuple[int, Race]]]
    across: str


BENCHES: Mapping[Command, Bench] = {
    "encode": Bench(encode.made_people, encode.races, encode.growth, "people, three filters each"),
    "diffuse": Bench(diffuse.made_filters, diffuse.races, diffuse.growth, "filters"),
    "match": Bench(match.made_sides, match.races, match.growth, "filters of the larger side"),
}


def run(command: Command, terms: Terms) -> Report:
    """Run one benchmark.

    Raises:
        ConfigurationError: there is no room for the file of the large search.
    """
    bench, report = BENCHES[command], Report(command, terms.share)
    if command == "match" and terms.scale:
        _search_large(report, terms)  # first: what the others leave in memory would count
    terms.progress("invented people", 0, 1)
    made = bench.make(terms.seed, terms.share)
    terms.progress("invented people", 1, 1)
    for race in bench.races(made, terms.share):
        report.add(run_race(race, terms.repetitions, terms.progress))
    if command == "match":
        report.facts |= _filters(made) | _limits(report.races)
    if terms.scale:
        _grow(bench, made, report, terms)
    if command == "match" and terms.scale:
        _share_out(made, report, terms)
    return report


def _grow(bench: Bench, made: Any, report: Report, terms: Terms) -> None:
    raced = [(size, run_race(race, 1, terms.progress)) for size, race in bench.growth(made, terms.share)]
    report.series.append(against_records(f"{report.command}: time against records", bench.across, raced))
    for _, one in raced:
        report.add(one)


def _share_out(made: Sides, report: Report, terms: Terms) -> None:
    busy = why_no_wall_time()
    crewed = with_workers(*made.diffused, repetitions=terms.repetitions, progress=terms.progress)
    report.series.append(against_workers(crewed, busy))
    report.others += figures(crewed[0], busy)
    report.equal &= all(one.equal for one in crewed)


def _search_large(report: Report, terms: Terms) -> None:
    done = search_large(terms.rows, scratch=terms.scratch, seed=terms.seed, progress=terms.progress)
    report.equal &= done.equal
    report.facts[f"{LEFT} x {terms.rows:,}"] = (
        f"{done.lap.wall_seconds:.1f} s, {done.lap.cpu_seconds:.1f} CPU-s, {short(done.rate)} comparisons per CPU-second; "
        f"{'the planted pairs found, and no other' if done.equal else 'NOT the planted pairs'}"
    )
    if done.memory:
        fewer = "" if terms.rows == ROWS else "another number of rows"
        report.others.append(Figure("300 x 20,000,000, mapped memory of filters", done.memory.mapped / done.size_bytes, fewer))
        report.others.append(Figure("300 x 20,000,000, private memory in GiB", done.memory.private / GIBIBYTE, fewer))


def _filters(made: Sides) -> dict[str, str]:
    said = {"plain": popcounts(made.plain[1]), "diffused": popcounts(made.diffused[1])}
    return {f"bits set in a {kind} filter": f"{mean:.1f}, standard deviation {spread:.1f}" for kind, (mean, spread) in said.items()}


def _limits(races: list[Raced]) -> dict[str, str]:
    shares = (f"{raced.race.pairings[0].name}: {median(raced.rates(OURS)) / match.POPCOUNT_LIMIT:.0%}" for raced in races)
    return {f"share of {short(match.POPCOUNT_LIMIT)}/s, what a full popcount at 2.1 GHz could reach": "; ".join(shares)}
