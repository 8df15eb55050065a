"""Known plaintext: from filters of people who are known, what everybody else's filters should look like. Pure."""

import numpy as np
from numpy.typing import NDArray

from parties.risk.attacked import Attacked, expected_likeness

RIDGE = 0.01


def read_by_known(made: Attacked, known: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each of `others` the attacker's row, out of theirs, whose predicted filter fits best.

    Filters are predicted by kernel ridge regression. The kernel is how alike filters are expected to be, so that nothing has to be
    learned that follows from the parameters.

    Args:
        made: what is attacked.
        known: rows of `seen` whose owners the attacker knows.
        others: the rows to read; the attacker knows that they are of the people who are left.

    Source: Rasmussen & Williams (2006), Gaussian Processes for Machine Learning, equation 2.25.
    """
    from scipy.linalg import solve

    told, asked = made.public[made.owner[known]], made.public[made.owner[others]]
    likeness = expected_likeness(told, told, made.diffusion) + RIDGE * np.eye(len(told))
    weights = solve(likeness, made.seen[known], assume_a="pos", overwrite_a=True)
    predicted = expected_likeness(asked, told, made.diffusion) @ weights
    fit = made.seen[others] @ (predicted / np.linalg.norm(predicted, axis=1, keepdims=True)).T
    read: NDArray[np.int64] = made.owner[others][fit.argmax(axis=1)]
    return read
