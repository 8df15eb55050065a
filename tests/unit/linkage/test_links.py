"""Links and their margins: how clearly a pair leads its rivals."""

import pytest

from linkage.findings.links import Link, Person, with_margins

P1, P2 = Person("prison", 1), Person("prison", 2)
A1, A2, B1 = Person("council-a", 1), Person("council-a", 2), Person("council-b", 1)


def links(*pairs, same=(), floor=-8.0):
    asked = []

    def same_person(one, other):
        asked.append((one, other))
        return {one, other} in [set(pair) for pair in same]

    return {(link.left, link.right): link for link in with_margins(pairs, same_person, floor=floor)}, asked


def margin(found, *pair):
    return found[0][pair].margin


def test_a_pair_without_a_rival_leads_without_bound():
    assert links((P1, A1, 9.0))[0] == {(P1, A1): Link(P1, A1, 9.0, float("inf"))}


def test_the_margin_is_to_the_best_rival_on_either_side():
    found = links((P1, A1, 9.0), (P1, A2, 4.0), (P2, A1, 7.0))
    assert margin(found, P1, A1) == 2.0
    assert margin(found, P1, A2) == -5.0
    assert margin(found, P2, A1) == -2.0


def test_equal_rivals_lead_by_nothing():
    found = links((P1, A1, 9.0), (P1, A2, 9.0))
    assert margin(found, P1, A1) == margin(found, P1, A2) == 0.0


def test_the_same_person_on_another_authoritys_books_is_no_rival():
    pairs = ((P1, A1, 9.0), (P1, B1, 8.0))
    assert margin(links(*pairs), P1, A1) == 1.0
    assert margin(links(*pairs, same=[(A1, B1)]), P1, A1) == float("inf")


def test_behind_a_record_that_is_no_rival_the_next_one_counts():
    found = links((P1, A1, 9.0), (P1, B1, 8.0), (P1, A2, 3.0), same=[(A1, B1)])
    assert margin(found, P1, A1) == 6.0


def test_two_records_of_one_organisation_are_rivals_without_asking():
    found = links((P1, A1, 9.0), (P1, A2, 5.0), same=[(A1, A2)])
    assert margin(found, P1, A1) == 4.0
    assert found[1] == []


@pytest.mark.parametrize(("floor", "kept"), [(5.0, {(P1, A1), (P1, A2)}), (5.1, {(P1, A1)})])
def test_below_the_floor_is_neither_link_nor_rival(floor, kept):
    found = links((P1, A1, 9.0), (P1, A2, 5.0), floor=floor)
    assert set(found[0]) == kept
    assert margin(found, P1, A1) == (4.0 if len(kept) == 2 else float("inf"))


def test_nothing_is_forced_one_to_one():
    assert len(links((P1, A1, 9.0), (P1, B1, 9.0), (P2, A1, 9.0))[0]) == 3
