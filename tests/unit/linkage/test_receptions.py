"""Whose sealed attributes go with a token: of the prisoners on whom the release itself rests, and of nobody else."""

import pytest

from linkage.findings.links import Person
from linkage.findings.paths import Finding
from linkage.release.policy import decide_all
from linkage.release.receptions import prisoners_behind
from schemas.agreement import Release
from schemas.token import MAX_RECEPTIONS

POLICY = Release()
THETA, DELTA, BAND = (POLICY.theta_centibits / 100, POLICY.delta_centibits / 100, POLICY.review_band_centibits / 100)
NORTH, SOUTH = Person("north", 1), Person("south", 1)


def prisoner(number):
    return Person("prison", number)


def found(number, child=NORTH, *, over=0.0, margin=DELTA):
    return Finding(prisoner(number), child, THETA + over, margin, None, ())


def behind(*findings, alike=0.0):
    decided = decide_all(findings, POLICY, relations={}, likeness=lambda *_: alike)
    return prisoners_behind(findings, decided, POLICY)


def test_both_parents_go_with_the_token_the_surer_first():
    assert behind(found(1), found(2, over=3.0)) == {NORTH: [prisoner(2), prisoner(1)]}


def test_each_prisoner_counts_once_and_no_more_than_a_token_has_room_for():
    many = [found(number, over=number) for number in range(MAX_RECEPTIONS + 2)]
    assert behind(*many, found(0, over=0.5)) == {NORTH: [prisoner(number) for number in range(MAX_RECEPTIONS + 1, 1, -1)]}


@pytest.mark.parametrize("weaker", [found(2, over=-0.01), found(2, over=-BAND), found(2, over=9.0, margin=DELTA - 0.01)])
def test_of_a_prisoner_who_would_not_be_released_alone_nothing_goes(weaker):
    assert behind(found(1), weaker) == {NORTH: [prisoner(1)]}
    assert behind(weaker) == {}


def test_what_two_authorities_know_of_one_child_goes_to_the_one_that_acts():
    both = behind(found(1), found(1, SOUTH), found(2, SOUTH), alike=1.0)
    assert len(both) == 1
    assert set(next(iter(both.values()))) == {prisoner(1), prisoner(2)}
    assert behind(found(1), found(2, SOUTH)) == {NORTH: [prisoner(1)], SOUTH: [prisoner(2)]}
