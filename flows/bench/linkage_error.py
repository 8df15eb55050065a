"""How often intervals that count noise, false links and missed links hold the truth, beside intervals for noise alone. On invented rounds."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import mean
from typing import NamedTuple

from flows.bench.counts import CAP, MICRO_RHO
from linkage.disclosure.measuring import half_width as half_of_noise
from linkage.disclosure.measuring import scales_of
from linkage.disclosure.places import SIX_QUERIES
from parties.publication.corrected import estimate, half_width
from parties.publication.evidence import Sample
from validation.disclosure.noise import draw
from validation.synthetic.linked import linked_rounds


class Case(NamedTuple):
    """An invented round: how many children there are, how good its links are, how large the samples of evidence."""

    children: int
    precision: float
    recall: float
    sample: int


CASES = (Case(190_000, 0.97, 0.9, 1_000), Case(190_000, 0.97, 0.9, 4_000), Case(190_000, 0.99, 0.95, 4_000), Case(9_000, 0.98, 0.85, 400))


@dataclass(frozen=True)
class Coverage:
    """Of each case: the share of rounds whose interval held the truth, with all that is uncertain and for noise alone."""

    total: list[float]
    noise_alone: list[float]


def coverage(*, seed: int, repetitions: int, tell: Callable[[int], None]) -> Coverage:
    """Count, review and correct each invented round `repetitions` times; `tell` hears of each case. Noise is the system's own."""
    scale = scales_of(SIX_QUERIES, cap=CAP, micro_rho=MICRO_RHO)[0]
    total, alone = [], []
    for number, case in enumerate(CASES):
        rounds = linked_rounds(
            case.children, precision=case.precision, recall=case.recall, sample=case.sample, rounds=repetitions, seed=seed + number
        )
        noised = draw(rounds.linked.tolist(), scale)
        held = [_held(case, scale, *counted) for counted in zip(noised, rounds.right.tolist(), rounds.found.tolist(), strict=True)]
        total.append(mean(one for one, _ in held))
        alone.append(mean(one for _, one in held))
        tell(number + 1)
    return Coverage(total, alone)


def _held(case: Case, scale: float, linked: int, right: int, found: int) -> tuple[bool, bool]:
    evidence = Sample(reviewed=case.sample, right=right, known=case.sample, linked=found)
    value, variances = estimate(linked, scale, evidence)
    return abs(case.children - value) <= half_width(variances), abs(case.children - linked) <= half_of_noise(scale)
