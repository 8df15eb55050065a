"""Candidate pairs of one search to who is asked for what, in which wave. Pure.

The best candidates are asked for in the first wave. In the slots kept for the second, those that are carried over go before those
that found no slot or no room in the first.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import reduce
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from linkage.search.engine import FilterPairs
from linkage.search.parts import joined, placed
from linkage.second_look.requests import Assigned, assign
from schemas.agreement import PROJECTIONS, Projection
from schemas.byte_columns import Bytes2D, fixed_bytes, id_column
from schemas.slots import NONCE_BYTES, VOLUMES, Volume

Rows = npt.NDArray[np.int64]

PLAN = pa.schema(
    [
        pa.field("wave", pa.uint8(), nullable=False),
        pa.field("organisation", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("row", pa.int64(), nullable=False),
        pa.field("nonce", pa.binary(NONCE_BYTES), nullable=False),
    ]
)


CARRIED_WAVE = 2
CARRIED_EACH = min(volume.second for volume in VOLUMES["referral"].values())  # what every filter has kept for that wave


class Place(NamedTuple):
    """Where a filter is: its projection, and its row, numbered over all pools of its side."""

    projection: Projection
    row: int


class CarriedPair(NamedTuple):
    """Two filters to look at again, of whatever projections, and how alike they are; nothing to go by is 0."""

    left: Place
    right: Place
    score: float


def stacked(parts: Sequence[tuple[int, int, FilterPairs]]) -> FilterPairs:
    """Return the pairs of several pools as one search's, given with the first row of each pool over all."""
    return joined(placed(pairs, first_left, first_right) for first_left, first_right, pairs in parts)


def assign_waves(pairs: FilterPairs, volume: Volume, *, first_wave: int) -> Iterator[tuple[int, Assigned]]:
    """Yield what is asked for in each wave from `first_wave` on; slots are numbered over all waves."""
    start = 0
    for wave, each in enumerate(volume, start=1):
        if wave >= first_wave:
            found = assign(pairs, slots=each, each=each)
            yield wave, Assigned(found.left, found.right, found.slot + start, found.no_slot, found.no_room)
            pairs = _without(pairs, found)
        start += each


def plan_table(wave: int, name: str, responders: Sequence[tuple[str, int]], assigned: Assigned, nonces: Bytes2D) -> pa.Table:
    """Return one wave of one search as rows of the plan.

    Args:
        wave: counted from 1.
        name: of the table of requests.
        responders: organisations and how many filters each has, in the order in which rows are numbered.
        assigned: candidates with a slot.
        nonces: of the uploaders' slots, shape (filters, slots, 16).
    """
    ends = np.cumsum([rows for _, rows in responders])
    responder = np.searchsorted(ends, assigned.right, side="right")
    begins = np.concatenate([[0], ends])[responder]
    return pa.Table.from_arrays(
        [
            pa.array(np.full(len(assigned.right), wave, dtype=np.uint8)),
            pa.array([responders[at][0] for at in responder.tolist()], pa.string()),
            pa.array([name] * len(assigned.right), pa.string()),
            pa.array((assigned.right - begins).astype(np.int64)),
            id_column(np.ascontiguousarray(nonces[assigned.left, assigned.slot])),
        ],
        schema=PLAN,
    )


def assign_carried(pairs: Sequence[CarriedPair]) -> list[CarriedPair]:
    """Return those of the pairs that find a slot and room in the wave that is kept for them, most alike first."""
    rows = 1 + max((place.row for pair in pairs for place in pair[:2]), default=0)
    keys = np.array(
        [[PROJECTIONS.index(place.projection) * rows + place.row for place in pair[:2]] for pair in pairs], dtype=np.int64
    ).reshape(-1, 2)
    score = np.array([pair.score for pair in pairs], dtype=np.float64)
    found = assign(FilterPairs(keys[:, 0], keys[:, 1], score), slots=CARRIED_EACH, each=CARRIED_EACH)
    by_keys = {tuple(both): pair for both, pair in zip(keys.tolist(), pairs, strict=True)}
    return [by_keys[both] for both in zip(found.left.tolist(), found.right.tolist(), strict=True)]


def with_carried(plan: pa.Table, carried: pa.Table) -> pa.Table:
    """Return the wave of what is carried over: that first, then what the plan has for the wave where slot and room are left."""
    rows = carried.to_pylist()
    nonces, asked = {row["nonce"] for row in rows}, Counter(map(_filter, rows))
    for row in of_wave(plan, CARRIED_WAVE).to_pylist():
        if row["nonce"] not in nonces and asked[_filter(row)] < CARRIED_EACH:
            rows.append(row)
            asked[_filter(row)] += 1
    return pa.Table.from_pylist(rows, schema=PLAN)


def _filter(row: dict[str, object]) -> tuple[object, ...]:
    return row["organisation"], row["name"], row["row"]


def of_wave(plan: pa.Table, wave: int) -> pa.Table:
    """Return the rows of one wave."""
    return plan.filter(pc.equal(plan["wave"], wave))


def planned(plan: pa.Table, *, wave: int, organisation: str, name: str) -> tuple[Rows, Bytes2D]:
    """Return the rows of an organisation's filters that one table of requests asks for, and the nonces of their slots."""
    wanted = {"wave": wave, "organisation": organisation, "name": name}
    rows = plan.filter(reduce(pc.and_, (pc.equal(plan[column], value) for column, value in wanted.items())))
    return rows["row"].to_numpy(), fixed_bytes(rows["nonce"], NONCE_BYTES)


def _without(pairs: FilterPairs, assigned: Assigned) -> FilterPairs:
    width = int(pairs.right.max(initial=0)) + 1
    rest = ~np.isin(pairs.left * width + pairs.right, assigned.left * width + assigned.right)
    return FilterPairs(pairs.left[rest], pairs.right[rest], pairs.score[rest])
