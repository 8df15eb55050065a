"""Counting agreement patterns: no evidence is no evidence, and no pattern is impossible."""

import json
from importlib import resources
from itertools import product
from math import log2

import numpy as np
import pytest

from flows.calibrate import IMAGINED, Patterns, _smooth
from linkage.search.weights import ABSENT, BELOW, LEVELS
from schemas.agreement import PROJECTIONS

EQUAL, AGREE, NOTHING, MISSING = 1.0, 0.70, 0.0, np.nan


def counted(*pairs, match_pairs=None, all_pairs=10_000):
    """Return patterns of (scores, is match, how often) rows."""
    patterns = Patterns()
    scores = np.array([scores for scores, _, times in pairs for _ in range(times)])
    matches = np.array([match for _, match, times in pairs for _ in range(times)])
    patterns.add(scores, matches, int(matches.sum()) if match_pairs is None else match_pairs, all_pairs)
    return patterns


@pytest.fixture(scope="module")
def table():
    pairs = (
        ((EQUAL, EQUAL, EQUAL, EQUAL), True, 60),
        ((EQUAL, EQUAL, NOTHING, NOTHING), True, 30),
        ((AGREE, NOTHING, NOTHING, NOTHING), True, 10),
        ((AGREE, NOTHING, NOTHING, NOTHING), False, 200),
    )
    return counted(*pairs).weights()


def test_every_pattern_with_an_agreement_has_a_weight_and_no_other(table):
    patterns = {"".join(map(str, levels)) for levels in product(range(LEVELS), repeat=len(PROJECTIONS)) if max(levels) > BELOW}
    assert set(table) == patterns
    assert all(isinstance(weight, int) for weight in table.values())


def test_weights_are_those_of_the_counts(table):
    assert table["6666"] > table["6611"] > table["3111"]
    assert table["3111"] < log2((10 / 100) / (200 / 9_900)) * 100 + 100


def test_an_absent_level_sums_over_what_it_might_have_been():
    patterns = counted(
        ((EQUAL, EQUAL, EQUAL, EQUAL), True, 50), ((EQUAL, EQUAL, NOTHING, NOTHING), True, 50), ((EQUAL, AGREE, AGREE, AGREE), False, 40)
    )
    match = _smooth(patterns.matches, IMAGINED) / (patterns.match_pairs + IMAGINED)
    other = _smooth(patterns.others, IMAGINED / 2) / (patterns.other_pairs + IMAGINED / 2)
    weights = patterns.weights()
    assert weights["6600"] == round(100 * log2(match[5, 5].sum() / other[5, 5].sum()))
    assert weights["6000"] == round(100 * log2(match[5].sum() / other[5].sum()))
    assert ABSENT == 0


def test_a_missing_value_is_counted_for_nothing():
    complete = counted(((EQUAL, EQUAL, EQUAL, EQUAL), True, 50), ((AGREE, NOTHING, NOTHING, NOTHING), False, 40))
    more = counted(
        ((EQUAL, EQUAL, EQUAL, EQUAL), True, 50),
        ((AGREE, NOTHING, NOTHING, NOTHING), False, 40),
        ((EQUAL, MISSING, EQUAL, EQUAL), True, 30),
        match_pairs=50,
    )
    assert complete.weights() == more.weights()


def test_no_pattern_is_impossible_even_if_nothing_was_seen():
    weights = Patterns().weights()
    assert len(weights) == LEVELS ** len(PROJECTIONS) - 2 ** len(PROJECTIONS)
    assert all(np.isfinite(weight) for weight in weights.values())


def test_smoothing_spreads_a_little_to_the_next_levels_and_keeps_the_sum():
    patterns = counted(((EQUAL, EQUAL, EQUAL, EQUAL), True, 100))
    smoothed = _smooth(patterns.matches, IMAGINED)
    assert smoothed.sum() == pytest.approx(100 + IMAGINED)
    assert smoothed[5, 5, 5, 5] > smoothed[5, 5, 5, 4] > smoothed[4, 4, 4, 4] > 0
    assert smoothed[0, 0, 0, 0] == 0.0


def test_counts_of_several_searches_add_up():
    patterns = Patterns()
    for _ in range(2):
        patterns.add(np.array([[EQUAL] * 4, [AGREE, NOTHING, NOTHING, NOTHING]]), np.array([True, False]), 3, 100)
    assert (patterns.matches.sum(), patterns.others.sum()) == (2, 2)
    assert (patterns.match_pairs, patterns.other_pairs) == (6, 194)


def test_the_table_that_ships_has_every_pattern_and_says_where_it_is_from():
    shipped = json.loads((resources.files("schemas.linkage") / "weights.json").read_text(encoding="utf-8"))
    assert shipped["source"]["levels"] == LEVELS
    assert set(shipped["source"]["seeds"]) & {7, 8, 9} == set()
    for population in ("adults", "children"):
        assert set(shipped[population]) == set(Patterns().weights())
        assert shipped[population]["6666"] > shipped[population]["6611"] > shipped[population]["3111"]
