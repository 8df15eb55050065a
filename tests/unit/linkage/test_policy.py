"""The release policy: theta, delta, grades, and which authority acts."""

import pytest

from linkage.findings.explaining import Code
from linkage.findings.graph import SAME_DICE
from linkage.findings.links import Person
from linkage.findings.paths import Finding
from linkage.release.policy import decide, decide_all
from schemas.agreement import Release
from schemas.joins import Relation, Standing

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


def found(weight=THETA, margin=DELTA, child=NORTH, prisoner=PRISONER, carer=None, *, codes=()):
    return Finding(prisoner, child, weight, margin, carer, codes)


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


def decided(*findings, standings=None, alike=None):
    """Decide; `standings` are standings or whole relations, `alike` says how alike two records are (else not at all)."""
    relations = {
        child: said if isinstance(said, Relation) else Relation(said) for child, said in (standings or {}).items() if said is not None
    }
    likeness = {frozenset(both): score for both, score in (alike or {}).items()}
    answers = decide_all(findings, POLICY, relations=relations, likeness=lambda one, other: likeness.get(frozenset((one, other)), 0.0))
    return {item.child: item for item in answers}


def released(*findings, **given):
    return {child for child, item in decided(*findings, **given).items() if item.decision == "release"}


@pytest.mark.parametrize(("weight", "grade"), [(GRADE_A, "A"), (GRADE_A - 0.01, "B")])
def test_a_grade_says_how_sure_the_linkage_is(weight, grade):
    assert decided(found(weight))[NORTH].grade == grade


@pytest.mark.parametrize(("code", "grade"), [(Code.TWO_TIES, "A"), (Code.ALIKE_RELATIVE, "B"), (Code.OTHER_RECORD, "B")])
def test_what_is_one_more_thing_to_be_wrong_about_is_never_grade_a(code, grade):
    answer = decided(found(GRADE_A + 20, codes=(code,)))[NORTH]
    assert (answer.grade, answer.codes, answer.decision) == (grade, (code,), "release")


def test_a_child_has_one_decision_on_its_best_finding():
    answers = decided(found(THETA, prisoner=OTHER), found(THETA + 2, carer=CARER))
    assert len(answers) == 1
    assert (answers[NORTH].weight_centibits, answers[NORTH].carer) == ((THETA + 2) * 100, CARER)


def test_a_finding_that_may_be_released_goes_before_a_heavier_one_that_may_not():
    answers = decided(found(THETA + 20, margin=0.0, prisoner=OTHER), found(THETA))
    assert (answers[NORTH].decision, answers[NORTH].weight_centibits) == ("release", THETA * 100)


def test_children_are_in_order():
    assert list(decided(found(child=SOUTH), found(child=NORTH), found(child=EAST))) == [EAST, NORTH, SOUTH]


BOTH = {(NORTH, SOUTH): SAME_DICE}


@pytest.mark.parametrize(
    ("north", "south", "acts"),
    [
        (Standing.RESIDENT, Standing.LOOKED_AFTER, SOUTH),
        (Standing.RESIDENT, Standing.SCHOOL_ONLY, NORTH),
        (Standing.FORMER, Standing.SCHOOL_ONLY, SOUTH),
        (Standing.FORMER, Standing.RESIDENT, SOUTH),
        (Standing.FORMER, None, SOUTH),
        (Standing.RESIDENT, Standing.RESIDENT, NORTH),
        (Relation(Standing.RESIDENT, 8_100), Relation(Standing.RESIDENT, 8_101), SOUTH),
        (Relation(Standing.RESIDENT), Relation(Standing.RESIDENT, 8_101), SOUTH),
        (Relation(Standing.RESIDENT, 8_100), Relation(Standing.FORMER, 8_107), NORTH),
    ],
)
def test_of_two_authorities_with_one_child_the_one_that_acts_gets_the_token(north, south, acts):
    answers = decided(found(child=NORTH), found(child=SOUTH), standings={NORTH: north, SOUTH: south}, alike=BOTH)
    assert {child: item.decision for child, item in answers.items()} == {acts: "release", ({NORTH, SOUTH} - {acts}).pop(): "stand-by"}
    assert {item.acting for item in answers.values()} == {acts}


def test_two_different_children_both_get_one():
    other = {(NORTH, SOUTH): SAME_DICE - 0.01}
    assert released(found(child=NORTH), found(child=SOUTH), standings={NORTH: Standing.FORMER}, alike=other) == {NORTH, SOUTH}


def test_the_token_is_the_acting_authoritys_even_where_another_record_found_the_child():
    """The authority that a family left hears nothing; the one where it lives does, as grade B."""
    answers = decided(
        found(THETA - BAND, child=NORTH, carer=CARER), found(GRADE_A, child=SOUTH), standings={SOUTH: Standing.FORMER}, alike=BOTH
    )
    assert (answers[NORTH].decision, answers[SOUTH].decision) == ("release", "stand-by")
    assert (answers[NORTH].grade, answers[NORTH].carer, answers[NORTH].codes) == ("B", CARER, (Code.OTHER_RECORD,))
    assert answers[SOUTH].codes == ()


def test_of_two_records_that_both_say_resident_the_one_that_suffices_by_itself_acts():
    """A child lives in one place: the other record may be a namesake's, whatever it says of contacts."""
    standings = {NORTH: Relation(Standing.RESIDENT, 8_107), SOUTH: Relation(Standing.RESIDENT, 8_101)}
    assert released(found(THETA - 0.01, child=NORTH), found(child=SOUTH), standings=standings, alike=BOTH) == {SOUTH}


def test_a_child_that_is_not_released_is_one_child_in_review():
    answers = decided(found(THETA - 1, child=NORTH), found(THETA - 2, child=SOUTH), standings={NORTH: Standing.FORMER}, alike=BOTH)
    assert {child: item.decision for child, item in answers.items()} == {NORTH: "withheld", SOUTH: "review"}


def test_children_of_different_prisoners_are_not_compared():
    assert released(found(child=NORTH), found(child=SOUTH, prisoner=OTHER), alike=BOTH) == {NORTH, SOUTH}


def test_of_three_records_of_one_child_one_acts_and_one_is_next():
    standings = {NORTH: Standing.FORMER, SOUTH: Standing.RESIDENT, EAST: Standing.SCHOOL_ONLY}
    everyone = dict.fromkeys([(NORTH, SOUTH), (NORTH, EAST), (SOUTH, EAST)], 1.0)
    answers = decided(*(found(child=child) for child in (NORTH, SOUTH, EAST)), standings=standings, alike=everyone)
    assert {child: item.decision for child, item in answers.items()} == {SOUTH: "release", EAST: "stand-by", NORTH: "withheld"}


def test_two_children_of_one_authority_are_never_one():
    twin = Person("north", 2)
    assert released(found(child=NORTH), found(child=twin), alike={(NORTH, twin): 1.0}) == {NORTH, twin}


def test_twins_on_two_authorities_books_stay_with_their_own_records():
    """Each twin's records are alike, and each twin is alike to the other: the most alike belong together."""
    twin, twin_south = Person("north", 2), Person("south", 2)
    alike = {
        (NORTH, SOUTH): 0.95,
        (twin, twin_south): 0.90,
        (NORTH, twin_south): SAME_DICE + 0.05,
        (twin, SOUTH): SAME_DICE + 0.04,
    }
    answers = decided(*(found(child=child) for child in (NORTH, twin, SOUTH, twin_south)), standings={NORTH: Standing.FORMER}, alike=alike)
    assert {child: item.acting for child, item in answers.items()} == {NORTH: SOUTH, SOUTH: SOUTH, twin: twin, twin_south: twin}


def test_records_that_are_not_all_alike_are_not_all_one_child():
    chain = {(NORTH, SOUTH): 0.9, (SOUTH, EAST): 0.8}
    answers = decided(*(found(child=child) for child in (NORTH, SOUTH, EAST)), alike=chain)
    assert {child: item.acting for child, item in answers.items()} == {NORTH: NORTH, SOUTH: NORTH, EAST: EAST}
