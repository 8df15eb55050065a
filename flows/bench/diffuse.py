"""Diffusion beside NumPy: the XOR of gathered bits as one would write it down, the same in blocks, and of packed columns.

The first is what the target names; the others are what NumPy reaches in the hands of someone who knows the cache.
"""

from collections.abc import Iterator
from functools import partial
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from flows.bench.people import LARGER_SITE, NAMES_AND_BIRTH, Filters, T, people, recorded, values
from flows.bench.race import OURS, Arrays, Pairing, Race, Runner, scaled
from parties.encoding.clk import encode_clks
from parties.encoding.diffusion import diffuse, draw_positions

RECORDS, PEER_RECORDS = 400_000, 20_000
GROWTH = (10_000, 40_000, 100_000, 400_000)
DISTINCT = 40_000  # the kernel does the same work whatever the bits are
GATHER_ROWS = 64  # keeps the gathered bits in the processor's cache: the fastest of the sizes tried
TURN_ROWS = 4_096
PLAIN, BLOCKS, COLUMNS = "NumPy, gathered bits", "NumPy, gathered in blocks", "NumPy, packed columns"
KEY = bytes(32)

Positions = NDArray[np.int64]


def made_filters(seed: int, share: float) -> Filters:
    """Return filters of invented people's names and dates of birth, not diffused, shape (n, 128)."""
    records = scaled(RECORDS, share)
    found = recorded(islice(people(seed), min(records, DISTINCT)), LARGER_SITE, seed)
    clks = encode_clks(values(found, NAMES_AND_BIRTH), NAMES_AND_BIRTH, KEY)
    return np.resize(clks, (records, clks.shape[1]))


def races(clks: Filters, share: float) -> Iterator[Race]:
    """Yield the one race of diffusion; who wants bits unpacked gets them before its time starts."""
    few, positions = clks[: scaled(PEER_RECORDS, share)], drawn_positions()
    bits = np.unpackbits(few, axis=1)
    diffuse(clks, positions)  # a process's first use of so much memory takes the system longer than the kernel
    plain = Runner(PLAIN, len(few), lambda: gathered(bits, positions), read_bits)
    blocks = Runner(BLOCKS, len(few), lambda: gathered_in_blocks(bits, positions), read_bits)
    names = (("diffuse", PLAIN), ("diffuse, blocks", BLOCKS), ("diffuse, packed columns", COLUMNS))
    yield Race("records", (ours(clks, len(few)), plain, blocks, columns(few)), tuple(Pairing(name, OURS, peer) for name, peer in names))


def growth(clks: Filters, share: float) -> Iterator[tuple[int, Race]]:
    """Yield a race for each number of records, beside packed columns: gathered bits of so many would fill the memory."""
    for size in (scaled(full, share) for full in GROWTH):
        found = clks[:size]
        yield size, Race("records", (ours(found, len(found)), columns(found)), (Pairing(f"diffuse {size:,}", OURS, COLUMNS),))


def ours(clks: Filters, compared: int) -> Runner:
    """Return our kernel; the first `compared` filters are compared with the others'."""
    return Runner(OURS, len(clks), partial(diffuse, clks, drawn_positions()), lambda mixed: (mixed[:compared],))


def columns(clks: Filters) -> Runner:
    """Return NumPy on packed columns."""
    return Runner(COLUMNS, len(clks), partial(packed_columns, clks, drawn_positions()), lambda mixed: (mixed,))


def drawn_positions() -> Positions:
    """Return the positions that are diffused by."""
    return draw_positions(KEY, "adults", NAMES_AND_BIRTH, T)


def read_bits(mixed: NDArray[np.uint8]) -> Arrays:
    """Return unpacked bits as filters."""
    return (np.packbits(mixed, axis=1),)


def gathered(bits: NDArray[np.uint8], positions: Positions) -> NDArray[np.uint8]:
    """Return diffused bits, one byte each: for every output bit the XOR of the bits at its positions."""
    mixed: NDArray[np.uint8] = np.bitwise_xor.reduce(bits[:, positions], axis=2)
    return mixed


def gathered_in_blocks(bits: NDArray[np.uint8], positions: Positions) -> NDArray[np.uint8]:
    """Return the same, some records at a time."""
    return np.concatenate([gathered(bits[start : start + GATHER_ROWS], positions) for start in range(0, len(bits), GATHER_ROWS)])


def packed_columns(clks: Filters, positions: Positions) -> Filters:
    """Return diffused filters by the XOR of whole columns, eight records to a byte."""
    return np.concatenate([_turned(clks[start : start + TURN_ROWS], positions) for start in range(0, len(clks), TURN_ROWS)])


def _turned(clks: Filters, positions: Positions) -> Filters:
    turned = np.packbits(np.ascontiguousarray(np.unpackbits(clks, axis=1).T), axis=1)
    mixed = turned[positions[:, 0]]
    for column in positions.T[1:]:
        mixed ^= turned[column]
    return np.packbits(np.ascontiguousarray(np.unpackbits(mixed, axis=1, count=len(clks)).T), axis=1)
