"""Levels to bits: mixtures as written down, missing as no evidence, and relatives that never pass for the person."""

from itertools import pairwise
from math import log2
from time import process_time

import numpy as np
import pytest

from linkage.second_look.levels import FIELDS, NONE, Address, Birth, Middle, Name, Place, Sex, all_the_same
from linkage.second_look.scoring import (
    AGAINST_BITS,
    AGAINST_BITS_OF,
    CENTIBITS,
    FOR_BITS,
    LINK_BITS,
    UNRELATED,
    load_model,
)
from schemas.agreement import Release
from schemas.linkage import evidence_model

NOTHING = dict.fromkeys(FIELDS, NONE)
CHILD = {
    "forename": Name.EXACT_COMMON, "surname": Name.EXACT_COMMON, "middle": NONE, "birth": Birth.WHOLE,
    "place": Place.UNIT, "address": Address.BOTH, "sex": Sex.SAME,
}  # fmt: skip
UNLIKE = {
    "forename": Name.INITIAL, "surname": Name.EXACT_COMMON, "middle": Middle.ONLY_INITIAL_DIFFERS, "birth": Birth.YEAR_NEAR,
    "place": Place.TOWN, "address": NONE, "sex": Sex.DIFFERENT,
}  # fmt: skip
POOL = 100_000
THETA_BITS, DELTA_BITS = Release().theta_centibits / CENTIBITS, Release().delta_centibits / CENTIBITS


@pytest.fixture(scope="module", params=["adults", "children"])
def shipped(request):
    return load_model(evidence_model(), request.param)


@pytest.fixture(scope="module")
def children():
    return load_model(evidence_model(), "children")


def weigh(model, *pairs, pool=POOL):
    """Return the weights of pairs given by the levels that differ from "no evidence"."""
    return model.weights(np.array([list({**NOTHING, **pair}.values()) for pair in pairs], dtype=np.uint8), pool).tolist()


def small(match, unrelated, sibling=None, **rates):
    """Return a table with one class of matches and one or two of others; every field has the same probabilities."""

    def levels(shares):
        return {
            field: [round(CENTIBITS * log2(shares[place % len(shares)])) for place in range(len(kind) - 1)]
            for field, kind in FIELDS.items()
        }

    others = {UNRELATED: {"per_pair": 1.0, "per_record": 0.0, "levels": levels(unrelated)}}
    if sibling:
        others["sibling"] = {"per_pair": 0.0, "per_record": rates.get("per_record", 1.0), "levels": levels(sibling)}
    return {"adults": {"matches": {"usual": {"share": 1.0, "levels": levels(match)}}, "others": others}}


def test_a_weight_is_log2_of_the_mixtures_odds():
    match, unrelated, sibling = (0.25, 0.5), (0.5, 0.25), (0.125, 0.5)
    model = load_model(small(match, unrelated, sibling, per_record=2.0), "adults")
    pair = {"forename": Name.EXACT_RARE, "surname": Name.EXACT_VERY_COMMON, "sex": Sex.SAME}
    odds = 0.5 * (0.25 * 0.5 * 0.5) / (1_000 * (0.5 * 0.25 * 0.25) + 2 * (0.125 * 0.5 * 0.5))
    assert weigh(model, pair, pool=1_000) == [pytest.approx(log2(odds))]


def test_two_populations_in_equal_parts_are_mixed():
    table = small((0.25, 0.5), (0.5, 0.25)) | {"children": small((0.5, 0.25), (0.25, 0.5))["adults"]}
    pair = {"forename": Name.EXACT_RARE, "surname": Name.EXACT_RARE, "sex": Sex.SAME}
    odds = 0.5 * (0.25**2 * 0.5 + 0.5**2 * 0.25) / 2 / (1_000 * (0.5**2 * 0.25 + 0.25**2 * 0.5) / 2)
    assert weigh(load_model(table, "adults", "children"), pair, pool=1_000) == [pytest.approx(log2(odds))]


def test_weights_of_many_pairs_are_those_of_each(shipped):
    rng = np.random.default_rng(4)
    levels = np.column_stack([rng.integers(0, len(kind), 200_000) for kind in FIELDS.values()]).astype(np.uint8)
    together = shipped.weights(levels, POOL)
    alone = [float(shipped.weights(levels[row : row + 1], POOL)[0]) for row in (0, 65_535, 65_536, 199_999)]
    assert together[[0, 65_535, 65_536, 199_999]].tolist() == pytest.approx(alone)
    assert shipped.weights(levels[:0], POOL).shape == (0,)


def test_a_pair_without_evidence_has_the_prior_odds(shipped):
    (weight,) = weigh(shipped, {})
    assert -log2(2 * POOL) - 1 < weight <= -log2(2 * POOL)


@pytest.mark.parametrize("field", FIELDS)
def test_missing_is_neither_for_nor_against_as_much_as_the_best_and_the_worst(shipped, field):
    kind = FIELDS[field]
    weights = weigh(shipped, *({**CHILD, field: level} for level in kind))
    assert min(weights[1:]) < weights[NONE] < max(weights[1:])


ORDERS = [
    ("forename", [Name.EXACT_RARE, Name.EXACT_COMMON, Name.EXACT_VERY_COMMON, Name.NEAR, Name.START, Name.INITIAL]),
    ("surname", [Name.EXACT_RARE, Name.EXACT_UNCOMMON, Name.EXACT_COMMON, Name.EXACT_VERY_COMMON, Name.SOUND, Name.DIFFERENT]),
    ("middle", [Middle.EXACT, Middle.INITIAL]),
    ("middle", [Middle.EXACT, Middle.DIFFERENT]),
    ("middle", [Middle.ONLY_INITIAL, Middle.ONLY_INITIAL_DIFFERS]),
    ("birth", [Birth.WHOLE, Birth.SWAPPED, Birth.ONE_DIGIT, Birth.TWO_DIGITS, Birth.SAME_YEAR, Birth.DIFFERENT]),
    ("birth", [Birth.WHOLE, Birth.YEAR, Birth.YEAR_NEAR, Birth.YEAR_DIFFERS]),
    ("place", [Place.UNIT, Place.SECTOR, Place.DISTRICT, Place.TOWN, Place.DIFFERENT]),
    ("place", [Place.ONLY_TOWN, Place.ONLY_TOWN_DIFFERS]),
    ("address", [Address.BOTH, Address.NUMBER, Address.DIFFERENT]),
    ("sex", [Sex.SAME, Sex.DIFFERENT]),
]


@pytest.mark.parametrize(("field", "levels"), ORDERS, ids=[f"{field}-{levels[0].name}" for field, levels in ORDERS])
def test_the_better_a_field_agrees_the_more_it_weighs(shipped, field, levels):
    alone = {"birth": Birth.WHOLE} if field != "birth" else {"forename": Name.EXACT_COMMON}
    weights = weigh(shipped, *({**alone, field: level} for level in levels))
    assert all(better >= worse for better, worse in pairwise(weights))
    assert weights[0] > weights[-1]


def test_no_pair_outweighs_one_that_agrees_in_all_it_has_evidence_of(shipped):
    """Of near-identical people, each goes with its equal: a slip never counts for a match."""
    rng = np.random.default_rng(6)
    levels = np.column_stack([rng.integers(0, len(kind), 100_000) for kind in FIELDS.values()]).astype(np.uint8)
    for pool in (1_000, 1_000_000):
        assert (shipped.weights(levels, pool) <= shipped.weights(all_the_same(levels), pool) + 1e-9).all()


def test_what_agreement_would_be_keeps_the_question_and_a_names_band():
    same = dict(zip(FIELDS, all_the_same(np.array([list(UNLIKE.values())], dtype=np.uint8))[0].tolist(), strict=True))
    assert same == {
        "forename": Name.EXACT_RARE, "surname": Name.EXACT_COMMON, "middle": Middle.ONLY_INITIAL, "birth": Birth.YEAR,
        "place": Place.UNIT, "address": NONE, "sex": Sex.SAME,
    }  # fmt: skip


def test_a_twin_never_passes_for_the_child(children):
    same, twin, brother = weigh(
        children, CHILD, {**CHILD, "forename": Name.DIFFERENT}, {**CHILD, "forename": Name.DIFFERENT, "sex": Sex.DIFFERENT}
    )
    assert same >= THETA_BITS
    assert brother < twin < THETA_BITS - DELTA_BITS


def test_swapped_twins_never_beat_the_true_pairs(children):
    """Two twins on each side, recorded ever worse: a right pair always leads the crossed one."""
    for forename in (Name.EXACT_VERY_COMMON, Name.NEAR, Name.SHORT_FORM, Name.SOUND, Name.START):
        for birth in (Birth.WHOLE, Birth.SWAPPED, Birth.ONE_DIGIT, Birth.YEAR, NONE):
            for crossed in (Name.DIFFERENT, Name.INITIAL):
                true, swapped = weigh(
                    children, {**CHILD, "birth": birth, "forename": forename}, {**CHILD, "birth": birth, "forename": crossed}
                )
                assert true > swapped


def test_a_sibling_never_passes_for_the_child(children):
    (sibling,) = weigh(children, {**CHILD, "forename": Name.DIFFERENT, "birth": Birth.DIFFERENT})
    assert sibling < LINK_BITS


def test_a_namesake_never_passes_for_the_person(shipped):
    (namesake,) = weigh(shipped, {**CHILD, "birth": Birth.DIFFERENT, "place": Place.DIFFERENT, "address": Address.DIFFERENT})
    assert namesake < LINK_BITS


def test_someone_who_moved_is_still_the_person(shipped):
    (moved,) = weigh(shipped, {**CHILD, "middle": Middle.EXACT, "place": Place.DIFFERENT, "address": Address.DIFFERENT})
    assert moved > LINK_BITS


def test_the_larger_the_pool_the_less_two_strangers_alike_mean(shipped):
    small_pool, large_pool = (weigh(shipped, CHILD, pool=size)[0] for size in (1_000, 1_000_000))
    assert small_pool > large_pool


def test_no_field_decides_alone(shipped):
    for number, field in enumerate(FIELDS):
        levels = slice(1, len(FIELDS[field]))
        unrelated = shipped.other[int(np.argmax(shipped.per_pair)), number, levels]
        typical = np.logaddexp2.reduce(shipped.match[:, number, levels] + np.log2(shipped.match_share)[:, None], axis=0)
        assert (shipped.match[:, number, levels] >= unrelated - AGAINST_BITS_OF.get(field, AGAINST_BITS) - 1e-9).all()
        assert (shipped.other[:, number, levels] >= typical - FOR_BITS - 1e-9).all()


def test_a_million_pairs_are_weighed_in_seconds(figure):
    model, pairs = load_model(evidence_model(), "adults", "children"), 200_000
    levels = np.column_stack([np.random.default_rng(5).integers(0, len(kind), pairs) for kind in FIELDS.values()]).astype(np.uint8)
    start = process_time()
    model.weights(levels, POOL)
    taken = (process_time() - start) * 1_000_000 / pairs
    figure("weights of a million pairs, one core", "<= 10 s with their levels", f"{taken:.1f} s")
    assert taken < 60
