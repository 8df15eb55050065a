"""Match weights of agreement patterns."""

import numpy as np
import pytest

from linkage.search.weights import (
    ABSENT,
    BELOW,
    LEVEL_BOUNDS,
    LEVELS,
    NO_EVIDENCE_BITS,
    load_weights,
    pattern_codes,
    pattern_levels,
    prior_bits,
)
from schemas.agreement import PROJECTIONS
from schemas.linkage import weight_table


def test_a_level_begins_at_its_bound():
    for level, bound in enumerate(LEVEL_BOUNDS, start=BELOW + 1):
        assert pattern_levels(np.array([[bound, np.nextafter(bound, 0)]])).tolist() == [[level, level - 1]]


def test_missing_below_and_equal_are_different_levels():
    assert pattern_levels(np.array([[np.nan, 0.0, 1.0]])).tolist() == [[ABSENT, BELOW, LEVELS - 1]]


def test_every_pattern_has_a_code_of_its_own():
    scores = [np.nan, 0.0, *LEVEL_BOUNDS]
    grid = np.array(np.meshgrid(scores, scores, scores)).reshape(3, -1).T
    assert sorted(pattern_codes(grid).tolist()) == list(range(LEVELS**3))


def test_the_first_projection_is_the_highest_digit():
    assert pattern_codes(np.array([[1.0, 0.0, np.nan]])).tolist() == [int("610", LEVELS)]


def test_weights_are_read_in_bits_by_pattern():
    table = load_weights({"adults": {"610": 1234, "111": -200}}, "adults", 3)
    assert table.of(np.array([[1.0, 0.0, np.nan], [0.0, 0.0, 0.0], [0.7, 0.7, 0.7]])).tolist() == [12.34, -2.0, NO_EVIDENCE_BITS]


@pytest.mark.parametrize("population", ["adults", "children"])
def test_the_shipped_weights_put_evidence_in_order(population):
    table = load_weights(weight_table(), population, len(PROJECTIONS))
    equal, names_only, twin, weak, none = ([1.0] * 4, [1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.7], [0.61, 0.0, 0.0, 0.0], [0.0] * 4)
    weights = table.of(np.array([equal, names_only, twin, weak, none]))
    assert weights[0] > weights[1] > weights[3] > weights[4] == NO_EVIDENCE_BITS
    assert weights[0] > weights[2]


def test_an_absent_projection_is_neither_for_nor_against_as_much():
    table = load_weights(weight_table(), "adults", len(PROJECTIONS))
    equal, absent, below = table.of(np.array([[1.0, 1.0, 1.0, 1.0], [1.0, 1.0, np.nan, 1.0], [1.0, 1.0, 0.0, 1.0]]))
    assert equal > absent > below


@pytest.mark.parametrize("population", ["adults", "children"])
def test_without_a_date_of_birth_names_and_address_speak_for_themselves(population):
    table = load_weights(weight_table(), population, len(PROJECTIONS))
    equal, near, below = table.of(np.array([[np.nan, np.nan, np.nan, score] for score in (1.0, 0.7, 0.0)]))
    assert equal > near > below == NO_EVIDENCE_BITS


@pytest.mark.parametrize(("size", "bits"), [(0, -1.0), (1, -1.0), (2, -2.0), (512, -10.0)])
def test_the_larger_the_pool_the_less_likely_is_any_one_member(size, bits):
    assert prior_bits(size) == bits
