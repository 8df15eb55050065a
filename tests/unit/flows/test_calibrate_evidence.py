"""Counting levels by class: the same seeds give the same model, smoothing adds up, and what ships is whole."""

import numpy as np
import pytest

from flows import calibrate_evidence
from flows.calibrate_evidence import THINNING, Counted, calibrate, plain_tags, probabilities, shared, thinned
from flows.labelled import invented, labelled, relatives
from linkage.second_look.levels import FIELDS, QUESTIONS, Birth, Name, Place
from linkage.second_look.scoring import UNRELATED, WIDTH
from schemas.linkage import evidence_model
from schemas.second_look import N_TAGS
from schemas.slots import SEARCHES

SHAPE = (len(FIELDS), WIDTH)
MATCH_CLASSES = {
    population: {
        f"{care} {left.value} {right.value}"
        for care in ("usual", "careless")
        for searched, left, right in SEARCHES
        if searched == population
    }
    for population in ("adults", "children")
}
PLACE = list(FIELDS).index("place")


@pytest.fixture(scope="module")
def small():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calibrate_evidence, "RANDOM_PAIRS", 2_000)
        yield calibrate((1,), 2_000), calibrate((1,), 2_000)


@pytest.mark.slow
def test_the_same_seeds_give_the_same_model(small):
    assert small[0] == small[1]


@pytest.mark.parametrize("source", ["small", "shipped"])
def test_a_model_has_every_class_field_and_level(small, source):
    model = small[0] if source == "small" else evidence_model()
    assert model["fields"] == {name: [level.name for level in kind if level] for name, kind in FIELDS.items()}
    for population in ("adults", "children"):
        classes = model[population]
        assert set(classes["matches"]) == MATCH_CLASSES[population]
        assert {UNRELATED, "namesake", "neighbour"} <= set(classes["others"])
        for item in (*classes["matches"].values(), *classes["others"].values()):
            assert {name: len(levels) for name, levels in item["levels"].items()} == {name: len(kind) - 1 for name, kind in FIELDS.items()}


def test_what_ships_has_relatives_and_says_where_it_is_from():
    model = evidence_model()
    assert "partner" in model["adults"]["others"]
    assert {"sibling", "twin"} <= set(model["children"]["others"])
    assert set(model["source"]["seeds"]) == set(calibrate_evidence.SEEDS)
    assert not set(model["source"]["seeds"]) & {*range(1_000)}


def test_shares_of_matches_add_up_to_one():
    for population in ("adults", "children"):
        shares = [item["share"] for item in evidence_model()[population]["matches"].values()]
        assert sum(shares) == pytest.approx(1)


def test_probabilities_of_one_question_add_up_to_one_and_none_is_zero():
    rng = np.random.default_rng(1)
    shares = probabilities(rng.integers(0, 50, SHAPE).astype(float), rng.integers(0, 50, SHAPE).astype(float))
    for number, name in enumerate(FIELDS):
        for question in QUESTIONS[name]:
            assert shares[number, list(question)].sum() == pytest.approx(1)
            assert (shares[number, list(question)] > 0).all()


def test_a_class_of_no_pairs_is_as_its_background():
    background = np.zeros(SHAPE)
    background[0, Name.EXACT_RARE] = 1_000
    assert probabilities(np.zeros(SHAPE), background)[0, Name.EXACT_RARE] > 0.99


def test_a_small_class_borrows_the_slips_of_what_it_has_in_common():
    """Two twins whose dates were never seen to differ by a digit: they will, as often as one person's two records do."""
    matches, strangers, twins = (np.zeros(SHAPE) for _ in range(3))
    birth, forename = list(FIELDS).index("birth"), list(FIELDS).index("forename")
    matches[birth, [Birth.WHOLE, Birth.ONE_DIGIT]] = 900_000, 100_000
    strangers[birth, Birth.DIFFERENT] = strangers[forename, Name.DIFFERENT] = matches[forename, Name.EXACT_RARE] = 1_000_000
    twins[birth, Birth.WHOLE] = twins[forename, Name.EXACT_RARE] = 10
    expected = shared(twins, matches, strangers)
    assert expected[birth, Birth.ONE_DIGIT] / expected[birth, Birth.WHOLE] == pytest.approx(1 / 9, rel=0.01)
    assert expected[forename, Name.EXACT_RARE] < 100 < expected[forename, Name.DIFFERENT]


def test_thinning_takes_agreement_in_place_and_keeps_the_sum():
    counts = np.zeros(SHAPE)
    counts[PLACE, [Place.ONLY_TOWN_DIFFERS, Place.ONLY_TOWN, Place.DIFFERENT, Place.TOWN, Place.UNIT]] = 80
    less = thinned(counts)
    assert less[PLACE, Place.UNIT] == less[PLACE, Place.ONLY_TOWN] == 80 / THINNING
    assert less[PLACE].sum() == counts[PLACE].sum()
    assert less[PLACE, Place.DIFFERENT] == 80 + 2 * 70


def test_counting_adds_up():
    counted = Counted()
    for _ in range(2):
        counted.add(np.full((3, len(FIELDS)), 1, dtype=np.uint8))
    assert (counted.pairs, counted.levels[:, 1].tolist()) == (6, [6.0] * len(FIELDS))


def test_tags_in_clear_are_equal_where_components_are():
    tags = plain_tags([("x", *[""] * (N_TAGS - 1))] * 2, np.random.default_rng(2))
    assert tags[0, 0] == tags[1, 0]
    assert not (tags[0, 1:] == tags[1, 1:]).any()


def test_relatives_are_both_ways_round_and_nobody_is_their_own():
    with invented(1, 2_000) as folder:
        kin = relatives(folder)
        people = {label for item in labelled(folder, "children") for label in item.labels}
    assert all(kin[other][one] == how for one, others in kin.items() for other, how in others.items())
    assert not any(one in others for one, others in kin.items())
    assert people & set(kin)
