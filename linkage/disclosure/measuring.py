"""Measure exact cells with noise, once, and say how far each published value may be off. The noise is the library's own."""

import math
from collections.abc import Sequence

import numpy as np

from linkage.disclosure.strategy import Domain, Measurement, Numbers, Query, by_level, granted
from validation.disclosure.noise import NORMAL_95, cost, draw, scale_for

UNRELIABLE_SHARE = 0.5  # of the value: an interval that reaches further to either side is marked
UNRELIABLE = "u"


def measure(cells: Numbers, domain: Domain, queries: Sequence[Query], *, cap: int, micro_rho: int) -> list[Measurement]:
    """Return every query's values with fresh noise; together they cost no more than `micro_rho`.

    Every child is in one cell, and a family adds at most `cap` children to all of them: so it moves each query by at
    most `cap` in L2 norm, whichever cells the query sums.

    Args:
        cells: exact counts of the last level, places x ages x sexes. Never stored, logged or shown.
        domain: what is published, empty cells too.
        queries: what is measured, with shares of rho.
        cap: the most children that one family adds.
        micro_rho: what may be spent, in millionths of rho.

    Raises:
        ValueError: the cells are not the domain's, or rho is too small to share out.
    """
    if cells.shape != (domain.places(domain.levels - 1), domain.ages, domain.sexes):
        raise ValueError("measure: the cells are not those of the domain's last level")
    levels = by_level(cells, domain)
    scales = scales_of(queries, cap=cap, micro_rho=micro_rho)
    return [_measured(query, query.of(levels[query.level]), scale) for query, scale in zip(queries, scales, strict=True)]


def scales_of(queries: Sequence[Query], *, cap: int, micro_rho: int) -> list[float]:
    """Return the scale of each query's noise, in children.

    Raises:
        ValueError: rho is too small to share out.
    """
    return [scale_for(share, cap) for share in granted(queries, micro_rho)]


def total_cost(scales: Sequence[float], cap: int) -> int:
    """Return what queries of these scales cost together, in millionths of rho, each rounded up: what the ledger debits."""
    return sum(cost(scale, cap) for scale in scales)


def half_width(deviation: float) -> int:
    """Return how far a 95 % interval reaches to either side, rounded outwards, from a standard deviation."""
    return math.ceil(NORMAL_95 * deviation)


def interval(value: int, deviation: float) -> tuple[int, int]:
    """Return the whole 95 % interval about a published value, cut at 0, from its estimate's standard deviation."""
    half = half_width(deviation)
    return max(0, value - half), value + half


def mark(value: int, deviation: float) -> str:
    """Return the mark of a value whose interval reaches further than half of it, or nothing. Marked values are still published."""
    return UNRELIABLE if NORMAL_95 * deviation > UNRELIABLE_SHARE * value else ""


def _measured(query: Query, exact: np.ndarray, scale: float) -> Measurement:
    values = np.array(draw(exact.ravel().tolist(), scale), dtype=np.int64)
    return Measurement(query, values.reshape(exact.shape), scale)
