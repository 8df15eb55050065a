"""Diffusion: each output bit is the XOR of t input bits, at positions drawn from the round key. Pure.

Every input bit is used exactly t times. An odd t therefore lets no filter's weight show whether it is genuine (an even t
makes every weight even), and the map is drawn again until it loses nothing: rank 1024 over GF(2).

Source: Armknecht, Heng & Schnell, "Strengthening privacy-preserving record linkage using diffusion", PoPETs 2023(2).
"""

from functools import lru_cache
from itertools import count

import numpy as np
from numpy.typing import NDArray

from parties.encoding.keystream import Keystream
from parties.keys.derive import derive
from schemas.agreement import FILTER_BITS, PROJECTIONS, Encoding, Projection
from schemas.encoding_set import POPULATIONS, Population
from schemas.errors import AgreementError

BLOCK_ROWS = 4_096  # small enough to turn in the processor's cache
KEPT_DRAWS = len(POPULATIONS) * len(PROJECTIONS)  # one round's


def check_diffusion(encoding: Encoding) -> None:
    """Check that the diffusion hides what it must.

    Raises:
        AgreementError: a production profile with an even t, or one below 9.
    """
    if encoding.profile == "production" and not encoding.is_strong:
        raise AgreementError(
            "agreement: a production profile needs an odd diffusion t of at least 9; ask the root signers for a corrected one"
        )


def draw_positions(round_key: bytes, population: Population, projection: Projection, t: int) -> NDArray[np.int64]:
    """Return which input bits each output bit is the XOR of, shape (1024, t): the first draw that loses nothing.

    An even t never reaches full rank; development profiles get its first draw.
    """
    return _positions(derive(round_key, "diffusion", population, projection), t)


def diffuse(clks: NDArray[np.uint8], positions: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return the diffused filters of `clks`, shape (n, 128), in the same order."""
    blocks = [_diffuse_block(clks[start : start + BLOCK_ROWS], positions) for start in range(0, len(clks), BLOCK_ROWS)]
    return np.concatenate(blocks) if blocks else clks.copy()


def gf2_rank(positions: NDArray[np.int64]) -> int:
    """Return the rank over GF(2) of the map with these positions."""
    pivots: dict[int, int] = {}
    for picked in positions.tolist():
        row = sum(1 << position for position in picked)
        while row and (pivot := pivots.get(row.bit_length())):
            row ^= pivot
        if row:
            pivots[row.bit_length()] = row
    return len(pivots)


@lru_cache(maxsize=KEPT_DRAWS)
def _positions(key: bytes, t: int) -> NDArray[np.int64]:
    """Draw until nothing is lost, three to four times on average; kept, because the search for the rank is what takes time."""
    draws = (_draw(Keystream(derive(key, "draw", str(attempt))), t) for attempt in count())
    found = next(positions for positions in draws if t % 2 == 0 or gf2_rank(positions) == FILTER_BITS)
    found.flags.writeable = False
    return found


def _draw(stream: Keystream, t: int) -> NDArray[np.int64]:
    """Draw t permutations as columns; where a row would use a bit twice, swap it with another row until none does."""
    columns = np.empty((FILTER_BITS, 0), dtype=np.int64)
    for _ in range(t):
        column = stream.permutation(FILTER_BITS)
        while len(clashes := np.flatnonzero((columns == column[:, None]).any(axis=1))):
            for row, other in zip(clashes, stream.below(FILTER_BITS, len(clashes)), strict=True):
                column[[row, other]] = column[[other, row]]
        columns = np.column_stack([columns, column])
    return columns


def _diffuse_block(clks: NDArray[np.uint8], positions: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Turn the bits so that a row holds one position of every record, eight to a byte: then each XOR is of whole rows."""
    turned = np.packbits(np.ascontiguousarray(np.unpackbits(clks, axis=1).T), axis=1)
    mixed = turned[positions[:, 0]]
    for column in positions.T[1:]:
        mixed ^= turned[column]
    return np.packbits(np.ascontiguousarray(np.unpackbits(mixed, axis=1, count=len(clks)).T), axis=1)
