"""What each field adds to a weight: the parts add up, and are fair."""

from functools import partial
from itertools import permutations

import numpy as np
import pytest

from linkage.second_look.contributions import contributions
from linkage.second_look.levels import FIELDS, NONE, Birth, Name, Place
from linkage.second_look.scoring import load_model
from schemas.encoding_set import POPULATIONS
from schemas.linkage import evidence_model

LEVELS = np.array(
    [
        [Name.EXACT_RARE, Name.EXACT_COMMON, NONE, Birth.WHOLE, Place.UNIT, 4, 2],
        [Name.DIFFERENT, Name.EXACT_COMMON, NONE, Birth.WHOLE, Place.UNIT, 4, 1],
        [NONE, NONE, NONE, NONE, NONE, NONE, NONE],
    ],
    dtype=np.uint8,
)


@pytest.fixture(scope="module")
def weigh():
    return partial(load_model(evidence_model(), *POPULATIONS).weights, pool_size=10_000)


def test_prior_and_parts_add_up_to_the_weight(weigh):
    parts = contributions(weigh, LEVELS)
    assert parts.fields.shape == (3, len(FIELDS))
    assert parts.prior + parts.fields.sum(axis=1) == pytest.approx(weigh(LEVELS))


def test_a_field_without_evidence_adds_nothing(weigh):
    parts = contributions(weigh, LEVELS)
    assert parts.fields[LEVELS == NONE] == pytest.approx(0.0)
    assert parts.prior == pytest.approx(weigh(np.zeros_like(LEVELS)))


def test_a_part_is_the_mean_over_every_order_of_reading():
    def weigh(levels):
        return 3.0 * (levels[:, 0] > 0) + 5.0 * ((levels[:, 0] > 0) & (levels[:, 1] > 0)) - 2.0 * (levels[:, 2] > 0) - 7.0

    levels = np.ones((1, 3), dtype=np.uint8)
    expected = np.zeros(3)
    for order in permutations(range(3)):
        read = np.zeros((1, 3), dtype=np.uint8)
        for field in order:
            before = weigh(read)[0]
            read[0, field] = 1
            expected[field] += (weigh(read)[0] - before) / 6
    parts = contributions(weigh, levels)
    assert parts.fields[0] == pytest.approx(expected)
    assert expected == pytest.approx([5.5, 2.5, -2.0])
    assert parts.prior == pytest.approx([-7.0])


def test_an_equal_forename_speaks_for_a_match_and_a_different_one_against(weigh):
    parts = contributions(weigh, LEVELS).fields
    assert parts[0, 0] > 3
    assert parts[1, 0] < -1


def test_no_pair_has_no_parts(weigh):
    parts = contributions(weigh, LEVELS[:0])
    assert parts.prior.shape == (0,)
    assert parts.fields.shape == (0, len(FIELDS))
