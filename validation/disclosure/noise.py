"""Discrete Gaussian noise on counts, and what it costs. Integers in, integers out; randomness is the system's own.

A release's queries share its rho. A family moves each of them by at most `cap` in L2 norm, so noise of scale sigma costs
cap² / 2 sigma² each, and the costs add up. Everything the ledger sees is in whole millionths of rho, rounded up.

Source: Canonne, Kamath & Steinke (2020), the discrete Gaussian; Bun & Steinke (2016), zero-concentrated privacy.
"""

import math
from collections.abc import Sequence
from functools import cache
from types import ModuleType
from typing import Any

MICRO = 1_000_000
PER_MILLE = 1_000
DELTA = "1e-6"
DELTAS = (DELTA, "1e-7", "1e-10")
NORMAL_95 = 1.959964  # two-sided; a discrete Gaussian's sd is at most its scale, so the interval is no narrower than 95 %
_ROUNDING = 1e-9  # widens the scale, so that rho rounded up to a millionth is what was granted and not one more


def epsilons(scales: Sequence[float], cap: int) -> dict[str, int]:
    """Return what queries of these scales and of L2 sensitivity `cap` cost together, as epsilon in thousandths, rounded up, at each of `DELTAS`.

    Which delta to judge by is the reader's choice.
    """
    dp = _library()
    together = dp.c.make_zCDP_to_approxDP(dp.c.make_composition([_mechanism(scale) for scale in scales])).map(float(cap))
    return {delta: math.ceil(together.epsilon(delta=float(delta)) * PER_MILLE) for delta in DELTAS}


def epsilons_of(micro_rho: int) -> dict[str, int]:
    """Return what so much rho is as epsilon, as `epsilons` does; of several releases it is the sum of theirs.

    Raises:
        ValueError: it is not positive.
    """
    if micro_rho <= 0:
        raise ValueError("noise: rho must be positive")
    return epsilons([math.sqrt(MICRO / (2 * micro_rho))], 1)


def scale_for(micro_rho: int, cap: int) -> float:
    """Return the scale at which a query of L2 sensitivity `cap` costs `micro_rho`.

    Raises:
        ValueError: either is not positive.
    """
    if micro_rho <= 0 or cap <= 0:
        raise ValueError("noise: rho and the cap must be positive")
    return cap * math.sqrt(MICRO / (2 * micro_rho)) * (1 + _ROUNDING)


def cost(scale: float, cap: int) -> int:
    """Return what noise of `scale` costs a query of L2 sensitivity `cap`, in millionths of rho, rounded up."""
    rho: float = _mechanism(scale).map(float(cap))
    return math.ceil(rho * MICRO)


def draw(values: Sequence[int], scale: float) -> list[int]:
    """Return `values` with fresh discrete Gaussian noise of `scale`.

    Raises:
        ValueError: the scale is not positive.
    """
    return [int(value) for value in _mechanism(scale)([int(value) for value in values])]


def _mechanism(scale: float) -> Any:
    if not 0 < scale < math.inf:  # the library takes 0 and gives the exact counts back
        raise ValueError("noise: the scale must be positive and finite")
    dp = _library()
    # T is named because the default is 32 bits wide and saturates without a word
    return dp.m.make_gaussian(dp.vector_domain(dp.atom_domain(T="i64")), dp.l2_distance(T=float), scale=scale)


@cache
def _library() -> ModuleType:
    import opendp.prelude as dp  # seconds to load

    dp.enable_features("contrib")
    return dp
