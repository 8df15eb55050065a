"""Twins through the real encoders, search and second look: none is released for the other."""

import os
import random
from dataclasses import asdict

import pytest

from parties.encoding.rows import PersonRows
from tests.acceptance.released import released
from validation.quality.limits import upper_limit
from validation.synthetic import rates, recording
from validation.synthetic.draws import Draws
from validation.synthetic.families import Family, FamilyMaker

PAIRS = 10_000 if os.environ.get("KINLINK_PROVE") else 1_000


def twins(draws):
    """Return two children of one birth, name by name and home alike but for the forename."""
    maker = FamilyMaker(draws, 1)
    home = maker.home()
    mother = maker.adult(sex="F", home=home)
    born = rates.AS_OF - draws.between(365, 17 * 365)
    return maker.brood(Family("one_parent"), mother, None, [born, born], home)


def recorded(draws, children, site):
    """Return children as a site recorded them, as rows to encode, in an order of their own; and who each row is."""
    rows, order = PersonRows(), list(range(len(children)))
    random.Random(site).shuffle(order)
    for number in order:
        rows.add_rows(rows.add_person(str(number)), asdict(recording.record(draws, children[number], site)))
    return rows, order


@pytest.mark.slow
def test_no_twin_is_released_for_the_other(figure):
    """Both twins are declared, and both are on the authority's books."""
    draws = Draws(20_261, 0)
    children = [child for _ in range(PAIRS) for child in twins(draws)]
    (left, ours), (right, theirs) = recorded(draws, children, "police_child"), recorded(draws, children, "authority_child")
    pairs = [(ours[one], theirs[other]) for one, other in released(left, right)]
    swapped = sum(one != other for one, other in pairs)
    figure("twins released for the other", "0 of 10,000 pairs", f"{swapped} of {PAIRS:,}, 95 % at most {upper_limit(swapped, PAIRS):.4f}")
    figure("twins found", "none aimed at", f"{(len(pairs) - swapped) / len(children):.3f}")
    assert swapped == 0
    assert len(pairs) > len(children) / 2
