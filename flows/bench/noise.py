"""Is the noise what it is said to be? The sampler against its exact distribution, and an attack on neighbours; each with a control that must fail."""

from collections.abc import Callable

import numpy as np
from scipy import stats

from validation.disclosure.noise import DELTA, draw, scale_for

SCALES = (0.7, 4.0, 12.65, 18.1)
CONTROL_SCALE = 0.7
LEAST_EXPECTED = 10  # of a chi-square's bin
CONFIDENCE = 1e-9
WEAKER = 8  # how many times too little noise the attack's control has

Sampler = Callable[[int, float], np.ndarray]


def sampled(size: int, scale: float) -> np.ndarray:
    """Draw noise as releases do."""
    return np.array(draw([0] * size, scale), dtype=np.int64)


def rounded_normal(size: int, scale: float) -> np.ndarray:
    """Return the control: a normal's quantiles, rounded. At small scales that is not the discrete Gaussian."""
    return np.asarray(np.rint(stats.norm.ppf((np.arange(size) + 0.5) / size) * scale), dtype=np.int64)


def fit(sampler: Sampler, scale: float, size: int) -> float:
    """Return the chi-square p value of `size` draws against the discrete Gaussian of `scale`."""
    reach = int(np.ceil(12 * scale)) + 2
    mass = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * scale**2))
    expected = mass / mass.sum() * size
    inner = np.flatnonzero(expected >= LEAST_EXPECTED)
    low, high = int(inner[0]), int(inner[-1])
    seen = np.bincount(np.clip(sampler(size, scale) + reach, low, high), minlength=high + 1)[low : high + 1]
    binned = np.concatenate([[expected[: low + 1].sum()], expected[low + 1 : high], [expected[high:].sum()]])
    return float(stats.chisquare(seen, binned).pvalue)


def empirical_epsilon(cap: int, micro_rho: int, size: int, *, weaker: int = 1) -> float:
    """Return the largest epsilon that an attacker proves from `size` draws of a count with and one without a family.

    Every threshold is tried; bounds are Clopper and Pearson's, shared among them. More than the claim would refute it.

    Args:
        cap: the family's children.
        micro_rho: what the count costs.
        size: draws of each side.
        weaker: divides the noise, for the control.
    """
    scale = scale_for(micro_rho, cap) / weaker
    without, with_family = sampled(size, scale), sampled(size, scale) + cap
    thresholds = np.unique(np.quantile(without, np.linspace(0.01, 0.999, 60)))
    level = CONFIDENCE / len(thresholds)
    noticed = (with_family[:, np.newaxis] > thresholds).sum(axis=0)
    mistaken = (without[:, np.newaxis] > thresholds).sum(axis=0)
    least_seen = stats.beta.ppf(level, noticed, size - noticed + 1)
    most_mistaken = stats.beta.isf(level, mistaken + 1, size - mistaken)
    proven = np.log(np.maximum(least_seen - float(DELTA), 1e-300) / most_mistaken)
    return float(max(0.0, proven[np.isfinite(proven)].max()))
