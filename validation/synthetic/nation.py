"""Counts of an invented nation, to measure how far published counts are off. No figure stands for anybody. Pure."""

import numpy as np
import numpy.typing as npt

CHILDREN, MEDIAN_SIZE, SPREAD = 190_000, 490.0, 0.6  # in all; of an authority; of the logarithm of its size
AGE_SHARES, SEX_SHARES = (0.24, 0.29, 0.29, 0.18), (0.05, 0.95)  # age bands 0-4, 5-9, 10-14, 15-17; the parent's sex


def nation_counts(authorities: int, seed: int) -> npt.NDArray[np.int64]:
    """Return how many children each authority has by age band and parent's sex: authorities of uneven size, some cells empty."""
    rng = np.random.default_rng(seed)
    sizes = rng.lognormal(np.log(MEDIAN_SIZE), SPREAD, authorities)
    mean = (sizes / sizes.sum() * CHILDREN)[:, np.newaxis, np.newaxis] * np.outer(AGE_SHARES, SEX_SHARES)
    return np.asarray(rng.poisson(mean), dtype=np.int64)
