"""Theta and delta of a round, out of what controls show of each step's thresholds. Pure.

The agreed thresholds are the least; what controls can do is ask for more. A step is taken where the upper limit of its
misidentification meets the target; as one of several steps is chosen, each one's limit is at a confidence that holds for all
together (Bonferroni). Where no step has the evidence, the agreed thresholds stay.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from validation.quality.controls import MILLION, Tally, summed_like_people
from validation.quality.limits import CONFIDENCE, upper_limit

Reason = Literal["not enough evidence", "the agreed thresholds meet the target", "raised to meet the target"]


@dataclass(frozen=True)
class Chosen:
    """The step whose thresholds hold, why, and what its evidence is: released controls, wrong ones, and the upper limit of their share."""

    step: int
    reason: Reason
    released: int
    wrong: int
    upper_limit: float


def choose(steps: Sequence[Mapping[str, Tally]], *, misidentified_per_million: int) -> Chosen:
    """Return the first step whose controls support the target, or the agreed thresholds.

    Args:
        steps: the tallies at each step's thresholds, the agreed ones first, over all rounds that count.
        misidentified_per_million: the target, of those released.
    """
    confidence = 1 - (1 - CONFIDENCE) / len(steps)
    evidence = [_evidence(step, summed_like_people(tallies), confidence) for step, tallies in enumerate(steps)]
    supported = next((found for found in evidence if found.upper_limit * MILLION <= misidentified_per_million), None)
    if supported is None:
        return evidence[0]
    return replace(supported, reason="raised to meet the target" if supported.step else "the agreed thresholds meet the target")


def _evidence(step: int, tally: Tally, confidence: float) -> Chosen:
    released = tally.right + tally.wrong
    return Chosen(step, "not enough evidence", released, tally.wrong, upper_limit(tally.wrong, released, confidence))
