"""Match groups against twenty lines that do the same slowly."""

from collections import Counter
from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkage.findings.links import Link, Person
from linkage.findings.solving import match_groups, one_to_one

PARTIES = ("east", "north", "west")


def links(parties):
    """Draw links between the records of some parties, with ties and with links that come twice."""
    persons = [Person(party, number) for party in parties for number in range(4)]
    pairs = [(one, other) for one, other in combinations(persons, 2) if one.organisation != other.organisation]
    drawn = st.tuples(st.sampled_from(pairs), st.integers(-3, 3), st.booleans())
    return st.lists(drawn.map(lambda item: Link(*item[0][:: -1 if item[2] else 1], float(item[1]), 0.0)), max_size=40)


def ranked(given_links):
    return sorted(given_links, key=lambda link: (-link.weight, link.left, link.right))


def reference(given_links):
    """Take links surest first; join two groups once every record of one was linked with every record of the other."""
    group = {person: frozenset([person]) for link in given_links for person in (link.left, link.right)}
    seen = set()
    for link in ranked(given_links):
        seen |= {(link.left, link.right), (link.right, link.left)}
        one, other = group[link.left], group[link.right]
        if one != other and set(product(one, other)) <= seen:
            group.update(dict.fromkeys(one | other, one | other))
    return {members for members in group.values() if len(members) > 1}


def surest_untaken(given_links):
    """Take links surest first, each record once: one-to-one between two parties."""
    taken, kept = set(), []
    for link in ranked(given_links):
        if link.left not in taken and link.right not in taken:
            taken |= {link.left, link.right}
            kept.append(link)
    return kept


@given(links(PARTIES))
def test_groups_of_three_parties_are_those_of_the_reference(given_links):
    groups = match_groups(given_links)
    assert set(groups) == reference(given_links)
    assert max(Counter(person for group in groups for person in group).values(), default=1) == 1
    assert all(len({person.organisation for person in group}) == len(group) for group in groups)


@given(links(PARTIES), st.randoms(use_true_random=False))
def test_the_order_in_which_links_come_does_not_matter(given_links, draw):
    shuffled = draw.sample(given_links, len(given_links))
    assert one_to_one(shuffled) == one_to_one(given_links)


@given(links(PARTIES[:2]))
def test_between_two_parties_the_surest_link_wins_and_a_record_is_in_one_at_most(given_links):
    assert one_to_one(given_links) == surest_untaken(given_links)


@given(links(PARTIES))
def test_links_are_kept_where_both_records_are_in_one_group(given_links):
    kept = one_to_one(given_links)
    assert {frozenset(pair) for group in match_groups(given_links) for pair in combinations(group, 2)} == {
        frozenset((link.left, link.right)) for link in kept
    }
    assert [link.weight for link in kept] == sorted((link.weight for link in kept), reverse=True)


EAST, NORTH, WEST = (Person(party, 0) for party in PARTIES)


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ({}, set()),
        ({(EAST, NORTH): 9.0, (NORTH, WEST): 8.0}, {frozenset((EAST, NORTH))}),
        ({(EAST, NORTH): 9.0, (NORTH, WEST): 8.0, (EAST, WEST): -3.0}, {frozenset((EAST, NORTH, WEST))}),
    ],
    ids=["no link", "a chain", "a triangle"],
)
def test_a_third_record_joins_only_where_it_is_linked_with_both(weights, expected):
    assert set(match_groups(Link(*ends, weight, 0.0) for ends, weight in weights.items())) == expected


def test_a_link_that_comes_twice_counts_once():
    chain = [Link(EAST, NORTH, 9.0, 0.0), Link(NORTH, WEST, 8.0, 0.0), Link(WEST, NORTH, 7.0, 0.0)]
    assert match_groups(chain) == [frozenset((EAST, NORTH))]
