"""Pools: one organisation's adults or children as the service knows them: pseudonyms and filters, and nobody behind them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from linkage.search.engine import Filters
from schemas.agreement import PROJECTIONS, Projection
from schemas.byte_columns import Bytes2D
from schemas.encoding_set import Population
from schemas.roster import Kind


@dataclass(frozen=True)
class Pool:
    """One organisation's filters of one population: `pseudonyms[p]` has shape (rows, 16), `filters[p]` (rows, bytes).

    Every projection has equally many rows.
    """

    organisation: str
    pseudonyms: Mapping[Projection, Bytes2D]
    filters: Mapping[Projection, Filters]

    def __len__(self) -> int:
        """Return how many filters each projection has."""
        return len(self.pseudonyms[PROJECTIONS[0]])


@dataclass(frozen=True)
class RoundPools:
    """What the accepted submissions of a round hold, by organisation."""

    kinds: Mapping[str, Kind]
    pools: Mapping[Population, Mapping[str, Pool]]

    def of_kind(self, population: Population, kind: Kind) -> list[Pool]:
        """Return the pools of one kind of custodian, by organisation's name."""
        return [pool for name, pool in sorted(self.pools[population].items()) if self.kinds[name] is kind]
