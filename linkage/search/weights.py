"""Match weights: what an agreement pattern over the projections says, in bits. Pure.

A pattern is one level per projection, from "absent" and "below the cut" to "equal". Its weight is log2 of how much more
often it occurs among pairs that are one person than among pairs that are not (Fellegi & Sunter 1969), counted on
invented populations and shipped as a table. Levels are joint, not multiplied: projections share fields, and a twin
(equal surname, date of birth and address, another forename) is a pattern of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log2
from typing import Any

import numpy as np
import numpy.typing as npt

ABSENT, BELOW = 0, 1
LEVEL_BOUNDS = (0.60, 0.66, 0.74, 0.84, 0.97)  # Dice after diffusion at t = 9; noise is .5 with sd 1/64
LEVELS = len(LEVEL_BOUNDS) + 2  # absent, below the cut, and one for each bound
NO_EVIDENCE_BITS = -50.0  # a pattern without an agreement is no candidate

Scores = npt.NDArray[np.float64]


@dataclass(frozen=True)
class WeightTable:
    """Weight in bits of every pattern code, and what each was counted on."""

    bits: npt.NDArray[np.float64]

    def of(self, scores: Scores) -> npt.NDArray[np.float64]:
        """Return the weight of each pair; `scores` has shape (pairs, projections)."""
        return self.bits[pattern_codes(scores)]


def pattern_levels(scores: Scores) -> npt.NDArray[np.int64]:
    """Return the level of every score: 0 for NaN (absent), 1 below the cut, then one for each bound."""
    levels: npt.NDArray[np.int64] = np.where(np.isnan(scores), ABSENT, BELOW + np.digitize(scores, LEVEL_BOUNDS))
    return levels


def pattern_codes(scores: Scores) -> npt.NDArray[np.int64]:
    """Return one code per row of `scores`: its levels as digits, the first projection highest."""
    levels = pattern_levels(scores)
    codes = np.zeros(len(scores), dtype=np.int64)
    for column in range(scores.shape[1]):
        codes = codes * LEVELS + levels[:, column]
    return codes


def load_weights(table: Mapping[str, Any], population: str, projections: int) -> WeightTable:
    """Return the weights of one population out of the shipped table (hundredths of a bit by pattern text)."""
    bits = np.full(LEVELS**projections, NO_EVIDENCE_BITS)
    for text, centibits in table[population].items():
        bits[int(text, LEVELS)] = centibits / 100
    return WeightTable(bits)


def prior_bits(pool_size: int) -> float:
    """Return log2 of the prior odds that a given member of a pool is the one person sought, who may be in it or not."""
    return -log2(2 * max(pool_size, 1))
