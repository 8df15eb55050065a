"""Carrying over: who is looked at because those whom they belong to agree, and which of them find a slot."""

import pyarrow as pa
import pytest

from linkage.findings.carrying import CARERS, DECLARED, POLICE_ADULTS, POLICE_CHILDREN, carried_over
from linkage.findings.links import Person
from linkage.second_look.planning import CARRIED_EACH, PLAN, CarriedPair, Place, assign_carried, with_carried

PRISONER, DECLARED_CHILD, OTHER_DECLARED = Person("prison", 1), Person("prison", 11), Person("prison", 12)
FORCE_ADULT, FORCE_CHILD = Person("police", 1), Person("police", 11)
CARER, CHILD, SIBLING = Person("council", 1), Person("council", 11), Person("council", 12)
TIES = {PRISONER: [DECLARED_CHILD, OTHER_DECLARED], FORCE_ADULT: [FORCE_CHILD], CARER: [CHILD, SIBLING]}
SURE = 5.0


def carried(pairs, ties=TIES):
    return {search: both for search, both in carried_over(pairs, ties, accepted=SURE).items() if both}


def test_children_of_a_prisoner_and_a_carer_who_agree_are_looked_at_but_those_that_were():
    pairs = {CARERS: [(PRISONER, CARER, SURE)], DECLARED: [(DECLARED_CHILD, CHILD, -20.0)]}
    assert carried(pairs) == {DECLARED: [(DECLARED_CHILD, SIBLING), (OTHER_DECLARED, CHILD), (OTHER_DECLARED, SIBLING)]}


def test_below_the_weight_two_adults_are_not_taken_for_one():
    assert carried({CARERS: [(PRISONER, CARER, SURE - 0.01)]}) == {}


def test_children_of_a_police_adult_are_looked_at_where_both_links_are_of_one_prisoner():
    pairs = {CARERS: [(PRISONER, CARER, SURE)], POLICE_ADULTS: [(PRISONER, FORCE_ADULT, SURE)]}
    assert carried(pairs)[POLICE_CHILDREN] == [(FORCE_CHILD, CHILD), (FORCE_CHILD, SIBLING)]
    assert POLICE_CHILDREN not in carried({**pairs, POLICE_ADULTS: [(Person("prison", 2), FORCE_ADULT, SURE)]})


@pytest.mark.parametrize(
    "pairs",
    [
        {DECLARED: [(DECLARED_CHILD, CHILD, SURE)]},
        {POLICE_CHILDREN: [(FORCE_CHILD, CHILD, SURE)], POLICE_ADULTS: [(PRISONER, FORCE_ADULT, SURE)]},
    ],
)
def test_the_parents_behind_children_who_agree_are_looked_at(pairs):
    assert carried(pairs)[CARERS] == [(PRISONER, CARER)]
    assert carried({**pairs, CARERS: [(PRISONER, CARER, -20.0)]}) == {}


def test_a_police_child_alone_says_nothing_of_a_prisoner():
    assert carried({POLICE_CHILDREN: [(FORCE_CHILD, CHILD, SURE)]}) == {}


def test_who_has_no_ties_carries_nobody():
    assert carried({CARERS: [(PRISONER, CARER, SURE)]}, {PRISONER: [DECLARED_CHILD]}) == {}


def at(projection, row):
    return Place(projection, row)


def test_the_most_alike_go_first_and_no_filter_is_asked_more_often_than_it_has_slots():
    pairs = [
        CarriedPair(at("A", 0), at("A", 0), 0.4),
        CarriedPair(at("A", 0), at("A", 1), 0.6),
        CarriedPair(at("A", 1), at("A", 1), 0.5),
        CarriedPair(at("D", 0), at("A", 2), 0.0),
    ]
    assert CARRIED_EACH == 1
    assert sorted(assign_carried(pairs)) == [pairs[1], pairs[3]]
    assert assign_carried([]) == []


def test_filters_of_two_projections_in_one_row_are_two_filters():
    pairs = [CarriedPair(at(projection, 0), at(projection, 0), 0.5) for projection in "AD"]
    assert sorted(assign_carried(pairs)) == pairs


def planned(*rows):
    return pa.Table.from_pylist(
        [
            {"wave": wave, "organisation": "council", "name": name, "row": row, "nonce": bytes([nonce]) * 16}
            for wave, name, row, nonce in rows
        ],
        schema=PLAN,
    )


def test_what_is_carried_over_goes_before_what_the_search_left_and_takes_neither_its_slot_nor_its_room_twice():
    plan = planned((1, "A", 0, 1), (2, "A", 0, 2), (2, "A", 1, 3), (2, "D", 0, 4), (2, "A", 2, 5))
    both = with_carried(plan, planned((2, "A", 1, 5)))
    assert both.schema.equals(PLAN)
    # 3 has no room in filter 1 any more, 5 is the slot that was taken; the first wave is over
    assert both.to_pylist() == planned((2, "A", 1, 5), (2, "A", 0, 2), (2, "D", 0, 4)).to_pylist()


def test_with_nothing_to_carry_the_wave_is_what_the_search_left():
    plan = planned((1, "A", 0, 1), (2, "A", 0, 2))
    assert with_carried(plan, PLAN.empty_table()).to_pylist() == planned((2, "A", 0, 2)).to_pylist()
