"""The release policy: theta, delta, grades, and which authority acts."""

import pytest

from linkage.findings.links import Person
from linkage.findings.paths import Finding
from linkage.release.policy import decide, decide_all
from schemas.agreement import Release
from schemas.joins import Standing

POLICY = Release()
THETA, DELTA, GRADE_A, BAND = (
    POLICY.theta_centibits / 100,
    POLICY.delta_centibits / 100,
    POLICY.grade_a_centibits / 100,
    POLICY.review_band_centibits / 100,
)
PRISONER, OTHER = Person("prison", 1), Person("prison", 2)
NORTH, SOUTH, EAST = Person("north", 1), Person("south", 1), Person("east", 1)
CARER = Person("north", 9)


def found(weight=THETA, margin=DELTA, child=NORTH, prisoner=PRISONER, carer=None):
    return Finding(prisoner, child, weight, margin, carer)


@pytest.mark.parametrize(
    ("weight", "margin", "decision"),
    [
        (THETA, DELTA, "release"),
        (THETA - 0.01, DELTA, "review"),
        (THETA, DELTA - 0.01, "review"),
        (THETA + 50, -1.0, "review"),
        (THETA - BAND, DELTA, "review"),
        (THETA - BAND - 0.01, DELTA + 50, "withheld"),
        (THETA, float("inf"), "release"),
    ],
)
def test_release_needs_theta_and_delta(weight, margin, decision):
    assert decide(found(weight, margin), POLICY) == decision


def decided(*findings, standings=None, same=()):
    answers = decide_all(
        findings, POLICY, standings=standings or {}, same_child=lambda one, other: {one, other} in [set(pair) for pair in same]
    )
    return {item.child: item for item in answers}


def released(*findings, **given):
    return {child for child, item in decided(*findings, **given).items() if item.decision == "release"}


@pytest.mark.parametrize(("weight", "grade"), [(GRADE_A, "A"), (GRADE_A - 0.01, "B")])
def test_a_grade_says_how_sure_the_linkage_is(weight, grade):
    assert decided(found(weight))[NORTH].grade == grade


def test_a_child_has_one_decision_on_its_best_finding():
    answers = decided(found(THETA, prisoner=OTHER), found(THETA + 2, carer=CARER))
    assert len(answers) == 1
    assert (answers[NORTH].weight_centibits, answers[NORTH].carer) == ((THETA + 2) * 100, CARER)


def test_a_finding_that_may_be_released_goes_before_a_heavier_one_that_may_not():
    answers = decided(found(THETA + 20, margin=0.0, prisoner=OTHER), found(THETA))
    assert (answers[NORTH].decision, answers[NORTH].weight_centibits) == ("release", THETA * 100)


def test_children_are_in_order():
    assert list(decided(found(child=SOUTH), found(child=NORTH), found(child=EAST))) == [EAST, NORTH, SOUTH]


@pytest.mark.parametrize(
    ("north", "south", "acts"),
    [
        (Standing.RESIDENT, Standing.LOOKED_AFTER, SOUTH),
        (Standing.RESIDENT, Standing.SCHOOL_ONLY, NORTH),
        (Standing.FORMER, Standing.SCHOOL_ONLY, SOUTH),
        (Standing.FORMER, Standing.RESIDENT, SOUTH),
        (Standing.FORMER, None, SOUTH),
        (Standing.RESIDENT, Standing.RESIDENT, NORTH),
    ],
)
def test_of_two_authorities_with_one_child_the_one_that_acts_gets_the_token(north, south, acts):
    standings = {child: standing for child, standing in ((NORTH, north), (SOUTH, south)) if standing is not None}
    assert released(found(child=NORTH), found(child=SOUTH), standings=standings, same=[(NORTH, SOUTH)]) == {acts}


def test_two_different_children_both_get_one():
    assert released(found(child=NORTH), found(child=SOUTH), standings={NORTH: Standing.FORMER}) == {NORTH, SOUTH}


def test_the_authority_that_does_not_act_is_told_nothing_and_shown_to_nobody():
    answers = decided(found(child=NORTH), found(child=SOUTH), standings={NORTH: Standing.FORMER}, same=[(NORTH, SOUTH)])
    assert answers[NORTH].decision == "withheld"


def test_where_the_acting_authoritys_own_finding_is_not_released_the_other_keeps_its_token():
    assert released(found(THETA - 1, child=NORTH), found(child=SOUTH), standings={SOUTH: Standing.FORMER}, same=[(NORTH, SOUTH)]) == {SOUTH}


def test_children_of_different_prisoners_are_not_compared():
    assert released(found(child=NORTH), found(child=SOUTH, prisoner=OTHER), same=[(NORTH, SOUTH)]) == {NORTH, SOUTH}


def test_of_three_records_of_one_child_one_acts():
    standings = {NORTH: Standing.FORMER, SOUTH: Standing.RESIDENT, EAST: Standing.SCHOOL_ONLY}
    everyone = [(NORTH, SOUTH), (NORTH, EAST), (SOUTH, EAST)]
    assert released(*(found(child=child) for child in (NORTH, SOUTH, EAST)), standings=standings, same=everyone) == {SOUTH}


def test_two_children_of_one_authority_are_never_one():
    twin = Person("north", 2)
    assert released(found(child=NORTH), found(child=twin), same=[(NORTH, twin)]) == {NORTH, twin}
