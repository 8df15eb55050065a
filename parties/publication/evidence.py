"""What is known of a round's links from elsewhere: how many are right and how many are missing, in all and in groups that differ. Pure.

Intervals are Clopper and Pearson's.
"""

import math
from typing import Final, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schemas.aggregate import ALL_AGES, NATION, Age
from schemas.geography import Place, countries, nation, regions
from validation.quality.limits import interval

FEWEST: Final = 50  # of a sample; below, an interval would promise more than normal approximation can hold
MOST: Final = 10_000_000
MOST_STRATA: Final = 200
ROUND_TO: Final = 5
PER_MILLE: Final = 1_000


class Sample(BaseModel):
    """Reviewed links of which so many are right, and known children of whom so many are linked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reviewed: int = Field(ge=FEWEST, le=MOST)
    right: int = Field(ge=1, le=MOST)
    known: int = Field(ge=FEWEST, le=MOST)
    linked: int = Field(ge=1, le=MOST)

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


class Stratum(Sample):
    """A sample of the children of one place (the nation, a country or a region; empty: any), of one age (empty: all), or of both."""

    area: str = Field(default="", max_length=9)
    age: Age = ALL_AGES

    @model_validator(mode="after")
    def _is_a_group(self) -> Self:
        if self.area and self.area not in places():
            raise ValueError("no country and no region")
        if not self.area and not self.age:
            raise ValueError("neither a place nor an age")
        return self


class Evidence(Sample):
    """What is known of the whole round, from which source, and of groups that differ."""

    source: str = Field(min_length=1, max_length=400, pattern=r"^[^\x00-\x1f<>]+$")
    strata: tuple[Stratum, ...] = Field(default=(), max_length=MOST_STRATA)

    @model_validator(mode="after")
    def _names_each_group_once(self) -> Self:
        if len({(item.area, item.age) for item in self.strata}) < len(self.strata):
            raise ValueError("a group twice")
        return self

    def of(self, area: str, age: Age) -> Sample | None:
        """Return what is known of a place's children of an age: of them alone; of that age anywhere; of all ages, of the whole round.

        None where nothing is known of an age.
        """
        known = {(item.area, item.age): item for item in self.strata}
        return known.get((area, age)) or (known.get(("", age)) if age else self)


def rounded(evidence: Evidence) -> Evidence:
    """Return evidence as it is published: every number to the nearest 5, so that none says how many, exactly, of a few."""
    strata = tuple(item.model_copy(update=_rounded(item)) for item in evidence.strata)
    return evidence.model_copy(update={**_rounded(evidence), "strata": strata})


class Quality(NamedTuple):
    """How good the links of a group are: shares per thousand, each with its 95 % interval. `place` is None where it is any."""

    place: Place | None
    age: Age
    reviewed: int
    precision: tuple[int, int, int]
    known: int
    recall: tuple[int, int, int]


def qualities(evidence: Evidence) -> list[Quality]:
    """Return how good the links are: of the whole round, then of each group as it was given."""
    groups: list[tuple[str, Age, Sample]] = [("", ALL_AGES, evidence), *((item.area, item.age, item) for item in evidence.strata)]
    return [
        Quality(places().get(area), age, one.reviewed, _per_mille(one.right, one.reviewed), one.known, _per_mille(one.linked, one.known))
        for area, age, one in groups
    ]


def places() -> dict[str, Place]:
    """Return the places that may have evidence of their own, by code."""
    return {NATION: nation(), **countries(), **regions()}


def _rounded(sample: Sample) -> dict[str, int]:
    return {name: ROUND_TO * round(getattr(sample, name) / ROUND_TO) for name in Sample.model_fields}


def _share(count: int, of: int) -> tuple[float, float]:
    share = (count + 0.5) / (of + 1)
    return share, share * (1 - share) / (of + 2)


def _per_mille(count: int, of: int) -> tuple[int, int, int]:
    low, high = interval(count, of)
    return round(PER_MILLE * count / of), math.floor(PER_MILLE * low), math.ceil(PER_MILLE * high)
