"""The attacks themselves: they find what can be found."""

import numpy as np
import pytest

from parties.risk.alignment import frequency_guesses, graph_guesses
from parties.risk.separation import auc, linear_guesses


@pytest.mark.parametrize(
    ("positive", "negative", "expected"),
    [([2, 3], [0, 1], 1.0), ([0, 1], [2, 3], 0.0), ([1, 1], [1, 1], 0.5), ([1, 3], [2], 0.5), ([1, 2], [1, 0], 0.875)],
)
def test_auc_is_the_share_of_pairs_in_order_with_ties_as_halves(positive, negative, expected):
    assert auc(positive, negative) == expected


def test_a_linear_classifier_learns_a_linear_rule():
    draw = np.random.default_rng(1)
    features = draw.normal(size=(400, 3))
    classes = (features[:, 0] > 0).astype(np.int64) + 2 * (features[:, 1] > 0).astype(np.int64)
    guesses = linear_guesses(features[:300], classes[:300], features[300:], ridge=1.0)
    assert (guesses == classes[300:]).mean() > 0.85


def test_the_commonest_code_is_taken_for_the_commonest_value():
    assert frequency_guesses(["x", "y", "x", "z"], ["Smith", "Smith", "Smith", "Jones", "Jones"]) == ["Smith", "Jones", "Smith", "Jones"]


def test_equal_graphs_are_aligned():
    draw = np.random.default_rng(4)
    graph = draw.normal(size=(12, 12))
    graph += graph.T
    order = draw.permutation(12)
    assert (graph_guesses(graph[np.ix_(order, order)], graph, starts=5, rng=draw) == order).all()
