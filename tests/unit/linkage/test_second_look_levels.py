"""How far two records agree: every level of every field, on pairs made by hand; and no evidence where one has nothing."""

from time import process_time

import numpy as np
import pytest

from flows.calibrate_evidence import plain_tags
from linkage.second_look.levels import FIELDS, NONE, QUESTIONS, Address, Birth, Middle, Name, Place, Sex, field_levels
from parties.encoding.rows import PersonRows
from parties.second_look.components import component_texts
from schemas.linkage import name_bands
from schemas.second_look import N_TAGS

WHOLE = {
    "forename": "Gwenllian", "middle_names": "Mair", "surname": "Ashcombe", "date_of_birth": "1985-03-12", "sex": "F",
    "address": "12 Alma Road", "town": "Cardiff", "postcode": "CF14 3AB",
}  # fmt: skip
UNCOMMON = name_bands()["forename"][2][0]


def people(*sources):
    """Return the components of people given as lists of raw records."""
    rows = PersonRows()
    for number, records in enumerate(sources):
        person = rows.add_person(str(number))
        for record in records:
            rows.add_rows(person, record)
    return component_texts(rows)


def compare(left, right, seed=1):
    """Return the level of each field of two people: a record, or a list of records of one person."""
    ones, others = (people(item if isinstance(item, list) else [item]) for item in (left, right))
    rng = np.random.default_rng(seed)
    levels = field_levels(plain_tags(ones, rng), plain_tags(others, rng))[0]
    return {name: kind(level) for (name, kind), level in zip(FIELDS.items(), levels.tolist(), strict=True)}


CASES = [
    ("forename", {"forename": "John"}, {"forename": "John"}, Name.EXACT_VERY_COMMON),
    ("forename", {"forename": "Gordon"}, {"forename": "Gordon"}, Name.EXACT_COMMON),
    ("forename", {"forename": UNCOMMON}, {"forename": UNCOMMON}, Name.EXACT_UNCOMMON),
    ("forename", {"forename": "Zqxlwy"}, {"forename": "Zqxlwy"}, Name.EXACT_RARE),
    ("forename", {"forename": "Bill"}, {"forename": "William"}, Name.SHORT_FORM),
    ("forename", {"forename": "Bill"}, {"forename": "Willie"}, Name.SHORT_FORM),
    ("forename", {"forename": "Gwenllian"}, {"forename": "Gwenlian"}, Name.NEAR),
    ("forename", {"forename": "Gwenllian"}, {"forename": "Gwenlilan"}, Name.NEAR),
    ("forename", {"forename": "Philippa"}, {"forename": "Filipa"}, Name.SOUND),
    ("forename", {"forename": "Gwenllian"}, {"forename": "Gwenda"}, Name.START),
    ("forename", {"forename": "Gwenllian"}, {"forename": "Geraint"}, Name.INITIAL),
    ("forename", {"forename": "Gwenllian"}, {"forename": "Rhiannon"}, Name.DIFFERENT),
    ("forename", {"forename": "Gwenllian"}, {"forename": "Mair", "middle_names": "Gwenllian"}, Name.OTHER_NAME),
    ("forename", {"forename": "Gwenllian"}, {"forename": "G"}, NONE),
    ("forename", {"forename": "Gwenllian"}, {"forename": "Sir"}, NONE),
    ("surname", {"surname": "Smith"}, {"surname": "Smith"}, Name.EXACT_VERY_COMMON),
    ("surname", {"surname": "Ashcombe"}, {"surname": "Ashcombe"}, Name.EXACT_RARE),
    ("surname", {"surname": "Ashcombe"}, {"surname": "Ashcomb"}, Name.NEAR),
    ("surname", {"surname": "Stephenson"}, {"surname": "Stevinsen"}, Name.SOUND),
    ("surname", {"surname": "Ashcombe"}, {"surname": "Birch"}, Name.DIFFERENT),
    ("middle", {"middle_names": "Mair"}, {"middle_names": "Mair"}, Middle.EXACT),
    ("middle", {"middle_names": "Mair"}, {"middle_names": "Mali"}, Middle.INITIAL),
    ("middle", {"middle_names": "Mair"}, {"middle_names": "Ceri"}, Middle.DIFFERENT),
    ("middle", {"middle_names": "Mair"}, {"middle_names": "M"}, Middle.ONLY_INITIAL),
    ("middle", {"middle_names": "M"}, {"middle_names": "M"}, Middle.ONLY_INITIAL),
    ("middle", {"middle_names": "Mair"}, {"middle_names": "C"}, Middle.ONLY_INITIAL_DIFFERS),
    ("birth", {"date_of_birth": "1985-03-12"}, {"date_of_birth": "1985-03-12"}, Birth.WHOLE),
    ("birth", {"date_of_birth": "1985-03-12"}, {"date_of_birth": "1985-12-03"}, Birth.SWAPPED),
    ("birth", {"date_of_birth": "1985-03-12"}, {"date_of_birth": "1985-03-17"}, Birth.ONE_DIGIT),
    ("birth", {"date_of_birth": "1985-03-12"}, {"date_of_birth": "1985-73-12"}, Birth.ONE_DIGIT),
    ("birth", {"date_of_birth": "1985-03-12"}, {"date_of_birth": "1986-03-17"}, Birth.TWO_DIGITS),
    ("birth", {"date_of_birth": "1985-03-12"}, {"date_of_birth": "1972-03-12"}, Birth.TWO_DIGITS),
    ("birth", {"date_of_birth": "1985-03-12"}, {"date_of_birth": "2012-03-12"}, Birth.DAY_AND_MONTH),
    ("birth", {"date_of_birth": "1985-03-12"}, {"date_of_birth": "1985-10-27"}, Birth.SAME_YEAR),
    ("birth", {"date_of_birth": "1985-03-12"}, {"date_of_birth": "1972-10-27"}, Birth.DIFFERENT),
    ("birth", {"date_of_birth": "1985-03-12"}, {"date_of_birth": "1985-01-01"}, Birth.YEAR),
    ("birth", {"date_of_birth": "1985"}, {"date_of_birth": "1985-01-01"}, Birth.YEAR),
    ("birth", {"date_of_birth": "1985-03-12"}, {"date_of_birth": "1986"}, Birth.YEAR_NEAR),
    ("birth", {"date_of_birth": "1985-03-12"}, {"date_of_birth": "1972"}, Birth.YEAR_DIFFERS),
    ("place", {"postcode": "CF14 3AB"}, {"postcode": "CF14 3AB"}, Place.UNIT),
    ("place", {"postcode": "CF14 3AB"}, {"postcode": "CF14 3XY"}, Place.SECTOR),
    ("place", {"postcode": "CF14 3AB"}, {"postcode": "CF14 9XY"}, Place.DISTRICT),
    ("place", {"postcode": "CF14 3AB", "town": "Cardiff"}, {"postcode": "CF5 9XY", "town": "Cardiff"}, Place.TOWN),
    ("place", {"postcode": "CF14 3AB", "town": "Cardiff"}, {"postcode": "B1 9XY", "town": "Birmingham"}, Place.DIFFERENT),
    ("place", {"town": "Cardiff"}, {"town": "Cardiff", "postcode": "CF14 3AB"}, Place.ONLY_TOWN),
    ("place", {"town": "Cardiff"}, {"town": "Birmingham"}, Place.ONLY_TOWN_DIFFERS),
    ("address", {"address": "12 Alma Road"}, {"address": "12 Alma Rd"}, Address.BOTH),
    ("address", {"address": "12 Alma Road"}, {"address": "14 Alma Road"}, Address.STREET),
    ("address", {"address": "12 Alma Road"}, {"address": "12 Birch Road"}, Address.NUMBER),
    ("address", {"address": "12 Alma Road"}, {"address": "7 Birch Road"}, Address.DIFFERENT),
    ("sex", {"sex": "F"}, {"sex": "Female"}, Sex.SAME),
    ("sex", {"sex": "F"}, {"sex": "M"}, Sex.DIFFERENT),
]  # fmt: skip


@pytest.mark.parametrize(
    ("field", "left", "right", "level"), CASES, ids=lambda item: "-".join(item.values()) if isinstance(item, dict) else str(item)
)
def test_a_pair_has_the_level_that_its_values_say(field, left, right, level):
    names = {"forename": "Rhys", "surname": "Zqvnor"}  # a forename alone would stand for both names
    ours, theirs = ({**names, **side} for side in (left, right))
    assert compare(ours, theirs)[field] == level == compare(theirs, ours)[field]


def test_every_level_is_made_by_hand_here():
    said = {(type(level), level) for _, _, _, level in CASES}
    elsewhere = {Name.SWAPPED, Name.ALIAS, Place.FORMER_UNIT}
    assert {level for kind in FIELDS.values() for level in kind if level and (kind, level) not in said} == elsewhere


def test_swapped_names_count_once():
    levels = compare(WHOLE, {**WHOLE, "forename": WHOLE["surname"], "surname": WHOLE["forename"]})
    assert (levels["forename"], levels["surname"]) == (Name.SWAPPED, NONE)


def test_a_name_that_stands_in_the_other_field_counts_once():
    levels = compare({"forename": "Rhys", "surname": "Gwenllian"}, {"forename": "Gwenllian", "surname": "Ashcombe"})
    assert (levels["forename"], levels["surname"]) == (NONE, Name.OTHER_NAME)


def test_one_name_alone_counts_once():
    levels = compare({"forename": "Gwenllian", "surname": ""}, {"forename": "", "surname": "Gwenllian"})
    assert (levels["forename"], levels["surname"]) == (NONE, Name.EXACT_RARE)


def test_an_alias_and_a_former_postcode_are_compared_too():
    former = [WHOLE, {**WHOLE, "surname": "Birch", "postcode": "B1 1AA"}]
    levels = compare(former, {**WHOLE, "surname": "Birch", "postcode": "B1 1AA"})
    assert (levels["surname"], levels["place"]) == (Name.ALIAS, Place.FORMER_UNIT)


@pytest.mark.parametrize("side", ["left", "right", "both"])
def test_missing_is_no_evidence(side):
    nothing = {"forename": "", "surname": ""}
    left, right = (nothing if side in {place, "both"} else WHOLE for place in ("left", "right"))
    assert set(compare(left, right).values()) == {NONE}


def test_blanks_never_meet_by_chance():
    empty = people(*([[{"forename": "", "surname": ""}]] * 200))
    rng = np.random.default_rng(2)
    assert not field_levels(plain_tags(empty, rng), plain_tags(empty, rng)).any()


def test_every_level_but_none_answers_one_question():
    for field, kind in FIELDS.items():
        assert sorted(level for question in QUESTIONS[field] for level in question) == [level for level in kind if level]


def test_sides_of_other_shapes_are_refused():
    tags = np.zeros((2, N_TAGS), dtype=np.uint64)
    for other in (tags[:1], tags[:, 1:]):
        with pytest.raises(ValueError, match="N_TAGS"):
            field_levels(tags, other)


def test_a_million_pairs_are_compared_in_seconds(figure):
    pairs = 100_000
    tags = np.random.default_rng(3).integers(0, 1 << 63, size=(pairs, N_TAGS), dtype=np.uint64)
    start = process_time()
    field_levels(tags, tags[::-1])
    taken = (process_time() - start) * 1_000_000 / pairs
    figure("levels of a million pairs, one core", "<= 10 s with their weights", f"{taken:.1f} s")
    assert taken < 60
