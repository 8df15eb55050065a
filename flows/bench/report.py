"""What a benchmark says: one object for machines; rows of a table for people."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Literal

from flows.bench.machine import describe
from flows.bench.race import Pairing, Raced
from flows.bench.series import Series
from flows.bench.targets import Figure, missed, verdict

HEADINGS: dict[str, Literal["left", "right"]] = {
    "figure": "left", "ours": "right", "peer": "left", "peer's": "right", "ratio": "right", "of": "left", "at least": "left",
}  # fmt: skip
SCALES = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


@dataclass
class Report:
    """What was measured so far. `facts` are what else is worth printing; `equal` is whether every result was the peer's."""

    command: str
    share: float = 1.0
    machine: dict[str, Any] = field(default_factory=describe)
    races: list[Raced] = field(default_factory=list)
    others: list[Figure] = field(default_factory=list)
    series: list[Series] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    equal: bool = True

    def add(self, raced: Raced) -> None:
        """Add a race."""
        self.races.append(raced)
        self.equal &= raced.equal

    def figures(self) -> list[Figure]:
        """Return every figure."""
        return [figure for raced in self.races for figure in raced.figures()] + self.others

    def failed(self, *, check: bool) -> bool:
        """Return whether the command ends with exit code 1: results differ, or a target is missed and that was asked."""
        return not self.equal or (check and bool(missed(self.figures())))

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as one object."""
        return {
            "command": self.command,
            "share": self.share,
            "machine": self.machine,
            "equal": self.equal,
            "races": [_race(raced) for raced in self.races],
            "figures": [_figure(figure) for figure in self.figures()],
            "series": [series.as_dict() for series in self.series],
            "facts": self.facts,
            "verdict": verdict(self.figures()),
        }

    def rows(self) -> Iterator[tuple[str, ...]]:
        """Yield the rows of the table under `HEADINGS`: rates are medians per CPU-second."""
        for raced in self.races:
            yield from (_row(raced, pairing) for pairing in raced.race.pairings)

    def lines(self) -> Iterator[str]:
        """Yield what stands below the table."""
        for figure in self.others:
            said = f"not asserted ({figure.not_asserted})" if figure.not_asserted else _held(figure)
            yield f"{figure.name}: {figure.value:.2f}; target {figure.target}: {said}"
        yield from (f"{name}: {value}" for name, value in self.facts.items())
        yield machine_line(self.machine)
        yield "results: equal in every lap" if self.equal else "results: DIFFERENT; none of these figures means anything"


def machine_line(machine: dict[str, Any]) -> str:
    """Return what the figures were measured on and beside."""
    waiting = (
        "" if machine["waiting_percent"] is None else f", something waited for a core {machine['waiting_percent']:g}% of the last 10 s"
    )
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return f"machine before the run: {machine['cores']} cores ({machine['processor']}), load {machine['load']}{waiting}; {versions}"


def short(value: float) -> str:
    """Return a number to three figures with k, M or G."""
    for size, letter in SCALES:
        if value >= size:
            return f"{value / size:.3g} {letter}"
    return f"{value:.3g}"


def _row(raced: Raced, pairing: Pairing) -> tuple[str, ...]:
    ratios = raced.ratios(pairing)
    figure = Figure(pairing.name, median(ratios))
    rate, peer_rate = (short(median(raced.rates(name))) for name in (pairing.ours, pairing.peer))
    target = f"{figure.target.bound:g} {_held(figure)}" if figure.target else ""
    return pairing.name, rate, pairing.peer, peer_rate, f"{figure.value:.1f}", " ".join(f"{ratio:.1f}" for ratio in sorted(ratios)), target


def _held(figure: Figure) -> str:
    return "missed" if figure.missed else "holds"


def _race(raced: Raced) -> dict[str, Any]:
    runners = {
        runner.name: {
            "work": runner.work,
            "cpu_seconds": [round(lap.cpu_seconds, 6) for lap in raced.laps[runner.name]],
            "wall_seconds": [round(lap.wall_seconds, 6) for lap in raced.laps[runner.name]],
            "rate": median(raced.rates(runner.name)),
        }
        for runner in raced.race.runners
    }
    return {"unit": raced.race.unit, "runners": runners, "equal": raced.equal}


def _figure(figure: Figure) -> dict[str, Any]:
    target = figure.target
    bound = {"bound": target.bound, "sense": target.sense} if target else None
    return {"name": figure.name, "value": figure.value, "target": bound, "missed": figure.missed, "not_asserted": figure.not_asserted}
