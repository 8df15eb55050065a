"""Twins through the real encoders, search and second look: none is released for the other."""

import os
import random
from dataclasses import asdict

import pytest

from flows.linking import Linking
from linkage.findings.links import Person, with_margins
from linkage.findings.paths import declared_paths, findings
from linkage.release.policy import decide
from linkage.second_look.levels import field_levels
from linkage.second_look.scoring import load_model
from parties.encoding.rows import PersonRows
from schemas.agreement import Release, Search
from schemas.linkage import evidence_model
from validation.quality.limits import upper_limit
from validation.synthetic import rates, recording
from validation.synthetic.draws import Draws
from validation.synthetic.families import Family, FamilyMaker

PAIRS = 10_000 if os.environ.get("KINLINK_PROVE") else 1_000
POLICY, TERMS = Release(), Search()


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


def released(left, right):
    """Return what would be released, as pairs of rows: the left side's children declared by a prisoner each."""
    linking = Linking("children")
    sides = linking.encode(left), linking.encode(right)
    candidates = linking.candidates(*sides, cut=TERMS.cut_per_mille / 1_000, top_k=TERMS.top_k)
    model, pairs = load_model(evidence_model(), "children"), []
    for looked in linking.second_look(*sides, candidates):
        weights = model.weights(field_levels(looked.left_tags, looked.right_tags), len(right.people()))
        ends = zip(looked.left.tolist(), looked.right.tolist(), weights.tolist(), strict=True)
        pairs += [(Person("prison", one), Person("authority", other), weight) for one, other, weight in ends]
    floor = (POLICY.link_centibits - POLICY.review_band_centibits) / 100
    links = with_margins(pairs, lambda *_: False, floor=floor)
    ties = {Person("prisoner", link.left.number): [link.left] for link in links}
    found = findings(declared_paths(ties, links), delta=POLICY.delta_centibits / 100)
    return [(item.prisoner.number, item.child.number) for item in found if decide(item, POLICY) == "release"]


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
