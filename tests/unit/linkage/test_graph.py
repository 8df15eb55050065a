"""The family graph: who is like whom, and which link might as well be to a brother or sister."""

import numpy as np
import pytest

from linkage.findings.explaining import Code
from linkage.findings.graph import SAME_DICE, FamilyGraph
from linkage.findings.paths import GUARD_BITS
from linkage.findings.people import People
from linkage.second_look.opened import Side
from schemas.agreement import Release
from schemas.joins import Relation, Standing
from schemas.roster import Kind
from schemas.sealed_join import Join, Tied
from schemas.slots import SEARCHES

KINDS = {"prison": Kind.PRISON_SERVICE, "north": Kind.LOCAL_AUTHORITY, "south": Kind.LOCAL_AUTHORITY}
DECLARED = SEARCHES[2]
BITS = np.random.default_rng(5).integers(0, 2, 1_024, dtype=np.uint8)


def filter_like(share):
    """Return a filter that has about this Dice coefficient with that of `BITS`."""
    bits, flip = BITS.copy(), int((1 - share) * 512)
    bits[np.flatnonzero(BITS)[:flip]] = 0
    bits[np.flatnonzero(BITS == 0)[:flip]] = 1
    return np.packbits(bits)


def person(name):
    return name.encode().ljust(16, b".")


def side(organisation, name, population, *tied, standing=None):
    relation = None if standing is None else Relation(standing)
    return Side(organisation, "D", person(f"D {name}"), Join(person=person(name), population=population, relation=relation, tied=tied))


def graph(pairs, *, alike=1.0):
    """Return a graph in which a prisoner declared one child, and an authority's carer has two, of whose filters so much is alike."""
    people, resident = People(), Relation(Standing.RESIDENT)
    people.add(side("prison", "prisoner", "adults", Tied(person("declared"))))
    people.add(side("north", "carer", "adults", Tied(person("child"), resident), Tied(person("sibling"), resident)))
    numbers = {
        "declared": people.add(side("prison", "declared", "children")),
        "child": people.add(side("north", "child", "children", standing=Standing.RESIDENT)),
    }
    numbers["sibling"] = next(child for children in people.ties.values() for child in children if child not in numbers.values())
    filters = {"children": {"north": {person("child"): filter_like(1.0), person("sibling"): filter_like(alike)}}, "adults": {}}
    weighed = {DECLARED: [(numbers[one], numbers[other], weight) for one, other, weight in pairs]}
    return FamilyGraph(people, weighed, KINDS, Release(), filters), numbers


def test_who_is_known_by_a_tie_alone_is_compared_by_the_filter_that_the_tie_names():
    made, numbers = graph([("declared", "child", 12.0)], alike=0.9)
    assert made.likeness("children")(numbers["child"], numbers["sibling"]) == pytest.approx(0.9, abs=0.02)
    assert made.likeness("children")(numbers["child"], numbers["declared"]) == 0.0  # of whom no filter is known
    assert made.people.relations[numbers["sibling"]] == Relation(Standing.RESIDENT)


@pytest.mark.parametrize(
    ("alike", "pairs", "guarded"),
    [
        (SAME_DICE + 0.05, [("declared", "child", 12.0)], True),
        (SAME_DICE - 0.05, [("declared", "child", 12.0)], False),
        (SAME_DICE + 0.05, [("declared", "child", 12.0), ("declared", "sibling", -20.0)], False),  # it was looked at
    ],
)
def test_a_relative_who_is_alike_and_was_not_looked_at_takes_bits_off(alike, pairs, guarded):
    made, numbers = graph(pairs, alike=alike)
    found = {item.child: item for item in made.findings()}[numbers["child"]]
    assert found.weight == 12.0 - (GUARD_BITS if guarded else 0.0)
    assert (Code.ALIKE_RELATIVE in found.codes) == guarded
