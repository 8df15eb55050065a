"""Exact limits of a share, and when they support a target."""

import pytest
from scipy.stats import binom, binomtest

from validation.quality.limits import interval, lower_limit, misidentification, upper_limit

CASES = [(0, 10), (1, 10), (5, 10), (10, 10), (3, 5_000)]


@pytest.mark.parametrize(("count", "of"), CASES)
def test_the_interval_is_scipys_exact_one(count, of):
    known = binomtest(count, of).proportion_ci(0.95, method="exact")
    assert interval(count, of) == pytest.approx((known.low, known.high))


@pytest.mark.parametrize(("count", "of"), [case for case in CASES if 0 < case[0] < case[1]])
def test_beyond_a_one_sided_limit_what_was_seen_has_a_chance_of_five_in_a_hundred(count, of):
    assert binom.cdf(count, of, upper_limit(count, of)) == pytest.approx(0.05)
    assert binom.sf(count - 1, of, lower_limit(count, of)) == pytest.approx(0.05)


def test_without_an_error_it_takes_5990_released_pairs_to_support_one_in_two_thousand():
    assert misidentification(5_990, 0)["verdict"] == "supported"
    few = misidentification(5_989, 0)
    assert (few["verdict"], few["share"]) == ("not enough evidence", 0.0)
    assert few["upper_95"] == pytest.approx(0.0005, abs=1e-6)


def test_the_target_is_missed_only_where_chance_cannot_explain_it():
    assert misidentification(2_000, 2)["verdict"] == "not enough evidence"
    assert misidentification(2_000, 10)["verdict"] == "missed"


def test_nothing_released_is_no_evidence():
    assert misidentification(0, 0) == {
        "released": 0, "wrong": 0, "share": None, "upper_95": 1.0, "target": 0.0005, "verdict": "not enough evidence"
    }  # fmt: skip
