"""Discrete Gaussian noise on counts, and what it costs. Integers in, integers out; randomness is the system's own.

Two queries share one release's rho: the vector of areas and the nation's total. A family moves either by at most
`cap` in L2 norm, so noise of scale sigma costs cap² / 2 sigma² each, and the costs add up. Everything the ledger
sees is in whole millionths of rho, rounded up.

Source: Canonne, Kamath & Steinke (2020), the discrete Gaussian; Bun & Steinke (2016), zero-concentrated privacy.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

from linkage.disclosure.counting import Counts

MICRO = 1_000_000
PER_MILLE = 1_000
NATION_PER_MILLE = 250  # of a release's rho; its total is some hundred times an area's, so it bears more noise
DELTA = "1e-6"
DELTAS = (DELTA, "1e-7", "1e-10")
NORMAL_95 = 1.959964  # two-sided; a discrete Gaussian's sd is at most its scale, so the interval is no narrower than 95 %
_ROUNDING = 1e-9  # widens the scale, so that rho rounded up to a millionth is what was granted and not one more


@dataclass(frozen=True)
class Plan:
    """How noisy each query is. Scales are in children; costs in millionths of rho."""

    cap: int
    areas_scale: float
    nation_scale: float
    micro_rho: int
    epsilon_per_mille: int


@dataclass(frozen=True)
class Noised:
    """A count with noise, and its 95 % interval for the noise."""

    value: int
    lower: int
    upper: int


def plan(*, cap: int, micro_rho: int) -> Plan:
    """Share `micro_rho` between the queries; return scales, exact cost and epsilon at `DELTA`.

    Raises:
        ValueError: `micro_rho` or `cap` is too small to share out.
    """
    nation = micro_rho * NATION_PER_MILLE // PER_MILLE
    areas_scale, nation_scale = scale_for(micro_rho - nation, cap), scale_for(nation, cap)
    return Plan(
        cap=cap,
        areas_scale=areas_scale,
        nation_scale=nation_scale,
        micro_rho=cost(areas_scale, cap) + cost(nation_scale, cap),
        epsilon_per_mille=_epsilon_per_mille((areas_scale, nation_scale), cap, DELTA),
    )


def epsilons(noise: Plan) -> dict[str, int]:
    """Return epsilon in thousandths, rounded up, at each of `DELTAS`: which delta to judge by is the reader's choice."""
    scales = (noise.areas_scale, noise.nation_scale)
    return {delta: _epsilon_per_mille(scales, noise.cap, delta) for delta in DELTAS}


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


def noised(counts: Counts, noise: Plan) -> tuple[list[Noised], Noised]:
    """Return the areas' counts and the nation's with fresh noise, as measured: they need not add up, nor be positive."""
    areas = [_interval(value, noise.areas_scale) for value in draw(counts.areas, noise.areas_scale)]
    return areas, _interval(draw([counts.total], noise.nation_scale)[0], noise.nation_scale)


def _interval(value: int, scale: float) -> Noised:
    half = math.ceil(NORMAL_95 * scale)
    return Noised(value, value - half, value + half)


def _mechanism(scale: float) -> Any:
    if not 0 < scale < math.inf:  # the library takes 0 and gives the exact counts back
        raise ValueError("noise: the scale must be positive and finite")
    dp = _library()
    # T is named because the default is 32 bits wide and saturates without a word
    return dp.m.make_gaussian(dp.vector_domain(dp.atom_domain(T="i64")), dp.l2_distance(T=float), scale=scale)


def _epsilon_per_mille(scales: Sequence[float], cap: int, delta: str) -> int:
    dp = _library()
    together = dp.c.make_zCDP_to_approxDP(dp.c.make_composition([_mechanism(scale) for scale in scales]))
    epsilon: float = together.map(float(cap)).epsilon(delta=float(delta))
    return math.ceil(epsilon * PER_MILLE)


@cache
def _library() -> ModuleType:
    import opendp.prelude as dp  # seconds to load

    dp.enable_features("contrib")
    return dp
