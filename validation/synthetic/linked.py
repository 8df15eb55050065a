"""Links of invented rounds, false and missing ones among them, and samples of them: to measure how sure a corrected count is. Pure."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class LinkedRounds(NamedTuple):
    """Of each round: how many children are linked, rightly or not; and of a sample of links how many are right, of one of children how many are linked."""

    linked: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    found: npt.NDArray[np.int64]


def linked_rounds(children: int, *, precision: float, recall: float, sample: int, rounds: int, seed: int) -> LinkedRounds:
    """Return `rounds` rounds of so many children, each found by chance; false links come as often as the precision says."""
    rng = np.random.default_rng(seed)
    found = rng.binomial(children, recall, rounds)
    false_links = rng.poisson(found * (1 - precision) / precision)
    return LinkedRounds(found + false_links, rng.binomial(sample, precision, rounds), rng.binomial(sample, recall, rounds))
