"""How many children there would be had every link been right and none been missed, as far as evidence says; with all of its uncertainty. Pure.

Of L linked children a share p is right, and of the children to be linked a share r was: N = L p / r. Both shares were seen in samples, as
Beta(right + 1/2, wrong + 1/2) (Jeffreys), so that a sample without an error is not taken for none. Three things are uncertain, and their variances
add up: the noise, which links are false, which are missing; with the last goes how many happened to be found, binomial given r.

A place or an age with evidence of its own is corrected by that, where names or homes differ; so corrected counts do not add up. Children whom no record of
the round ties to anybody in prison are not corrected for.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from parties.publication.evidence import Evidence, Sample
from parties.publication.places import Level, Row

NORMAL_95: Final = 1.959964
PER_CENT: Final = 100
CORRECTED_LEVELS: Final = (Level.NATION, Level.COUNTRY, Level.REGION)


@dataclass(frozen=True)
class Corrected:
    """A corrected count with its 95 % interval, and what its variance comes from, in whole per cent."""

    row: Row
    value: int
    lower: int
    upper: int
    noise: int
    false_links: int
    missed_links: int


def corrected(rows: Iterable[Row], evidence: Evidence) -> list[Corrected]:
    """Return the corrected counts of the nation, countries and regions, for all ages, and for each age of which there is evidence."""
    known = ((row, evidence.of(row.place.code, row.age)) for row in rows if row.level in CORRECTED_LEVELS)
    return [_corrected(row, sample) for row, sample in known if sample]


def estimate(linked: float, deviation: float, evidence: Sample) -> tuple[float, tuple[float, float, float]]:
    """Return the corrected count, and the variances that noise, false links and missed links bring.

    Args:
        linked: children linked, noised.
        deviation: standard deviation of the noise.
        evidence: of the links.
    """
    (right, var_right), (found, var_found) = evidence.precision, evidence.recall
    value = linked * right / found
    noise = (right / found * deviation) ** 2
    return value, (noise, value**2 * var_right / right**2, value**2 * var_found / found**2 + value * (1 - found) / found)


def half_width(variances: Iterable[float]) -> float:
    """Return how far the 95 % interval reaches to either side."""
    return NORMAL_95 * math.sqrt(sum(variances))


def _corrected(row: Row, evidence: Sample) -> Corrected:
    value, variances = estimate(row.value, (row.upper - row.value) / NORMAL_95, evidence)
    half, whole = half_width(variances), sum(variances)
    noise, false_links = (round(PER_CENT * part / whole) for part in variances[:2])
    return Corrected(
        row, round(value), max(0, math.floor(value - half)), math.ceil(value + half), noise, false_links, PER_CENT - noise - false_links
    )
