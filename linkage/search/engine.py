"""The engine interface: which pairs of filters reach the cut. Pure.

Every engine gives the same pairs and scores in the same order, however it divides the work; `anonlink` is the reference.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas.errors import AgreementError, SubmissionError
from validation.progress import Progress, silent

MAX_PAIRS = 50_000_000  # about 1.2 GB; a search that passes it has a cut among the scores of unrelated people
WORD_BYTES = 8
WIDEST_BITS = 4_096  # what the kernel's counters have digits for
WIDTHS = range(WORD_BYTES, WIDEST_BITS // 8 + 1, WORD_BYTES)  # bytes of a filter
CHECK_ROWS = 65_536  # so that a mapped file is never in memory as a whole

Filters = npt.NDArray[np.uint8]

PAIRS = pa.schema(
    [pa.field(name, kind, nullable=False) for name, kind in (("left", pa.int64()), ("right", pa.int64()), ("score", pa.float64()))]
)


@dataclass(frozen=True)
class FilterPairs:
    """Pairs of filters at or above the cut: row numbers on each side and Dice scores, ordered by (left, right)."""

    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    score: npt.NDArray[np.float64]

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self.left)

    def as_batch(self) -> pa.RecordBatch:
        """Return the pairs as Arrow: left and right (int64), score (float64)."""
        return pa.record_batch([self.left, self.right, self.score], schema=PAIRS)


class Engine(Protocol):
    """Compares every filter of one side with every filter of the other.

    Both searches take filters of shape (n, bytes) and (m, bytes), which may be mapped files, and raise
    `SubmissionError` for filters that cannot be compared and `AgreementError` for a cut outside (0, 1] or one that over
    `max_pairs` pairs reach, counted before `top_k`. `progress` hears of each part.
    """

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
        """Return the pairs with Dice at least `cut`, ordered by (left, right).

        Args:
            left: filters of one side.
            right: filters of the other.
            cut: smallest Dice coefficient of a candidate, in (0, 1].
            top_k: keep each left filter's best `top_k`, and of those each right filter's; of equals the lower row. None keeps all.
            max_pairs: more than these are an error.
            progress: hears "compare", parts done, parts in all.
        """
        ...

    def stream_pairs(
        self, left: Filters, right: Filters, *, cut: float, max_pairs: int = MAX_PAIRS, progress: Progress = silent
    ) -> Iterator[FilterPairs]:
        """Yield the pairs with Dice at least `cut` as they are found, ordered by (row of the larger side, row of the other).

        Equal sides: left counts as the larger. How many pairs come at once is not said; put together they are the same for every engine.
        """
        ...


def check_sides(left: Filters, right: Filters, *, cut: float) -> None:
    """Check that two sides can be compared at a cut, in blocks of rows.

    Raises:
        SubmissionError: as `check_filters`, or the sides' filters differ in length.
        AgreementError: the cut is outside (0, 1].
    """
    if not 0 < cut <= 1:
        raise AgreementError("search: the cut is not above 0 and at most 1; agree on another search.cut_per_mille")
    for side in (left, right):
        check_filters(side)
    if left.shape[1] != right.shape[1]:
        raise SubmissionError("filters: the two sides differ in length; encode both with one schema and submit again")


def check_filters(filters: Filters) -> None:
    """Check that a set of filters can be compared.

    Raises:
        SubmissionError: rows that are ragged, empty or no multiple of 64 bits, or one that is constant: a compiled kernel turns these into
            silent "no matches".
    """
    if filters.ndim != 2 or filters.dtype != np.uint8 or filters.shape[1] not in WIDTHS:  # noqa: PLR2004 - rows and bytes
        raise SubmissionError("filters: want one row of equal length for each, a multiple of 64 bits up to 4,096; encode and submit again")
    for first in range(0, len(filters), CHECK_ROWS):
        words = np.ascontiguousarray(filters[first : first + CHECK_ROWS]).view(np.uint64)
        if ((words == 0).all(axis=1) | (words == ~np.uint64(0)).all(axis=1)).any():
            raise SubmissionError("filters: one is constant; encode and submit again")


def check_number(pairs: int, max_pairs: int) -> None:
    """Check that a search has not found more pairs than it may.

    Raises:
        AgreementError: it has.
    """
    if pairs > max_pairs:
        raise AgreementError(f"search: over {max_pairs:,} pairs of filters reach the cut; agree on a higher search.cut_per_mille")
