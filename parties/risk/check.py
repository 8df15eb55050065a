"""Measure and attack a custodian's own filters, and where they fail, try what the parties could agree on instead. Pure, given the keys."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from parties.encoding.keystream import Keystream
from parties.encoding.rows import PersonRows
from parties.keys.derive import derive
from parties.risk.attacked import Strength, Target
from parties.risk.attacks import Name, Outcome, attack
from parties.risk.limits import RANGES, verdict_of_attack, verdict_of_measure, worst
from parties.risk.measures import ENOUGH, Measures, of_filters, people_encoded
from parties.risk.report import Attacked, Measured, OfProjection, Proposal
from parties.risk.samples import dense_order, values_of
from schemas.agreement import PROJECTIONS, Projection
from schemas.encoding_set import Population
from validation.progress import Progress

MADE: Final[tuple[Name, ...]] = ("graph", "fifty_seeds", "known_100", "known_1000", "dense_graph", "dense_fifty_seeds")
INSTEAD: Final = (Strength(11), Strength(13), Strength(13, 1_333))  # tried in this order; more bits cost most recall


@dataclass(frozen=True, repr=False)
class Checking:
    """One self-check: whose filters, how strong, the bars, and keys to be thrown away. Shows nothing in `repr`."""

    populations: Mapping[Population, PersonRows]
    strength: Strength
    bars: Mapping[Name, float]
    key: bytes
    own_key: bytes

    @cached_property
    def _dense(self) -> dict[Population, list[int]]:
        return {population: dense_order(rows) for population, rows in self.populations.items()}

    def projections(self, progress: Progress) -> Iterator[OfProjection]:
        """Yield what is found of each projection of each population."""
        places: list[tuple[Population, Projection]] = [(population, name) for population in self.populations for name in PROJECTIONS]
        steps = len(MADE) + 1
        for done, place in enumerate(places):
            shown = measured(self._measure(*place))
            attacks = dict[Name, Attacked]()
            for number, name in enumerate(MADE, start=1):
                attacks[name] = self._attack(name, place, self.strength)
                progress("attack", done * steps + number, len(places) * steps)
            yield OfProjection(population=place[0], projection=place[1], measures=shown, attacks=attacks)
        progress("attack", len(places) * steps, len(places) * steps)

    def proposals(self, found: Sequence[OfProjection], progress: Progress) -> Iterator[Proposal]:
        """Yield stronger encodings with what the attacks that failed read then, up to the first that none of them fails."""
        failed = {name: _most_read(name, found) for name in MADE if any(one.attacks[name].verdict == "FAIL" for one in found)}
        for number, strength in enumerate(INSTEAD if failed else (), start=1):
            attacks = {name: self._attack(name, place, strength) for name, place in failed.items()}
            progress("try stronger encodings", number, len(INSTEAD))
            verdict = worst([one.verdict for one in attacks.values()])
            yield Proposal(diffusion=strength.diffusion, bits_per_mille=strength.bits_per_mille, attacks=attacks, verdict=verdict)
            if verdict != "FAIL":
                return

    def _measure(self, population: Population, projection: Projection) -> Measures:
        rows = self.populations[population]
        values = list(values_of(rows, projection).values())
        shown = people_encoded(len(values), len(rows.people()))
        if len(values) < ENOUGH:
            return shown
        clks = self._target((population, projection), self.strength).filters(values)
        return {**shown, **of_filters(clks, values, self._stream(population, projection, "measures"))}

    def _attack(self, name: Name, place: tuple[Population, Projection], strength: Strength) -> Attacked:
        values = values_of(self.populations[place[0]], place[1])
        outcome = attack(name, self._target(place, strength), values, self._dense[place[0]], self._stream(*place, name))
        return _attacked(outcome, self.bars[name])

    def _stream(self, *use: str) -> Keystream:
        return Keystream(derive(self.key, "samples", *use))

    def _target(self, place: tuple[Population, Projection], strength: Strength) -> Target:
        return Target(*place, strength, self.key, self.own_key)

    def __repr__(self) -> str:
        """Show nothing."""
        return "Checking(…)"


def measured(values: Measures) -> dict[str, Measured]:
    """Return figures beside their limits."""
    return {name: _measured(name, value) for name, value in values.items()}


def _measured(name: str, value: float | None) -> Measured:
    return Measured(value=value, low=RANGES[name].low, high=RANGES[name].high, verdict=verdict_of_measure(name, value))


def _attacked(outcome: Outcome, bar: float) -> Attacked:
    return Attacked(
        read=round(outcome.share, 4),
        lower_95=round(outcome.lower_95, 4),
        upper_95=round(outcome.upper_95, 4),
        asked=outcome.asked,
        bar=bar,
        verdict=verdict_of_attack(outcome, bar),
    )


def _most_read(name: Name, found: Sequence[OfProjection]) -> tuple[Population, Projection]:
    most = max(found, key=lambda one: one.attacks[name].read)
    return most.population, most.projection
