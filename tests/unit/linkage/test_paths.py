"""Paths through the family graph, and what several of them say together."""

import pytest

from linkage.findings.explaining import Code
from linkage.findings.links import Link, Person
from linkage.findings.paths import (
    CORROBORATION_BITS,
    GUARD_BITS,
    Finding,
    Path,
    carer_paths,
    declared_paths,
    findings,
    guarded,
    police_paths,
)
from linkage.second_look.levels import FIELDS, Birth, Name, Place

INF = float("inf")
PRISONER, OTHER = Person("prison", 1), Person("prison", 2)
CARER, POLICE_ADULT = Person("council", 11), Person("police", 21)
CHILD, SIBLING = Person("council", 31), Person("council", 32)
DECLARED, POLICE_CHILD = Person("prison", 41), Person("police", 51)


def link(left, right, weight=12.0, margin=6.0):
    return Link(left, right, weight, margin)


def finding(*paths, delta=3.0):
    found = findings(paths, delta=delta)
    assert len(found) == 1
    return found[0]


def path(weight, margin=INF, carer=None, child=CHILD, prisoner=PRISONER, *, via="council"):
    return Path(prisoner, child, (Link(prisoner, child, weight, margin),), via, carer)


def other(weight, margin=INF, **given):
    """A path by another organisation's tie."""
    return path(weight, margin, via="police", **given)


def said(*paths):
    return [(item.prisoner, item.child, item.weight, item.margin, item.via, item.carer) for item in paths]


def test_a_carer_leads_to_each_of_the_children_tied_to_it():
    found = carer_paths([link(PRISONER, CARER)], {CARER: [CHILD, SIBLING]})
    assert said(*found) == [(PRISONER, child, 12.0, 6.0, "council", CARER) for child in (CHILD, SIBLING)]


def test_a_carer_without_children_leads_nowhere():
    assert carer_paths([link(PRISONER, CARER)], {}) == []


def test_a_declared_child_leads_to_the_authoritys_child_linked_with_it():
    found = declared_paths({PRISONER: [DECLARED]}, [link(DECLARED, CHILD, 9.0, 1.0)])
    assert said(*found) == [(PRISONER, CHILD, 9.0, 1.0, "prison", None)]
    assert declared_paths({PRISONER: [DECLARED]}, [link(POLICE_CHILD, CHILD)]) == []


@pytest.mark.parametrize(("adult", "child", "weakest"), [((12.0, 2.0), (9.0, 6.0), (9.0, 2.0)), ((3.0, 8.0), (9.0, INF), (3.0, 8.0))])
def test_a_path_over_the_police_is_as_strong_as_its_weaker_link(adult, child, weakest):
    found = police_paths([link(PRISONER, POLICE_ADULT, *adult)], {POLICE_ADULT: [POLICE_CHILD]}, [link(POLICE_CHILD, CHILD, *child)])
    assert said(*found) == [(PRISONER, CHILD, *weakest, "police", None)]


def test_one_path_is_the_finding():
    assert finding(path(9.0, 4.0, CARER)) == Finding(PRISONER, CHILD, 9.0, 4.0, CARER)


def test_a_second_path_adds_its_weight_up_to_a_bound():
    assert finding(path(9.0), other(5.0)).weight == 14.0
    assert finding(path(9.0), other(20.0)).weight == 20.0 + CORROBORATION_BITS
    assert finding(path(9.0), other(8.5)).weight == 9.0 + CORROBORATION_BITS


def test_paths_by_one_organisations_ties_are_one_witness():
    """Two records that a custodian has of one carer, or two declared children that look like one child, say it once."""
    found = finding(path(9.0, 0.0), path(8.0, 0.0))
    assert (found.weight, found.margin, found.codes) == (9.0, 0.0, ())
    assert finding(path(9.0), path(8.0), other(2.0)).weight == 11.0


def test_a_second_path_never_takes_weight_away():
    assert finding(path(9.0), other(-4.0)).weight == 9.0


def test_a_path_that_leads_clearly_goes_before_a_heavier_one_that_does_not():
    found = finding(path(20.0, 0.5), other(9.0, 4.0))
    assert (found.weight, found.margin) == (9.0 + CORROBORATION_BITS, 4.5)


@pytest.mark.parametrize(
    ("one", "two", "lead"),
    [
        (2.0, 1.5, 3.5),  # neither leads clearly, both together do
        (4.0, -9.0, 4.0),  # one that leads is not held back by another
        (0.0, 0.0, 0.0),  # twins: what is said of both by both paths tells them apart no better
        (-2.6, -6.4, -2.6),  # a namesake who is behind the right child on both paths is not ahead of it for that
        (0.0, -1.0, 0.0),
        (INF, -6.4, INF),
    ],
)
def test_independent_paths_lead_by_what_each_does_together(one, two, lead):
    found = finding(path(9.0, one), other(6.0, two))
    assert (found.weight, found.margin) == (15.0, lead)


def test_paths_by_one_organisations_ties_do_not_lead_together():
    assert finding(path(9.0, 2.0), path(6.0, 1.5)).margin == 2.0


def test_one_unclear_path_alone_keeps_its_margin():
    assert finding(path(9.0, 1.0)).margin == 1.0


def test_the_authoritys_own_carer_is_named_whichever_path_is_best():
    assert finding(path(20.0), other(9.0, carer=CARER)).carer == CARER
    assert finding(path(20.0)).carer is None


def test_a_child_with_two_parents_inside_has_two_findings_and_a_prisoner_several_children():
    found = findings([path(9.0), path(9.0, prisoner=OTHER), path(9.0, child=SIBLING)], delta=3.0)
    assert [(item.prisoner, item.child) for item in found] == [(PRISONER, CHILD), (PRISONER, SIBLING), (OTHER, CHILD)]


def test_without_paths_there_is_nothing():
    assert findings([], delta=3.0) == []


def test_the_order_of_paths_makes_no_difference():
    paths = [path(9.0, 0.0), path(6.0, -1.0, CARER), other(7.0, 5.0)]
    assert len({finding(*order) for order in (paths, paths[::-1], paths[1:] + paths[:1])}) == 1


def test_a_link_that_might_as_well_be_to_a_relative_weighs_less_and_says_so():
    asked = [link(DECLARED, CHILD, 9.0), link(DECLARED, SIBLING, 9.0)]
    paths = guarded(declared_paths({PRISONER: [DECLARED]}, asked), lambda given: given.right == CHILD)
    found = {item.child: item for item in findings(paths, delta=3.0)}
    assert (found[CHILD].weight, found[CHILD].codes) == (9.0 - GUARD_BITS, (Code.ALIKE_RELATIVE,))
    assert (found[SIBLING].weight, found[SIBLING].codes) == (9.0, ())


def levels(**said):
    known = {"forename": Name.EXACT_RARE, "surname": Name.EXACT_VERY_COMMON, "birth": Birth.WHOLE, "place": Place.UNIT, **said}
    return tuple(int(known.get(field, 0)) for field in FIELDS)


@pytest.mark.parametrize(
    ("adult", "child", "codes"),
    [
        (levels(), levels(), {Code.NAMES_AND_BIRTH}),
        (levels(), levels(place=Place.DIFFERENT), {Code.NAMES_AND_BIRTH, Code.ADDRESS_DIFFERS}),
        (levels(place=Place.NONE), levels(birth=Birth.ONE_DIGIT), set()),
        (levels(forename=Name.ALIAS), levels(), set()),
        (levels(surname=Name.NEAR, place=Place.DIFFERENT), levels(), {Code.ADDRESS_DIFFERS}),
        ((), levels(), set()),
    ],
)
def test_a_finding_says_why_of_everybody_on_the_way(adult, child, codes):
    links = [Link(PRISONER, POLICE_ADULT, 9.0, INF, adult)], [Link(POLICE_CHILD, CHILD, 9.0, INF, child)]
    found = finding(*police_paths(links[0], {POLICE_ADULT: [POLICE_CHILD]}, links[1]))
    assert set(found.codes) == codes


def test_two_independent_ties_are_a_reason_of_their_own():
    assert finding(path(9.0), other(0.5)).codes == (Code.TWO_TIES,)
    assert finding(path(9.0), other(0.0)).codes == ()
