"""The engine interface: which pairs of filters reach the cut. Pure.

Every engine gives the same pairs and scores in the same order; `anonlink` is the first, and the reference.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from schemas.errors import SubmissionError

Filters = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class FilterPairs:
    """Pairs of filters at or above the cut: row numbers on each side and Dice scores, ordered by (left, right)."""

    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    score: npt.NDArray[np.float64]


class Engine(Protocol):
    """Compares every filter of one side with every filter of the other."""

    def candidate_pairs(self, left: Filters, right: Filters, *, cut: float, top_k: int) -> FilterPairs:
        """Return the pairs with Dice at least `cut`: each left filter's best `top_k`, and of those each right filter's.

        Args:
            left: filters, shape (n, bytes).
            right: filters, shape (m, bytes), of the same length.
            cut: smallest Dice coefficient of a candidate, in (0, 1].
            top_k: how many candidates a filter keeps, on either side; which of equals is not said.
        """
        ...


def check_filters(filters: Filters) -> None:
    """Check that a set of filters can be compared.

    Raises:
        SubmissionError: filters without bytes, or one that is constant: a compiled kernel turns these into silent "no matches".
    """
    if filters.ndim != 2 or filters.shape[1] == 0:  # noqa: PLR2004 - rows and bytes
        raise SubmissionError("filters: want one row of equal length for each; encode and submit again")
    constant = (filters == 0).all(axis=1) | (filters == 255).all(axis=1)  # noqa: PLR2004 - a full byte
    if len(filters) and constant.any():
        raise SubmissionError("filters: one is constant; encode and submit again")
