"""Search in threads of this process."""

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from linkage.search.engine import FilterPairs
from linkage.search.parts import PART_ROWS, PartsEngine, Split

WAITING_PER_THREAD = 2  # compared ahead of the part that is due


class ThreadsEngine(PartsEngine):
    """Compares parts in threads; the kernel lets other threads run."""

    def __init__(self, *, threads: int | None = None, part_rows: int = PART_ROWS) -> None:
        """Use `threads` threads, or one for each core that this process may use."""
        self._threads = threads or len(os.sched_getaffinity(0))
        self.part_rows = part_rows

    def compare_parts(self, split: Split) -> Iterator[FilterPairs]:
        """Yield the pairs of each part in order; only a few parts are held at once."""
        pool = ThreadPoolExecutor(self._threads, thread_name_prefix="search")
        waiting: deque[Future[FilterPairs]] = deque()
        try:
            for first, end in split.ranges:
                waiting.append(pool.submit(split.compare, first, end))
                if len(waiting) > WAITING_PER_THREAD * self._threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
