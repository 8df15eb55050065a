"""A small side against a large one in a mapped file: what a prison's week is to a country.

The file lies in a directory of its own that is removed at the end, also after Ctrl-C. Filters are drawn bits, half of them set as after
diffusion; of some rows of the small side there is a copy with errors in the large one, and these alone must be found.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flows.bench.match import DIFFUSED_CUT
from flows.bench.memory import Memory, watched
from flows.bench.people import Filters
from flows.bench.race import Arrays, Lap, same, timed
from linkage.engines.threads import ThreadsEngine
from linkage.search.engine import FilterPairs
from parties.encoding.keystream import Keystream
from parties.keys.derive import derive
from schemas.encoding_set import CLK_BYTES
from schemas.errors import ConfigurationError
from validation.progress import Progress

LEFT, COPIES = 300, 200
ROWS = 20_000_000
WRITE_ROWS = 262_144
WORDS = CLK_BYTES // 8


@dataclass(frozen=True)
class Searched:
    """A finished search: what it took, the most memory it had, and whether it found the copies and nothing else."""

    rows: int
    lap: Lap
    memory: Memory | None
    equal: bool

    @property
    def size_bytes(self) -> int:
        """Bytes of the larger side."""
        return self.rows * CLK_BYTES

    @property
    def rate(self) -> float:
        """Comparisons per CPU-second."""
        return LEFT * self.rows / self.lap.cpu_seconds


def search_large(rows: int, *, scratch: Path | None, seed: int, progress: Progress) -> Searched:
    """Write a file of `rows` filters, search it, and remove it.

    Raises:
        ConfigurationError: `scratch` has no room for it.
    """
    stream = Keystream(derive(seed.to_bytes(32, "big"), "large"))
    left = _drawn(stream, LEFT)
    at = np.arange(COPIES) * rows // COPIES
    copies = left[:COPIES] ^ (_drawn(stream, COPIES) & _drawn(stream, COPIES))  # one bit in four differs: Dice about .75
    with large_file(rows, at, copies, stream, scratch=scratch, progress=progress) as right, watched() as memory:
        lap, pairs = timed(lambda: _search(left, right, progress))
    return Searched(rows, lap, memory.most, same(pairs, _expected(left, at, copies)))


@contextmanager
def large_file(
    rows: int, at: NDArray[np.int64], copies: Filters, stream: Keystream, *, scratch: Path | None, progress: Progress
) -> Iterator[Filters]:
    """Make a file of drawn filters with `copies` in the rows `at`; yield it mapped, and remove it afterwards."""
    parent = Path(tempfile.gettempdir()) if scratch is None else scratch
    check_room(parent, rows * CLK_BYTES)
    with tempfile.TemporaryDirectory(prefix="kinlink-bench-", dir=parent) as folder:
        path = Path(folder) / "filters"
        with path.open("wb") as file:
            for first in range(0, rows, WRITE_ROWS):
                block = _drawn(stream, min(WRITE_ROWS, rows - first))
                here = (at >= first) & (at < first + len(block))
                block[at[here] - first] = copies[here]
                file.write(block.data)
                progress("write filters", first + len(block), rows)
        yield np.memmap(path, dtype=np.uint8, mode="r", shape=(rows, CLK_BYTES))


def check_room(directory: Path, size_bytes: int) -> None:
    """Check that a directory has room for a file.

    Raises:
        ConfigurationError: it does not exist, or has not.
    """
    if not directory.is_dir():
        raise ConfigurationError(f"{directory}: no such directory; make it, or name another --scratch")
    free = shutil.disk_usage(directory).free
    if free < size_bytes:
        raise ConfigurationError(
            f"{directory}: {free / 1e9:.1f} GB are free, {size_bytes / 1e9:.1f} GB are needed; name another --scratch, or fewer --rows"
        )


def _search(left: Filters, right: Filters, progress: Progress) -> Arrays:
    pairs: list[FilterPairs] = list(ThreadsEngine().stream_pairs(left, right, cut=DIFFUSED_CUT, progress=progress))
    return tuple(np.concatenate([getattr(part, name) for part in pairs]) for name in ("right", "left", "score"))


def _expected(left: Filters, at: NDArray[np.int64], copies: Filters) -> Arrays:
    """Return the copies as the search should: by row of the larger side."""
    originals = left[: len(copies)]
    common, one, other = (np.bitwise_count(bits).sum(axis=1, dtype=np.int64) for bits in (originals & copies, originals, copies))
    return at, np.arange(len(copies)), 2 * common / (one + other)


def _drawn(stream: Keystream, rows: int) -> Filters:
    words: Filters = stream.words(rows * WORDS).copy().view(np.uint8).reshape(rows, CLK_BYTES)
    return words
