"""Numbers behind the charts: weights by bin, quality by threshold, and which pairs are shown."""

import numpy as np
import pytest

from validation.quality.charts import BINS, POINTS, best_f1, distribution, representatives, thinned, threshold_curve
from validation.quality.pairs import ScoredPairs, measure, true_pair_count, true_pairs

LEFT, RIGHT = ["a", "b", "c", "d", ""], ["a", "b", "x", "d", ""]


def scored(*scores):
    rows = np.arange(len(scores))
    return ScoredPairs(rows, rows, np.array(scores, dtype=np.float64))


def test_every_pair_is_in_one_bin_of_a_whole_number_of_bits():
    weight = np.array([-300.5, -2.0, -1.01, 0.0, 0.99, 7.0, 20.0])
    true = np.array([False, False, True, True, False, True, True])
    bars = distribution(weight, true)
    assert (bars.true.sum(), bars.other.sum()) == (4, 3)
    assert len(bars.edges) - 1 <= BINS + 1
    assert set(np.diff(bars.edges)) == {5.0}
    assert bars.edges[0] <= weight.min() < weight.max() < bars.edges[-1]


def test_narrow_weights_have_bins_of_one_bit_and_without_truth_one_kind():
    bars = distribution(np.array([0.0, 0.5, 1.0]), None)
    assert (bars.edges.tolist(), bars.other.tolist(), bars.true.tolist()) == ([0.0, 1.0, 2.0], [2, 1], [0, 0])


def test_no_pair_is_an_empty_chart():
    assert distribution(np.zeros(0), None).other.sum() == 0
    assert len(thinned(threshold_curve(scored(), [], [])).threshold) == 0
    assert representatives(np.zeros(0), np.zeros((0, 7), dtype=np.uint8), link=0, theta=5) == {}


def test_the_curve_at_a_threshold_is_what_the_rule_measures_there():
    pairs = scored(9.0, 4.0, 4.0, -1.0, -2.0)
    curve = threshold_curve(pairs, LEFT, RIGHT)
    assert curve.threshold.tolist() == [9.0, 4.0, -1.0, -2.0]
    for place, threshold in enumerate(curve.threshold):
        said = measure(pairs, pairs.score >= threshold, LEFT, RIGHT)
        shown = curve.precision[place], curve.recall[place], curve.f1[place]
        assert shown == pytest.approx((said["precision"], said["recall"], said["f1"]), abs=1e-4)


def test_the_best_f1_is_that_of_its_threshold_and_none_without_true_pairs():
    assert best_f1(threshold_curve(scored(9.0, 4.0, 4.0, -1.0, -2.0), LEFT, RIGHT)) == {"f1_best": 0.8571, "f1_best_bits": -1.0}
    assert best_f1(threshold_curve(scored(1.0), ["a"], ["b"])) == {"f1_best": None, "f1_best_bits": None}


def test_a_long_curve_is_thinned_to_points_that_a_page_can_show_with_both_ends():
    size = 10 * POINTS
    labels = [str(number) for number in range(size)]
    curve = thinned(threshold_curve(scored(*np.arange(size, 0, -1.0)), labels, labels))
    assert len(curve.threshold) == len(curve.f1) == POINTS
    assert (curve.threshold[0], curve.threshold[-1]) == (size, 1.0)


def test_shown_pairs_are_the_surest_the_two_at_theta_and_the_commonest_pattern():
    weight = np.array([9.0, 5.0, 4.9, 1.0, 1.0, -3.0, -3.0, -3.0])
    levels = np.array([[1], [2], [3], [4], [4], [5], [5], [5]], dtype=np.uint8)
    assert representatives(weight, levels, link=0.0, theta=5.0) == {
        "surest": 0, "just above theta": 1, "just below theta": 2, "most common among links": 3
    }  # fmt: skip


def test_pairs_that_are_not_there_are_not_shown():
    assert representatives(np.array([-5.0]), np.zeros((1, 7), dtype=np.uint8), link=0.0, theta=5.0) == {"surest": 0, "just below theta": 0}


def test_true_pairs_are_counted_as_they_are_listed():
    left, right = ["a", "a", "", "b", "q"], ["a", "b", "a", ""]
    ones, others = true_pairs(left, right)
    assert list(zip(ones.tolist(), others.tolist(), strict=True)) == [(0, 0), (0, 2), (1, 0), (1, 2), (3, 1)]
    assert true_pair_count(left, right) == len(ones)
    assert true_pairs([], [])[0].shape == (0,)
