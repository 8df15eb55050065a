"""The places of a round's table as a tree: the nation, its countries, their regions, and the rostered authorities. Pure.

Whoever is rostered is published, with or without a child, and so is every place above; what lies in no known region lies in its country.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from linkage.disclosure.strategy import Domain, Query
from schemas.aggregate import NATION as NATION_CODE
from schemas.geography import authority, countries, regions
from schemas.joins import AgeBand

NATION, COUNTRY, REGION, AUTHORITY = range(4)

# What is measured of a round, totals and ages of three levels; a country is the sum of its regions. Shares were found as those of the
# eight queries in `strategy.py`, which have a parent's sex besides: nobody tells the service of a parent's sex.
SIX_QUERIES: Final = (
    Query(NATION, by_age=False, by_sex=False, per_mille=77),
    Query(NATION, by_age=True, by_sex=False, per_mille=112),
    Query(REGION, by_age=False, by_sex=False, per_mille=80),
    Query(REGION, by_age=True, by_sex=False, per_mille=119),
    Query(AUTHORITY, by_age=False, by_sex=False, per_mille=280),
    Query(AUTHORITY, by_age=True, by_sex=False, per_mille=332),
)


@dataclass(frozen=True)
class Places:
    """The tree over some authorities, given by their codes in the order of their counts."""

    authorities: tuple[str, ...]

    @cached_property
    def codes(self) -> tuple[Sequence[str], ...]:
        """The codes of every level's places, the nation's first. A region that only stands for the rest of a country has the country's."""
        return (NATION_CODE,), self._countries, self._regions, self.authorities

    @cached_property
    def domain(self) -> Domain:
        """The cells of the authorities, and what they add up to."""
        return Domain(
            parents=(
                (0,) * len(self._countries),
                tuple(self._countries.index(_country_of(region)) for region in self._regions),
                tuple(self._regions.index(_region_of(code)) for code in self.authorities),
            ),
            ages=len(AgeBand),
            sexes=1,
        )

    @cached_property
    def _regions(self) -> Sequence[str]:
        within = {_region_of(code) for code in self.authorities}
        return [code for code in dict.fromkeys([*regions(), *countries()]) if code in within]

    @cached_property
    def _countries(self) -> Sequence[str]:
        within = {_country_of(region) for region in self._regions}
        return [code for code in countries() if code in within]


def _region_of(code: str) -> str:
    known = authority(code)
    return known.within if known else next(country for country in countries() if country[0] == code[0])


def _country_of(region: str) -> str:
    return region if region in countries() else regions()[region].within
