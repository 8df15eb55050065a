"""The unit of work that engines share: a part of the larger side against the whole of the other. Pure.

An engine says where parts are compared (`PartsEngine.compare_parts`); order, ties, limits and the bound on pairs are decided
here, so that no engine, part size or number of workers changes a result.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from linkage.search.engine import MAX_PAIRS, FilterPairs, Filters, check_number, check_sides
from validation.progress import Progress, silent

PART_ROWS = 32_768  # a multiple of the kernel's tile; 4 MiB of 1,024-bit filters
MERGE_PAIRS = 1_000_000  # so many may wait before they are cut down to the best

Rows = npt.NDArray[np.int64]


def part_ranges(rows: int, part_rows: int = PART_ROWS) -> list[tuple[int, int]]:
    """Return the first row of every part of `rows` rows and the one after its last."""
    return [(first, min(first + part_rows, rows)) for first in range(0, rows, part_rows)]


@dataclass(frozen=True)
class Split:
    """One search, its larger side in parts."""

    left: Filters
    right: Filters
    cut: float
    max_pairs: int = MAX_PAIRS
    part_rows: int = PART_ROWS

    @property
    def part_is_left(self) -> bool:
        """Whether the left side is the larger, and so in parts."""
        return len(self.left) >= len(self.right)

    @property
    def other(self) -> Filters:
        """The smaller side, which every part is compared with."""
        return self.right if self.part_is_left else self.left

    @property
    def ranges(self) -> list[tuple[int, int]]:
        """The rows of each part; none where a side is empty."""
        return part_ranges(max(len(self.left), len(self.right)), self.part_rows) if len(self.other) else []

    def part(self, first: int, end: int) -> Filters:
        """Return the filters of one range of the larger side."""
        return (self.left if self.part_is_left else self.right)[first:end]

    def compare(self, first: int, end: int) -> FilterPairs:
        """Compare one range with the other side, here; see `compare_part`."""
        return compare_part(self.part(first, end), self.other, cut=self.cut, part_is_left=self.part_is_left, max_pairs=self.max_pairs)


def compare_part(part: Filters, other: Filters, *, cut: float, part_is_left: bool, max_pairs: int = MAX_PAIRS) -> FilterPairs:
    """Return the pairs of a part and the other side that reach the cut, ordered by (row in the part, row of the other side).

    Args:
        part: filters of the larger side, shape (rows, bytes).
        other: all filters of the smaller side.
        cut: smallest Dice coefficient of a candidate, in (0, 1].
        part_is_left: whether the larger side is the left one; row numbers in the result are those of `part` there.
        max_pairs: stop with an error after so many.

    Raises:
        AgreementError: over `max_pairs` pairs reach the cut.
    """
    from linkage.search.kernel import reaching

    rows, others, score = reaching(part, other, cut=cut, part_is_left=part_is_left, limit=max_pairs)
    check_number(len(rows), max_pairs)
    return FilterPairs(rows, others, score) if part_is_left else FilterPairs(others, rows, score)


def keep_best(pairs: FilterPairs, top_k: int | None) -> FilterPairs:
    """Return each left filter's best `top_k` pairs, and of those each right filter's, ordered by (left, right); None keeps all.

    The best have the highest score, then the lowest row.
    """
    if top_k is not None:
        pairs = _best_of(pairs, pairs.left, pairs.right, top_k)
        pairs = _best_of(pairs, pairs.right, pairs.left, top_k)
    return _taken(pairs, np.lexsort((pairs.right, pairs.left)))


def gather(parts: Iterable[FilterPairs], top_k: int | None) -> FilterPairs:
    """Put the pairs of all parts together and keep the best; see `keep_best`.

    A left filter's best of all parts are among its best of some, so what waits is cut down on the way.
    """
    kept, waiting = joined([]), list[FilterPairs]()
    for pairs in parts:
        waiting.append(pairs)
        if top_k is not None and sum(map(len, waiting)) > len(kept) + MERGE_PAIRS:
            every = joined([kept, *waiting])
            kept, waiting = _best_of(every, every.left, every.right, top_k), []
    return keep_best(joined([kept, *waiting]), top_k)


class PartsEngine(ABC):
    """An `Engine` out of something that compares parts."""

    part_rows = PART_ROWS

    @abstractmethod
    def compare_parts(self, split: Split) -> Iterator[FilterPairs]:
        """Yield what `compare_part` gives for each of `split.ranges`, in their order, with few parts held at once."""

    def candidate_pairs(
        self,
        left: Filters,
        right: Filters,
        *,
        cut: float,
        top_k: int | None = None,
        max_pairs: int = MAX_PAIRS,
        progress: Progress = silent,
    ) -> FilterPairs:
        """Return the pairs with Dice at least `cut`; see `Engine`."""
        return gather(self.stream_pairs(left, right, cut=cut, max_pairs=max_pairs, progress=progress), top_k)

    def stream_pairs(
        self, left: Filters, right: Filters, *, cut: float, max_pairs: int = MAX_PAIRS, progress: Progress = silent
    ) -> Iterator[FilterPairs]:
        """Yield the pairs with Dice at least `cut`; see `Engine`."""
        check_sides(left, right, cut=cut)
        return self._stream(Split(left, right, cut, max_pairs, self.part_rows), progress)

    def _stream(self, split: Split, progress: Progress) -> Iterator[FilterPairs]:
        ranges, found = split.ranges, 0
        for done, ((first, _), pairs) in enumerate(zip(ranges, self.compare_parts(split), strict=True), start=1):
            found += len(pairs)
            check_number(found, split.max_pairs)
            progress("compare", done, len(ranges))
            yield placed(pairs, first, 0) if split.part_is_left else placed(pairs, 0, first)


def placed(pairs: FilterPairs, first_left: int, first_right: int) -> FilterPairs:
    """Return pairs of parts as pairs of the whole sides, given the row of each side that its part begins with."""
    return FilterPairs(pairs.left + first_left, pairs.right + first_right, pairs.score)


def joined(parts: Iterable[FilterPairs]) -> FilterPairs:
    """Return the pairs of several parts one after the other."""
    none = FilterPairs(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    every = [none, *parts]
    return FilterPairs(
        np.concatenate([item.left for item in every]),
        np.concatenate([item.right for item in every]),
        np.concatenate([item.score for item in every]),
    )


def _taken(pairs: FilterPairs, positions: Rows) -> FilterPairs:
    return FilterPairs(pairs.left[positions], pairs.right[positions], pairs.score[positions])


def _best_of(pairs: FilterPairs, side: Rows, other: Rows, top_k: int) -> FilterPairs:
    """Return the best `top_k` pairs of every filter of `side`."""
    order = np.lexsort((other, -pairs.score, side))
    filters = side[order]
    begins = np.ones(len(order), dtype=np.bool_)
    begins[1:] = filters[1:] != filters[:-1]
    numbers = np.arange(len(order))
    rank = numbers - np.maximum.accumulate(np.where(begins, numbers, 0))
    return _taken(pairs, order[rank < top_k])
