"""Scored pairs as an Arrow table and back: how a search's result is kept. Pure."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from linkage.findings.graph import Scored
from linkage.search.pools import PersonPairs
from schemas.agreement import PROJECTIONS
from schemas.encoding_set import Population

POOLS = ("population", "left_organisation", "right_organisation")

PAIRS = pa.schema(
    [
        *(pa.field(name, pa.string(), nullable=False) for name in POOLS),
        pa.field("left", pa.int64(), nullable=False),
        pa.field("right", pa.int64(), nullable=False),
        *(pa.field(projection, pa.float64(), nullable=False) for projection in PROJECTIONS),
    ]
)


def pairs_table(scored: Iterable[Scored]) -> pa.Table:
    """Return the pairs of every search as one table."""
    tables = [
        pa.table(
            [
                pa.array([item.population] * len(item.pairs.left), pa.string()),
                pa.array([item.left] * len(item.pairs.left), pa.string()),
                pa.array([item.right] * len(item.pairs.left), pa.string()),
                item.pairs.left,
                item.pairs.right,
                *(item.pairs.scores[:, column] for column in range(len(PROJECTIONS))),
            ],
            schema=PAIRS,
        )
        for item in scored
    ]
    return pa.concat_tables([PAIRS.empty_table(), *tables])


def scored_pairs(table: pa.Table) -> list[Scored]:
    """Return the searches that `pairs_table` put together, in the order of their names."""
    groups = table.select(POOLS).group_by(list(POOLS)).aggregate([]).sort_by([(name, "ascending") for name in POOLS]).to_pylist()
    return [_scored(table, group["population"], group["left_organisation"], group["right_organisation"]) for group in groups]


def _scored(table: pa.Table, population: Population, left: str, right: str) -> Scored:
    mask = pc.and_(
        pc.equal(table["population"], population),
        pc.and_(pc.equal(table["left_organisation"], left), pc.equal(table["right_organisation"], right)),
    )
    rows = table.filter(mask)
    scores: npt.NDArray[np.float64] = np.column_stack([rows[projection].to_numpy() for projection in PROJECTIONS])
    return Scored(population, left, right, PersonPairs(rows["left"].to_numpy(), rows["right"].to_numpy(), scores))
