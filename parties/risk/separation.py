"""Can two groups be told apart? Pure: numbers in, numbers out."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def auc(positive: ArrayLike, negative: ArrayLike) -> float:
    """Return the chance that a score of `positive` is above one of `negative`, ties counting half: .5 is no difference.

    Source: Mann & Whitney (1947), Ann Math Stat 18:50.
    """
    above, below = np.asarray(positive, dtype=np.float64), np.sort(np.asarray(negative, dtype=np.float64))
    lower, not_above = np.searchsorted(below, above, side="left"), np.searchsorted(below, above, side="right")
    return float((lower + not_above).mean() / (2 * len(below)))


def linear_guesses(
    known: NDArray[np.float64], classes: NDArray[np.int64], unknown: NDArray[np.float64], *, ridge: float
) -> NDArray[np.int64]:
    """Return the class of each row of `unknown` that a linear classifier, learned on `known`, thinks likeliest.

    Args:
        known: features, shape (rows, features).
        classes: class of each known row, numbered from 0.
        unknown: features of the rows to guess.
        ridge: how strongly weights are held down.
    """
    centre = known.mean(axis=0)
    features, wanted = known - centre, np.eye(int(classes.max()) + 1)[classes]
    weights = np.linalg.solve(features.T @ features + ridge * np.eye(known.shape[1]), features.T @ (wanted - wanted.mean(axis=0)))
    guesses: NDArray[np.int64] = ((unknown - centre) @ weights + wanted.mean(axis=0)).argmax(axis=1)
    return guesses
