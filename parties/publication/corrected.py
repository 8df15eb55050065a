"""How many children there would be had every link been right and none been missed, as far as evidence says; with all of its uncertainty. Pure.

Of L linked children a share p is right, and of the children to be linked a share r was: N = L p / r. Both shares were seen in samples, as
Beta(right + 1/2, wrong + 1/2) (Jeffreys), so that a sample without an error is not taken for none. Three things are uncertain, and their variances
add up: the noise, which links are false, which are missing; with the last goes how many happened to be found, binomial given r.

Evidence is of the whole round: a place where names or homes differ has other shares. Children whom no record of the round ties to anybody in prison are
not corrected for.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from parties.publication.places import Level, Row

FEWEST: Final = 50  # of a sample; below, an interval would promise more than normal approximation can hold
NORMAL_95: Final = 1.959964
PER_CENT: Final = 100
CORRECTED_LEVELS: Final = (Level.NATION, Level.COUNTRY, Level.REGION)


class Evidence(BaseModel):
    """What is known of a round's links from elsewhere: reviewed links of which so many are right, and known children of whom so many are linked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str = Field(min_length=1, max_length=400, pattern=r"^[^\x00-\x1f<>]+$")
    reviewed: int = Field(ge=FEWEST, le=10_000_000)
    right: int = Field(ge=1, le=10_000_000)
    known: int = Field(ge=FEWEST, le=10_000_000)
    linked: int = Field(ge=1, le=10_000_000)

    @model_validator(mode="after")
    def _is_of_a_sample(self) -> Self:
        if self.right > self.reviewed or self.linked > self.known:
            raise ValueError("more than were looked at")
        return self

    @property
    def precision(self) -> tuple[float, float]:
        """The share of links that are right, and the variance of knowing it."""
        return _share(self.right, self.reviewed)

    @property
    def recall(self) -> tuple[float, float]:
        """The share of children who are linked, and the variance of knowing it."""
        return _share(self.linked, self.known)


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
    """Return the corrected counts of the nation, countries and regions, for children of all ages."""
    return [_corrected(row, evidence) for row in rows if row.level in CORRECTED_LEVELS and not row.age]


def estimate(linked: float, deviation: float, evidence: Evidence) -> tuple[float, tuple[float, float, float]]:
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


def _corrected(row: Row, evidence: Evidence) -> Corrected:
    value, variances = estimate(row.value, (row.upper - row.value) / NORMAL_95, evidence)
    half, whole = half_width(variances), sum(variances)
    noise, false_links = (round(PER_CENT * part / whole) for part in variances[:2])
    return Corrected(
        row, round(value), max(0, math.floor(value - half)), math.ceil(value + half), noise, false_links, PER_CENT - noise - false_links
    )


def _share(count: int, of: int) -> tuple[float, float]:
    share = (count + 0.5) / (of + 1)
    return share, share * (1 - share) / (of + 2)
