"""Opened pairs as the service keeps them between two steps: pseudonyms, how far fields agree, and both joins. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from linkage.second_look.levels import FIELDS, Levels, field_levels
from linkage.second_look.opening import OpenedPairs
from schemas.agreement import Projection
from schemas.byte_columns import Bytes2D, fixed_bytes, id_column
from schemas.encoding_set import PSEUDONYM_BYTES, Population
from schemas.sealed_join import JOIN_BYTES, Join, read_join, write_join

Owners = Sequence[tuple[str, Projection]]

OPENED = pa.schema(
    [
        pa.field("population", pa.string(), nullable=False),
        *(pa.field(f"{side}_{name}", pa.string(), nullable=False) for side in ("left", "right") for name in ("organisation", "projection")),
        *(pa.field(name, pa.binary(PSEUDONYM_BYTES), nullable=False) for name in ("left", "right")),
        *(pa.field(name, pa.binary(JOIN_BYTES), nullable=False) for name in ("left_join", "right_join")),
        pa.field("levels", pa.binary(len(FIELDS)), nullable=False),
    ]
)


@dataclass(frozen=True)
class Side:
    """One side of an opened pair: whose filter, of which projection and pseudonym, and the join that it opened."""

    organisation: str
    projection: Projection
    pseudonym: bytes
    join: Join


def opened_table(opened: OpenedPairs, population: Population, owners: tuple[Owners, Owners]) -> pa.Table:
    """Return opened pairs of one search as a table, given organisation and projection of each left and each right filter."""
    return pa.Table.from_arrays(
        [
            pa.array([population] * len(opened.left_joins), pa.string()),
            *(pa.array([owner[part] for owner in side], pa.string()) for side in owners for part in (0, 1)),
            *(id_column(pseudonyms) for pseudonyms in (opened.left, opened.right)),
            *(pa.array(list(map(write_join, joins)), pa.binary(JOIN_BYTES)) for joins in (opened.left_joins, opened.right_joins)),
            id_column(field_levels(opened.left_tags, opened.right_tags)),
        ],
        schema=OPENED,
    )


def levels_of(table: pa.Table) -> Levels:
    """Return the levels of every pair, shape (pairs, fields)."""
    levels: Bytes2D = fixed_bytes(table["levels"], len(FIELDS))
    return levels


def sides(table: pa.Table) -> Iterator[tuple[Side, Side]]:
    """Yield both sides of every pair of the table."""
    for row in table.to_pylist():
        yield _side(row, "left"), _side(row, "right")


def _side(row: Mapping[str, Any], side: str) -> Side:
    return Side(row[f"{side}_organisation"], row[f"{side}_projection"], row[side], _join(row[f"{side}_join"]))


def _join(content: bytes) -> Join:
    join = read_join(content)
    if join is None:
        raise AssertionError("only pairs of two people are opened")
    return join
