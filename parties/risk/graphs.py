"""Graph matching: who is who, from how alike filters are to one another. Pure.

No key and no known filter is needed, only a list of the same people. Seeds, people whose filters are known, make it easier.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from parties.risk.attacked import PLAIN, Attacked, expected_likeness

Matrix = NDArray[np.float64]
WARMTHS = (1.0, 0.5, 0.2)  # how much of a start is the first guess; the rest is everybody alike
ITERATIONS = 60


def matched(made: Attacked, seeds: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
    """Return for each row seen the attacker's row that graph matching takes it for.

    Args:
        made: what is attacked.
        seeds: rows of `seen` whose owners the attacker knows.
    """
    known = np.array([], dtype=np.int64) if seeds is None else seeds
    seen = standardised(expected_likeness(made.seen, made.seen, PLAIN))
    public = standardised(expected_likeness(made.public, made.public, made.diffusion))
    return align(seen, public, np.column_stack([known, made.owner[known]]))


def standardised(similarity: Matrix) -> Matrix:
    """Return similarities with mean 0 and standard deviation 1, and nothing of a row with itself."""
    others = ~np.eye(len(similarity), dtype=bool)
    scaled: Matrix = (similarity - similarity[others].mean()) / similarity[others].std()
    return np.where(others, scaled, 0.0)


def align(seen: Matrix, public: Matrix, known: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return, for each row of `seen`, the row of `public` that it is taken for: the best of alignments from several starts.

    Args:
        seen: standardised similarities of what was sent, shape (n, n).
        public: those of what the attacker knows, of the same shape.
        known: pairs of a row of `seen` and its row of `public`, shape (k, 2).

    Source: Vogelstein et al. (2015), PLoS ONE 10:e0121002, the fast approximate quadratic assignment algorithm.
    """
    from scipy.optimize import quadratic_assignment

    free = np.setdiff1d(np.arange(len(seen)), known[:, 0]), np.setdiff1d(np.arange(len(seen)), known[:, 1])
    first = (
        _first_guess(seen[np.ix_(free[0], known[:, 0])], public[np.ix_(free[1], known[:, 1])]) if len(known) else _by_profile(seen, public)
    )
    options = {"maximize": True, "partial_match": known, "maxiter": ITERATIONS}
    tried = [
        quadratic_assignment(seen, public, options={**options, "P0": warmth * first + (1 - warmth) / len(first)}) for warmth in WARMTHS
    ]
    guesses: NDArray[np.int64] = max(tried, key=lambda found: found.fun).col_ind
    return guesses


def _first_guess(seen: Matrix, public: Matrix) -> Matrix:
    """Return the permutation under which similarities to the known people agree best."""
    return _permutation(seen @ public.T)


def _by_profile(seen: Matrix, public: Matrix) -> Matrix:
    """Return the permutation under which sorted similarities agree best."""
    profiles: Sequence[Matrix] = [np.sort(similarity, axis=1) for similarity in (seen, public)]
    squares = (profiles[0] ** 2).sum(axis=1)[:, None] + (profiles[1] ** 2).sum(axis=1)
    return _permutation(2 * profiles[0] @ profiles[1].T - squares)


def _permutation(score: Matrix) -> Matrix:
    from scipy.optimize import linear_sum_assignment

    chosen = np.zeros_like(score)
    chosen[linear_sum_assignment(score, maximize=True)] = 1
    return chosen
