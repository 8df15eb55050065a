"""`kinlink statistics bench`: errors, coverage, noise and cost of published counts, as figures with targets."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from statistics import mean
from typing import Any

from flows.bench.counts import CAP, MICRO_RHO, TABLES, Outcome, compare, invented, measured
from flows.bench.linkage_error import CASES, coverage
from flows.bench.noise import CONTROL_SCALE, SCALES, WEAKER, empirical_epsilon, fit, rounded_normal, sampled
from flows.bench.released import release
from flows.bench.targets import Figure, verdict
from linkage.disclosure.measuring import scales_of, total_cost
from linkage.disclosure.strategy import EIGHT_QUERIES
from validation.disclosure.noise import DELTA, epsilons

PLACES = (330, 175)
ENOUGH = 20  # repetitions; below, an error measured on few values may miss its target by chance
EXACT = ("nation", "region")  # few values a repetition: held to least squares' exact deviation, printed beside what was measured
FEW_VALUES = ("nation", "nation x age", "country", "country x age")  # a repetition; their coverage wants thousands
ROUNDS = 4_000  # of each case: a coverage of 95 % is then known to .7 %
ATTACKS = 20_000


@dataclass
class Publishing:
    """What a run found."""

    outcomes: list[Outcome] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as one object."""
        return {
            "errors": {
                outcome.places: {name: _rounded(errors.rmse) for name, errors in outcome.methods.items()} for outcome in self.outcomes
            },
            "exact_deviation": {outcome.places: outcome.exact_deviation for outcome in self.outcomes},
            "figures": [
                {"name": item.name, "value": item.value, "target": str(item.target or ""), "missed": item.missed} for item in self.figures
            ],
            "verdict": verdict(self.figures),
        }


def run(*, repetitions: int, draws: int, seed: int, tell: Callable[[str, int, int], None]) -> Publishing:
    """Measure everything; `tell` hears of a stage, what is done of it, and of how much."""
    found = Publishing()
    for places in PLACES:
        stage = f"{places} authorities"
        found.outcomes.append(compare(places, seed=seed, repetitions=repetitions, tell=partial(_told, tell, stage, repetitions)))
        found.figures += _errors(found.outcomes[-1], "" if repetitions >= ENOUGH else "few repetitions")
    found.figures += _released(seed, repetitions, tell)
    found.figures += _linkage_error(seed, tell)
    found.figures += [*_noise(draws, tell), *_accounting(seed)]
    return found


def _told(tell: Callable[[str, int, int], None], stage: str, whole: int, done: int) -> None:
    tell(stage, done, whole)


def _errors(outcome: Outcome, few: str) -> Iterator[Figure]:
    places, ours = outcome.places, outcome.methods["kinlink"]
    for table in TABLES:
        error = outcome.exact_deviation[table] if table in EXACT else ours.rmse(table)
        yield Figure(f"{places}: error of {table}", error, "" if table in EXACT else few)
    for peer in ("independent noise", "plain top-down"):
        for table in ("nation", "authority", "authority x age", "detail"):
            ratio = ours.rmse(table) / outcome.methods[peer].rmse(table)
            yield Figure(f"{places}: {table}, of {peer}", ratio, few)
    covered = [mean(shares) for table, shares in outcome.covered.items() if table not in ("nation", "nation x age x sex")]
    yield Figure(f"{places}: least coverage of 95 % intervals", min(covered), few)
    yield Figure(f"{places}: tables that add up", mean(outcome.held))
    yield Figure(f"{places}: seconds a release", sorted(ours.seconds)[len(ours.seconds) // 2])


def _released(seed: int, repetitions: int, tell: Callable[[str, int, int], None]) -> Iterator[Figure]:
    few = "" if repetitions >= ENOUGH else "few repetitions"
    found = release(seed=seed, repetitions=repetitions, tell=partial(_told, tell, "a round's table", repetitions))
    for table, error in found.rmse.items():
        yield Figure(f"a round's table: error of {table}", error, few)
    shares = [share for table, share in found.covered.items() if table not in FEW_VALUES]
    yield Figure("a round's table: least coverage of 95 % intervals", min(shares), few)


def _linkage_error(seed: int, tell: Callable[[str, int, int], None]) -> Iterator[Figure]:
    found = coverage(seed=seed, repetitions=ROUNDS, tell=partial(_told, tell, "linkage error", len(CASES)))
    yield Figure("linkage error: least coverage of 95 % intervals", min(found.total))
    yield Figure("linkage error: most coverage of 95 % intervals", max(found.total))
    yield Figure("linkage error: coverage for noise alone, at most", max(found.noise_alone))


def _noise(draws: int, tell: Callable[[str, int, int], None]) -> Iterator[Figure]:
    fits = []
    for done, scale in enumerate(SCALES, start=1):
        fits.append(fit(sampled, scale, draws))
        tell("noise", done, len(SCALES))
    yield Figure("noise: least p of four scales", min(fits))
    yield Figure("noise: p of the control", fit(rounded_normal, CONTROL_SCALE, draws))
    claim = epsilons(scales_of(EIGHT_QUERIES, cap=CAP, micro_rho=MICRO_RHO), CAP)[DELTA] / 1_000
    yield Figure("attack: proven epsilon, of the claim", empirical_epsilon(CAP, MICRO_RHO, ATTACKS) / claim)
    yield Figure("attack: the same with an eighth of the noise", empirical_epsilon(CAP, MICRO_RHO, ATTACKS, weaker=WEAKER) / claim)


def _accounting(seed: int) -> Iterator[Figure]:
    domain, cells = invented(PLACES[1], seed)
    cost = total_cost([item.scale for item in measured(cells, domain, EIGHT_QUERIES)], CAP)
    yield Figure("cost of eight queries, of what was granted", cost / MICRO_RHO)


def _rounded(rmse: Callable[[str], float]) -> dict[str, float]:
    return {table: round(rmse(table), 2) for table in TABLES}
