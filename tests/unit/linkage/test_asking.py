"""Whom an authority is asked about: always as many, at most two of five in review, the rest drawn from those without a finding."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkage.findings.links import Person
from linkage.findings.people import People
from linkage.release.asking import asked_table, choose
from linkage.release.policy import Decided
from schemas.joins import PERSON_BYTES

SIZES = st.integers(0, 30)


def ids(prefix, count):
    return [f"{prefix}{number:>15}".encode() for number in range(count)]


def frame(*groups):
    """Return ids as an authority's filters have them, shape (ids, 16)."""
    every = [child for group in groups for child in group]
    return np.frombuffer(b"".join(every), dtype=np.uint8).reshape(-1, PERSON_BYTES)


def draw(seed=1):
    return random.Random(seed).randbytes


@given(SIZES, SIZES, SIZES, st.integers(0, 21), st.integers())
def test_the_number_is_constant_and_no_record_is_likelier_than_not_in_review(in_review, others, skipped, number, seed):
    review, rest, skip = ids("r", in_review), ids("o", others), ids("x", skipped)
    asked = choose(review, frame(rest, review, skip), {*review, *skip}, number=number, draw=draw(seed))
    assert len(asked) == len(set(asked)) == number
    chosen, drawn = set(asked) & set(review), set(asked) & set(rest)
    assert len(chosen) == min(in_review, 2 * number // 5, others)
    assert 3 * len(chosen) <= 2 * len(drawn) or len(drawn) == others
    assert len(chosen) <= len(drawn)
    assert chosen == set(review[: len(chosen)])  # the strongest first
    assert len(drawn) == min(others, number - len(chosen))
    assert not set(asked) & set(skip)


def test_neither_the_order_nor_who_is_drawn_follows_from_what_was_given():
    review, rest = ids("r", 10), ids("o", 1_000)
    rounds = [choose(review, frame(rest, review), set(review), number=20, draw=draw(seed)) for seed in range(200)]
    assert len({tuple(child in review for child in asked) for asked in rounds}) > 150
    assert len({child for asked in rounds for child in asked} - set(review)) > 800
    for place in range(20):  # at each place, two of five records are in review
        assert 45 < sum(asked[place] in review for asked in rounds) < 115


WEIGHTS = {"review": 400, "release": 900, "withheld": -500}


def found(decisions):
    """Return people with one child of the authority for each decision, and what was decided."""
    people = People()
    people.ids["children"]["north"] = ids("f", len(decisions))
    decided = [
        Decided(Person("north", number), None, WEIGHTS[decision] + number, "B", decision, Person("north", number))
        for number, decision in enumerate(decisions)
    ]
    return people, decided


@pytest.mark.parametrize("decisions", [[], ["review"] * 30, ["release", "withheld", "review"] * 4])
def test_every_authority_is_asked_as_much_and_who_has_a_finding_is_never_drawn(decisions):
    people, decided = found(decisions)
    own = people.ids["children"]["north"]
    control = ids("c", 1)
    frames = {"north": frame(own, ids("o", 40)), "south": frame(ids("s", 40), control), "absent": frame()}
    table = asked_table(frames, people, decided, number=20, draw=draw(), never={"south": control}).to_pydict()
    asked = {name: [child for owner, child in zip(*table.values(), strict=True) if owner == name] for name in frames}
    assert {name: len(set(mine)) for name, mine in asked.items()} == dict.fromkeys(frames, 20)
    in_review = [own[number] for number, decision in enumerate(decisions) if decision == "review"]
    assert set(asked["north"]) & set(own) == set(in_review[-8:])
    assert set(asked["south"]) <= set(ids("s", 40))


def test_one_in_review_whom_nobody_could_draw_is_not_asked_about():
    people, decided = found(["review"])
    table = asked_table({"north": frame(ids("o", 40))}, people, decided, number=20, draw=draw(), never={})
    assert people.ids["children"]["north"][0] not in table["child"].to_pylist()
