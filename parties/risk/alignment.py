"""Aligning what is seen with what is known of the population: by frequency, by graph. Pure.

The attacker has no key and no known pair, only a public list that resembles the data.
"""

from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray


def frequency_guesses(seen: Sequence[Hashable], public: Sequence[str]) -> list[str]:
    """Return a value for each of `seen`: the commonest code is taken for the commonest public value, and so on down."""
    values = [value for value, _ in Counter(public).most_common()]
    codes = [code for code, _ in Counter(seen).most_common()]
    meaning = {code: values[min(rank, len(values) - 1)] for rank, code in enumerate(codes)}
    return [meaning[code] for code in seen]


def graph_guesses(seen: NDArray[np.float64], public: NDArray[np.float64], *, starts: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return, for each row of `seen`, the row of `public` that it is taken for: the best alignment of two similarity graphs.

    Args:
        seen: similarities of what was sent, shape (n, n).
        public: similarities of what the attacker knows, of the same shape.
        starts: how often to start anew; the best counts.
        rng: of the starts.

    Source: Vogelstein et al. (2015), PLoS ONE 10:e0121002, the fast approximate quadratic assignment algorithm.
    """
    from scipy.optimize import quadratic_assignment

    options = {"maximize": True, "P0": "randomized", "rng": rng}
    tried = [quadratic_assignment(seen, public, options=options) for _ in range(starts)]
    guesses: NDArray[np.int64] = max(tried, key=lambda found: found.fun).col_ind
    return guesses
