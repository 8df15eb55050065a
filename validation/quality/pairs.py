"""Links between two labelled files against the truth: precision, recall, and recall where precision must hold. Pure."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Labels = Sequence[str]
Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
STRICT = {"recall_at_p99": 0.99, "recall_at_p999": 0.999}


@dataclass(frozen=True)
class ScoredPairs:
    """Pairs of input rows, each with a score; higher is surer."""

    left: Rows
    right: Rows
    score: npt.NDArray[np.float64]


def true_pair_count(left: Labels, right: Labels) -> int:
    """Return how many pairs of rows have one label; rows without a label are in none."""
    counts = Counter(label for label in right if label)
    return sum(counts[label] for label in left if label)


def same_label(left_rows: Rows, right_rows: Rows, left: Labels, right: Labels) -> Mask:
    """Return whether the two rows of each pair have one label; a row without a label has none with any."""
    return np.array(
        [bool(left[one]) and left[one] == right[other] for one, other in zip(left_rows, right_rows, strict=True)], dtype=np.bool_
    )


def true_pairs(left: Labels, right: Labels) -> tuple[Rows, Rows]:
    """Return the left and the right rows of every pair of rows with one label, ordered by the left rows."""
    of_label: dict[str, list[int]] = defaultdict(list)
    for row, label in enumerate(right):
        of_label[label].append(row)
    found = [(row, other) for row, label in enumerate(left) if label for other in of_label.get(label, ())]
    pairs = np.array(found, dtype=np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def measure(pairs: ScoredPairs, chosen: Mask, left: Labels, right: Labels) -> dict[str, float | int | None]:
    """Return the figures of the chosen pairs, and recall at strict precision over the order of all of them.

    Args:
        pairs: every pair that was scored, at most one for each row.
        chosen: which of them the rule accepts.
        left: true labels of the left rows.
        right: true labels of the right rows.
    """
    right_pairs = same_label(pairs.left, pairs.right, left, right)
    total, accepted, correct = true_pair_count(left, right), int(chosen.sum()), int((right_pairs & chosen).sum())
    precision, recall = correct / accepted if accepted else None, correct / total if total else None
    f1 = 2 * correct / (accepted + total) if accepted + total else None
    strict = {name: recall_at_precision(pairs.score, right_pairs, total, bar) for name, bar in STRICT.items()}
    return {"pairs": accepted, "precision": _rounded(precision), "recall": _rounded(recall), "f1": _rounded(f1), **strict}


def recall_at_precision(score: npt.NDArray[np.float64], correct: Mask, total: int, bar: float) -> float | None:
    """Return the highest recall of any score threshold whose precision is at least `bar`; None without true pairs."""
    if not total:
        return None
    order = np.argsort(-score, kind="stable")
    found = np.cumsum(correct[order])
    last_of_score = np.append(np.diff(score[order]) != 0, True) if len(score) else np.zeros(0, dtype=np.bool_)
    allowed = last_of_score & (found >= bar * np.arange(1, len(score) + 1))
    return _rounded(float(found[allowed].max()) / total if allowed.any() else 0.0)


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)
