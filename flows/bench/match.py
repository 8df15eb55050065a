"""Search beside anonlink: every pair of filters at or above a cut, one thread each, equal pairs and equal scores."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from bitarray import bitarray

from flows.bench.people import Filters, Sides, sides
from flows.bench.race import OURS, Arrays, Pairing, Race, Runner, scaled
from linkage.engines.threads import ThreadsEngine
from linkage.search.anonlink_library import load_anonlink
from linkage.search.engine import FilterPairs

SMALLER = 2_000
PLAIN_SIZES, PLAIN_CUT = (20_000, 200_000, 400_000), 0.8
DIFFUSED_SIZES, DIFFUSED_CUT = (20_000, 200_000), 0.62
GROWTH = (20_000, 50_000, 100_000, 200_000, 400_000)
PEER = "anonlink"
POPCOUNT_LIMIT = 0.70e9  # comparisons a second of one core: a 1024-bit AND, popcount and sum at 2.1 GHz, 512 bits at a time on two ports


def made_sides(seed: int, share: float) -> Sides:
    """Return the filters of every race of the search: the smaller sizes are beginnings of the largest."""
    small, *_, large = (scaled(size, share) for size in PLAIN_SIZES)
    return sides(scaled(SMALLER, share), large, among=small, seed=seed)


def races(both: Sides, share: float) -> Iterator[Race]:
    """Yield the races on plain and on diffused filters."""
    rows = [("plain", *both.plain, PLAIN_CUT, size) for size in PLAIN_SIZES]
    rows += [("diffused", *both.diffused, DIFFUSED_CUT, size) for size in DIFFUSED_SIZES]
    return (race(f"match {kind} {size:,}", left, right[: scaled(size, share)], cut) for kind, left, right, cut, size in rows)


def growth(both: Sides, share: float) -> Iterator[tuple[int, Race]]:
    """Yield a race on diffused filters for each size of the larger side."""
    left, right = both.diffused
    sizes = (scaled(full, share) for full in GROWTH)
    return ((size, race(f"match {size:,}", left, right[:size], DIFFUSED_CUT)) for size in sizes)


def race(name: str, left: Filters, right: Filters, cut: float) -> Race:
    """Return one race; anonlink gets its bit arrays before its time starts."""
    work = len(left) * len(right)
    runners = (
        Runner(OURS, work, partial(search, left, right, cut), read_ours),
        Runner(PEER, work, partial(search_as_peer, bitarrays(left), bitarrays(right), cut), read_peer, ready=lambda: (load_anonlink(),)),
    )
    return Race("comparisons", runners, (Pairing(name, OURS, PEER),))


def search(left: Filters, right: Filters, cut: float, threads: int = 1) -> FilterPairs:
    """Search with this project's engine."""
    return ThreadsEngine(threads=threads).candidate_pairs(left, right, cut=cut)


def search_as_peer(left: list[bitarray], right: list[bitarray], cut: float, library: Any) -> Any:
    """Search with anonlink's accelerated Dice coefficient, every pair kept."""
    return library.candidate_generation.find_candidate_pairs((left, right), library.similarities.dice_coefficient_accelerated, cut, k=None)


def read_ours(pairs: FilterPairs) -> Arrays:
    """Return our pairs as arrays."""
    return pairs.left, pairs.right, pairs.score


def read_peer(found: Any) -> Arrays:
    """Return anonlink's pairs as arrays, in our order."""
    score, _, (left, right) = found
    rows, others = np.array(left, dtype=np.int64), np.array(right, dtype=np.int64)
    order = np.lexsort((others, rows))
    return rows[order], others[order], np.array(score, dtype=np.float64)[order]


def bitarrays(filters: Filters) -> list[bitarray]:
    """Return filters as anonlink takes them."""
    rows = [bitarray() for _ in filters]
    for bits, row in zip(rows, filters, strict=True):
        bits.frombytes(row.tobytes())
    return rows
