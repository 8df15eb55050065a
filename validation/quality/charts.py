"""What the quality report draws, as numbers: weights by bin, quality by threshold, and which pairs stand for the rest. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from validation.quality.pairs import Labels, Mask, ScoredPairs, same_label, true_pair_count

Bits = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

BINS: Final = 80  # at most; a bin is a whole number of bits wide
POINTS: Final = 400  # of a curve, at most: more cannot be told apart on a page


@dataclass(frozen=True)
class Distribution:
    """How many candidate pairs have which weight: edges of the bins in bits, and counts. Without truth all are in `other`."""

    edges: Bits
    true: Counts
    other: Counts


@dataclass(frozen=True)
class Curve:
    """Quality of the rule "weight at or above this threshold", thresholds in bits falling; empty where no pair is true."""

    threshold: Bits
    precision: Bits
    recall: Bits
    f1: Bits


def distribution(weight: Bits, true: Mask | None) -> Distribution:
    """Return how many pairs fall into bins of equal width.

    Args:
        weight: of each pair, bits.
        true: whether each pair is one person; None without truth.
    """
    low, high = (np.floor(weight.min()), np.floor(weight.max()) + 1) if len(weight) else (0.0, 1.0)
    width = max(1.0, np.ceil((high - low) / BINS))
    edges = np.arange(low, high + width, width)
    mask = np.zeros(len(weight), dtype=np.bool_) if true is None else true
    return Distribution(edges, *(np.histogram(weight[part], edges)[0].astype(np.int64) for part in (mask, ~mask)))


def threshold_curve(pairs: ScoredPairs, left: Labels, right: Labels) -> Curve:
    """Return precision, recall and F1 at every threshold that a pair's score sets."""
    total = true_pair_count(left, right)
    order = np.argsort(-pairs.score, kind="stable")
    score = pairs.score[order]
    found = np.cumsum(same_label(pairs.left, pairs.right, left, right)[order])
    last_of_score = np.append(np.diff(score) != 0, True) if len(score) and total else np.zeros(len(score), dtype=np.bool_)
    accepted, found = np.arange(1, len(score) + 1)[last_of_score], found[last_of_score]
    return Curve(score[last_of_score], found / accepted, found / max(total, 1), 2 * found / (accepted + total))


def thinned(curve: Curve) -> Curve:
    """Return at most `POINTS` of a curve's points, evenly by place, with both ends."""
    places = np.unique(np.linspace(0, len(curve.threshold) - 1, POINTS).astype(np.int64)) if len(curve.threshold) else slice(0)
    return Curve(curve.threshold[places], curve.precision[places], curve.recall[places], curve.f1[places])


def best_f1(curve: Curve) -> dict[str, float | None]:
    """Return the best F1 of any threshold and the threshold, in hindsight; None without true pairs."""
    if not len(curve.f1):
        return {"f1_best": None, "f1_best_bits": None}
    best = int(np.argmax(curve.f1))
    return {"f1_best": round(float(curve.f1[best]), 4), "f1_best_bits": round(float(curve.threshold[best]), 2)}


def representatives(weight: Bits, levels: npt.NDArray[np.uint8], *, link: float, theta: float) -> Mapping[str, int]:
    """Return pairs that show how weights come about, chosen by rule: what each stands for → its place.

    Args:
        weight: of each pair, bits.
        levels: how far each field agrees, shape (pairs, fields).
        link: weight from which pairs are linked, bits.
        theta: weight from which pairs may be released, bits.
    """
    if not len(weight):
        return {}
    chosen = {"surest": int(np.argmax(weight))}
    above, below, linked = np.flatnonzero(weight >= theta), np.flatnonzero(weight < theta), np.flatnonzero(weight >= link)
    if len(above):
        chosen["just above theta"] = int(above[np.argmin(weight[above])])
    if len(below):
        chosen["just below theta"] = int(below[np.argmax(weight[below])])
    if len(linked):
        _, first, counts = np.unique(levels[linked], axis=0, return_index=True, return_counts=True)
        chosen["most common among links"] = int(linked[first[np.argmax(counts)]])
    return chosen
