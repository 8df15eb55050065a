"""Search in threads of this process."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from linkage.engines.cores import usable_cores
from linkage.engines.ordered import in_order
from linkage.search.engine import FilterPairs
from linkage.search.parts import PART_ROWS, PartsEngine, Split


class ThreadsEngine(PartsEngine):
    """Compares parts in threads; the kernel lets other threads run."""

    def __init__(self, *, threads: int | None = None, part_rows: int = PART_ROWS) -> None:
        """Use `threads` threads, or one for each core that this process may use."""
        self._threads = threads or usable_cores()
        self.part_rows = part_rows

    def compare_parts(self, split: Split) -> Iterator[FilterPairs]:
        """Yield the pairs of each part in order; only a few parts are held at once."""
        with ThreadPoolExecutor(self._threads, thread_name_prefix="search") as pool:
            yield from in_order(lambda first, end: pool.submit(split.compare, first, end), split.ranges, workers=self._threads)
