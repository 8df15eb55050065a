"""Precision, recall and what is left of recall where precision must hold."""

import numpy as np
import pytest

from validation.quality.pairs import ScoredPairs, measure, recall_at_precision, true_pair_count

LEFT, RIGHT = ["a", "b", "c", "", "e"], ["a", "x", "c", "", "e", "e"]


def scored(*rows):
    left, right, score = zip(*rows, strict=True) if rows else ((), (), ())
    return ScoredPairs(np.array(left, dtype=np.int64), np.array(right, dtype=np.int64), np.array(score, dtype=np.float64))


def chosen(*answers):
    return np.array(answers, dtype=np.bool_)


def test_true_pairs_are_those_of_one_label_and_rows_without_one_are_in_none():
    assert true_pair_count(LEFT, RIGHT) == 4
    assert true_pair_count(["a", "a"], ["a", "a"]) == 4
    assert true_pair_count([""], [""]) == 0


def test_figures_are_of_the_chosen_pairs():
    said = measure(scored((0, 0, 9.0), (1, 1, 8.0), (2, 2, 7.0), (4, 4, 1.0)), chosen(True, True, True, False), LEFT, RIGHT)
    assert said == {"pairs": 3, "precision": 0.6667, "recall": 0.5, "f1": 0.5714, "recall_at_p99": 0.25, "recall_at_p999": 0.25}


def test_a_pair_of_rows_without_labels_is_wrong():
    assert measure(scored((3, 3, 9.0)), chosen(True), LEFT, RIGHT)["precision"] == 0.0


def test_without_links_there_is_no_precision_and_without_truth_no_recall():
    assert measure(scored(), chosen(), LEFT, RIGHT) == {
        "pairs": 0, "precision": None, "recall": 0.0, "f1": 0.0, "recall_at_p99": 0.0, "recall_at_p999": 0.0
    }  # fmt: skip
    assert measure(scored((0, 0, 1.0)), chosen(True), ["a"], ["b"]) == {
        "pairs": 1, "precision": 0.0, "recall": None, "f1": 0.0, "recall_at_p99": None, "recall_at_p999": None
    }  # fmt: skip
    assert measure(scored(), chosen(), [], [])["f1"] is None


@pytest.mark.parametrize(
    ("correct", "bar", "recall"),
    [
        ([True] * 10, 0.99, 1.0),
        ([True] * 5 + [False] + [True] * 4, 0.99, 0.5),
        ([True] * 5 + [False] + [True] * 4, 0.9, 0.9),
        ([False] + [True] * 9, 0.9, 0.9),
        ([False] + [True] * 8, 0.9, 0.0),
        ([False, True], 0.99, 0.0),
    ],
)
def test_strict_recall_is_the_highest_of_any_threshold_that_holds_the_bar(correct, bar, recall):
    scores = np.arange(len(correct), 0, -1, dtype=np.float64)
    assert recall_at_precision(scores, np.array(correct), 10, bar) == recall


def test_equal_scores_stand_or_fall_together():
    scores = np.array([5.0, 5.0, 5.0, 1.0])
    assert recall_at_precision(scores, chosen(True, True, False, True), 3, 0.99) == 0.0
    assert recall_at_precision(scores, chosen(True, True, True, False), 3, 0.99) == 1.0


def test_the_order_of_pairs_makes_no_difference():
    scores, correct = np.array([1.0, 9.0, 5.0]), chosen(False, True, True)
    assert recall_at_precision(scores, correct, 2, 0.99) == recall_at_precision(scores[::-1], correct[::-1], 2, 0.99) == 1.0
