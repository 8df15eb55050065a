"""Parts compared ahead of the one that is due, and given back in order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

AHEAD_PER_WORKER = 2  # one that is compared and one that waits: a worker is never idle, and memory stays small

Answer_co = TypeVar("Answer_co", covariant=True)
Answer = TypeVar("Answer")


class Future(Protocol[Answer_co]):
    """What threads and Dask give for a part under way."""

    def result(self) -> Answer_co:
        """Wait for the part's pairs, or raise what went wrong."""
        ...

    def cancel(self) -> object:
        """Let go of the part if it has not begun."""
        ...


def in_order(submit: Callable[[int, int], Future[Answer]], ranges: Iterable[tuple[int, int]], *, workers: int) -> Iterator[Answer]:
    """Yield what `submit` promises for each range, in their order; the promises left over are cancelled."""
    waiting: deque[Future[Answer]] = deque()
    try:
        for first, end in ranges:
            waiting.append(submit(first, end))
            if len(waiting) > AHEAD_PER_WORKER * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
