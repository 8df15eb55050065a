"""How far a share that was counted can be trusted: exact limits at 95 %, and whether they support a target. Pure.

Source: Clopper & Pearson (1934), Biometrika 26(4).
"""

from typing import Final, Literal, TypedDict

from scipy.special import betaincinv

CONFIDENCE: Final = 0.95
MISIDENTIFIED_AT_MOST: Final = 1 / 2_000  # of released pairs; without an error that takes 5,990 of them to show
Verdict = Literal["supported", "missed", "not enough evidence"]


class Misidentification(TypedDict):
    """Wrong pairs among those released, with the one-sided upper limit of their share."""

    released: int
    wrong: int
    share: float | None
    upper_95: float
    target: float
    verdict: Verdict


def lower_limit(count: int, of: int, confidence: float = CONFIDENCE) -> float:
    """Return the one-sided lower limit of a share of which `count` of `of` were seen; 0 where nothing was."""
    return float(betaincinv(count, of - count + 1, 1 - confidence)) if count else 0.0


def upper_limit(count: int, of: int, confidence: float = CONFIDENCE) -> float:
    """Return the one-sided upper limit of a share of which `count` of `of` were seen; 1 where nothing was looked at."""
    return float(betaincinv(count + 1, of - count, confidence)) if count < of else 1.0


def interval(count: int, of: int) -> tuple[float, float]:
    """Return both limits of a share: outside are 2.5 % on either side."""
    either = (1 + CONFIDENCE) / 2
    return lower_limit(count, of, either), upper_limit(count, of, either)


def misidentification(released: int, wrong: int, target: float = MISIDENTIFIED_AT_MOST) -> Misidentification:
    """Return the share of released pairs that are wrong, its upper limit, and whether the target is supported.

    Missed is a target that even the lower limit is above; between the two there is not enough evidence.
    """
    upper = upper_limit(wrong, released)
    return {
        "released": released,
        "wrong": wrong,
        "share": round(wrong / released, 6) if released else None,
        "upper_95": round(upper, 6),
        "target": target,
        "verdict": _verdict(lower_limit(wrong, released), upper, target),
    }


def _verdict(lower: float, upper: float, target: float) -> Verdict:
    if upper <= target:
        return "supported"
    return "missed" if lower > target else "not enough evidence"
