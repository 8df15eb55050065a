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
from schemas.errors import AgreementError, ConfigurationError

KEPT_DRAWS = len(POPULATIONS) * len(PROJECTIONS)  # one round's
_BYTE = 8
_WORD_BYTES = 8


def check_diffusion(encoding: Encoding) -> None:
    """Check that the diffusion hides what it must.

    Raises:
        AgreementError: a production or small-scope profile with an even t, or one below 9.
    """
    if encoding.profile != "development" and not encoding.is_strong:
        raise AgreementError(
            "agreement: a production or small-scope profile needs an odd diffusion t of at least 9; ask the root signers for a corrected one"
        )


def draw_positions(round_key: bytes, population: Population, projection: Projection, t: int) -> NDArray[np.int64]:
    """Return which input bits each output bit is the XOR of, shape (1024, t): the first draw that loses nothing.

    An even t never reaches full rank; development profiles get its first draw.
    """
    return _positions(derive(round_key, "diffusion", population, projection), t)


def diffuse(clks: NDArray[np.uint8], positions: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return the diffused filters of `clks` in the same order, shape (n, bits / 8) for positions of shape (bits, t).

    Raises:
        ConfigurationError: a position lies outside the filters.
    """
    from parties.encoding.diffusion_kernel import FIRST_HIGHEST, diffuse_words  # numba: loaded where there is something to diffuse

    if positions.size and not 0 <= positions.min() <= positions.max() < clks.shape[1] * _BYTE:
        raise ConfigurationError("diffusion: a position lies outside the filters; draw positions for filters of this length")
    words = np.pad(clks, ((0, 0), (0, -clks.shape[1] % _WORD_BYTES))).view("<u8").astype(np.uint64, copy=False)
    size = -(-len(positions) // _BYTE)
    mixed = np.empty((len(clks), -(-size // _WORD_BYTES)), dtype=np.uint64)
    diffuse_words(words, np.ascontiguousarray(positions ^ FIRST_HIGHEST, dtype=np.uint32), mixed)
    return np.ascontiguousarray(mixed.astype("<u8", copy=False).view(np.uint8)[:, :size])


def check_map(positions: NDArray[np.int64], t: int) -> None:
    """Check, on this machine, that diffusion by `positions` does what it is for; run once for each map that is drawn.

    What becomes of filters with a single bit is the map itself: each input bit must reach t output bits, each output bit be
    the XOR of the t input bits that its positions name, and with an odd t nothing may be lost.

    Raises:
        ConfigurationError: it does not.
    """
    bits = len(positions)
    reached = np.unpackbits(diffuse(np.packbits(np.eye(bits, dtype=np.uint8), axis=1), positions), axis=1, count=bits)
    even = (reached.sum(axis=0) == t).all() and (reached.sum(axis=1) == t).all()
    if not (even and reached[positions, np.arange(bits)[:, None]].all()):
        raise ConfigurationError(
            f"diffusion: the map does not use every bit {t} times; encode nothing here, run `kinlink doctor` and install Kinlink again"
        )
    if t % 2 and gf2_rank(positions) < bits:
        raise ConfigurationError(
            "diffusion: the map loses information; encode nothing here, run `kinlink doctor` and install Kinlink again"
        )


def gf2_rank(positions: NDArray[np.int64]) -> int:
    """Return the rank over GF(2) of the map with these positions."""
    rows = np.zeros((len(positions), FILTER_BITS), dtype=np.uint8)
    rows[np.arange(len(positions))[:, None], positions] = 1
    return independent_rows(np.packbits(rows, axis=1))


def independent_rows(rows: NDArray[np.uint8]) -> int:
    """Return the rank over GF(2) of rows of bits, packed, shape (n, bytes) with whole words of eight bytes."""
    from parties.encoding.rank_kernel import reduced_rank  # numba: loaded where there is something to reduce

    return int(reduced_rank(np.array(rows, order="C").view(np.uint64)))


@lru_cache(maxsize=KEPT_DRAWS)
def _positions(key: bytes, t: int) -> NDArray[np.int64]:
    """Draw until nothing is lost, three to four times on average; kept, because a round asks again."""
    draws = (_draw(Keystream(derive(key, "draw", str(attempt))), t) for attempt in count())
    found = next(positions for positions in draws if t % 2 == 0 or gf2_rank(positions) == FILTER_BITS)
    check_map(found, t)
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
