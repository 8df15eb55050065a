"""What a custodian seals of each person: an authority of its child how it stands to it and how old it is on the day that the round opens."""

from datetime import date

import numpy as np

from parties.encoding.encode import EncodedPopulation
from parties.extracts.mapping import Mapped
from parties.submission.parts import written_joins
from schemas.joins import AgeBand, Relation, Standing
from schemas.sealed_join import read_join

OPENS_ON = date(2026, 11, 1)


def encoded(population, names):
    persons = np.frombuffer(b"".join(f"{name:16}".encode() for name in names), dtype=np.uint8).reshape(-1, 16)
    return EncodedPopulation(population, {}, {}, persons, (persons, persons))


def mapped_of(*born):
    """An authority with one carer, and a child of hers of every birthday."""
    mapped, person = Mapped(), dict.fromkeys(("forename", "surname", "sex", "address", "town", "postcode"), "Ash")
    mapped.adults.add("carer", {**person, "date_of_birth": "1990-01-01"})
    for number, birthday in enumerate(born):
        child = {**person, "date_of_birth": birthday}
        mapped.relate(mapped.children.add(str(number), child), Relation(Standing.RESIDENT, 8_107), child)
        mapped.tie("carer", str(number))
    return mapped


def joins_of(mapped):
    names = {"adults": ["carer"], "children": [f"child {number}" for number in mapped.children.index.values()]}
    written = written_joins(mapped, {population: encoded(population, of) for population, of in names.items()}, OPENS_ON)
    return {population: [read_join(content) for content in contents] for population, contents in written.items()}


def test_a_child_s_age_travels_with_its_own_join_and_with_its_carer_s():
    joins = joins_of(mapped_of("2024-05-01", "2011-11-02", ""))
    ages = [AgeBand.UNDER_5, AgeBand.FROM_10_TO_14, AgeBand.NOT_KNOWN]
    wanted = [Relation(Standing.RESIDENT, 8_107, age) for age in ages]
    assert [join.relation for join in joins["children"]] == wanted
    assert sorted(tied.relation for tied in joins["adults"][0].tied) == sorted(wanted)
    assert joins["adults"][0].relation is None


def test_a_custodian_that_stands_in_no_relation_to_a_child_says_no_age():
    mapped = Mapped()
    mapped.children.add("0", {"date_of_birth": "2024-05-01", "forename": "Ada", "surname": "Ash", "sex": "F"})
    assert joins_of(mapped)["children"][0].relation is None
