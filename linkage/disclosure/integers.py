"""Whole numbers, none below 0, that add up in every table: from the top down. Pure.

The nation's table first; then, below each place, the children's totals; then the children's cells, whose rows must come
to those totals and whose columns to the parent's cells: the nearest such table (Dykstra's projections), then rounded
up or down without changing a margin. That last step is a transport problem, whose best corners are whole numbers.
Nothing here looks at exact counts, so it costs no privacy. It clips cells near 0, and large cells pay for it.

Source: Dykstra (1983); Cox & Ernst (1982), controlled rounding.
"""

from collections.abc import Sequence
from typing import cast

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_array

from linkage.disclosure.strategy import Domain, Numbers, Reals

_PASSES = 20_000
_CLOSE = 1e-7  # children; the rounding step needs margins to less than one child
_LAST_RESORT = 1_000.0  # price of moving a cell by more than rounding does; a rounding costs at most 1


def whole_tables(estimates: Sequence[Reals], domain: Domain) -> list[Numbers]:
    """Return whole cells of every level near `estimates` (places x ages x sexes, nation first), children adding up to parents."""
    shape = (-1, domain.ages, domain.sexes)
    flat = [cells.reshape(len(cells), -1) for cells in estimates]
    nation = max(0, round(float(flat[0].sum())))
    levels = [shared_out(flat[0][0], nation)[np.newaxis]]
    for level in range(1, domain.levels):
        levels.append(_below(levels[-1], flat[level], np.asarray(domain.parents[level - 1])))
    return [cells.reshape(shape) for cells in levels]


def shared_out(wanted: Reals, total: int) -> Numbers:
    """Return whole numbers, none below 0, that come to `total` and are near `wanted`."""
    nearest = _on_simplex(wanted, total)
    whole = np.floor(nearest).astype(np.int64)
    most_left = np.argsort(whole - nearest, kind="stable")[: total - int(whole.sum())]
    whole[most_left] += 1
    return whole


def _below(parents: Numbers, wanted: Reals, parent_of: Numbers) -> Numbers:
    cells = np.zeros(wanted.shape, dtype=np.int64)
    for parent, columns in enumerate(parents):
        places = np.flatnonzero(parent_of == parent)
        rows = shared_out(wanted[places].sum(axis=1), int(columns.sum()))
        cells[places] = _rounded(_nearest_table(wanted[places], rows, columns), rows, columns)
    return cells


def _on_simplex(wanted: Reals, total: int) -> Reals:
    """Return the nearest numbers, none below 0, that come to `total`: all lowered by as much, then cut at 0."""
    falling = np.sort(wanted)[::-1]
    excess = (np.cumsum(falling) - total) / np.arange(1, len(falling) + 1)
    kept = np.flatnonzero(falling - excess >= 0)
    return cast("Reals", np.maximum(wanted - excess[kept[-1] if len(kept) else 0], 0))


def _nearest_table(wanted: Reals, rows: Numbers, columns: Numbers) -> Reals:
    """Return the nearest table, nothing below 0, with these margins."""
    table = _with_margins(wanted, rows, columns)
    owed = np.zeros_like(table)
    for _ in range(_PASSES):
        kept = np.maximum(table + owed, 0)
        owed += table - kept
        table = _with_margins(kept, rows, columns)
        if np.abs(table - kept).max() < _CLOSE:
            break
    return cast("Reals", np.maximum(table, 0))


def _with_margins(table: Reals, rows: Numbers, columns: Numbers) -> Reals:
    by_row = (rows - table.sum(axis=1))[:, np.newaxis]
    by_column = columns - table.sum(axis=0)
    return cast("Reals", table + by_row / table.shape[1] + by_column / table.shape[0] - by_row.sum() / table.size)


def _rounded(table: Reals, rows: Numbers, columns: Numbers) -> Numbers:
    """Round every cell up or down so that the margins are `rows` and `columns`; the least change in all."""
    low = np.floor(table).astype(np.int64)
    rows_left, columns_left = rows - low.sum(axis=1), columns - low.sum(axis=0)
    if not rows_left.any():
        return low
    up = (1 - 2 * (table - low)).ravel()
    result = linprog(
        np.concatenate([up, np.full(table.size, _LAST_RESORT)]),
        A_eq=_margins(table.shape),
        b_eq=np.concatenate([rows_left, columns_left]),
        bounds=[(0, 1)] * table.size + [(0, None)] * table.size,
        method="highs-ds",
    )
    added = np.rint(result.x).astype(np.int64).reshape(2, *table.shape).sum(axis=0)
    return cast("Numbers", low + added)


def _margins(shape: tuple[int, ...]) -> coo_array:
    """Return the equations: one per row, then one per column, over the cells' roundings and what goes beyond them."""
    row, column = (index.ravel() for index in np.indices(shape))
    cells = np.arange(row.size)
    places = np.concatenate([cells, cells, cells + row.size, cells + row.size])
    equations = np.concatenate([row, shape[0] + column] * 2)
    return coo_array((np.ones(len(places)), (equations, places)), shape=(sum(shape), 2 * row.size))
