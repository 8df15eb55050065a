"""People to components: a fixed number of texts whatever a record holds, and what each block says."""

import pytest

from parties.encoding.rows import PersonRows
from parties.second_look.components import component_texts
from schemas.linkage import name_bands, short_names
from schemas.second_look import BLOCKS, LABELS, N_TAGS, POSITIONS

MOST_TAGS = 64


def blocks(*records):
    """Return what each block of one person's components says, blanks left out."""
    rows = PersonRows()
    person = rows.add_person("0")
    for record in records:
        rows.add_rows(person, record)
    (texts,) = component_texts(rows)
    assert len(texts) == N_TAGS
    return {name: tuple(filter(None, texts[POSITIONS[name]])) for name in BLOCKS}


@pytest.mark.parametrize(
    "record", [{}, {"forename": "A" * 80, "surname": "B" * 80, "address": "one two three four 5"}, {"date_of_birth": "1985"}]
)
def test_every_record_has_the_same_number_of_components(record):
    blocks(record)


def test_the_layout_has_no_more_than_its_tags_and_a_label_for_each():
    assert N_TAGS == len(LABELS) <= MOST_TAGS
    covered = [place for block in POSITIONS.values() for place in range(block.start, block.stop)]
    assert covered == list(range(N_TAGS))


def test_only_blocks_that_are_compared_with_others_share_a_label():
    shared = {name for name, block in BLOCKS.items() if sum(block.label == other.label for other in BLOCKS.values()) > 1}
    assert shared == {"forename", "surname", "alias.forename", "alias.surname", "middle", "postcode", "postcode.former"}


def test_a_person_without_rows_says_nothing():
    rows = PersonRows()
    rows.add_person("0")
    assert component_texts(rows) == [("",) * N_TAGS]


def test_components_stand_in_the_order_of_the_people():
    rows = PersonRows()
    for name in ("Ada", "Ben", "Cai"):
        rows.add_rows(rows.add_person(name), {"forename": name, "surname": "Ash"})
    assert [texts[POSITIONS["forename.initial"]][0] for texts in component_texts(rows)] == ["a", "b", "c"]


def test_a_name_stands_at_the_place_of_its_band():
    rows = PersonRows()
    bands = name_bands()["surname"]
    for name in (*(names[0] for names in bands), "zqxlwy"):
        rows.add_rows(rows.add_person(name), {"forename": "Ada", "surname": name})
    where = [texts[POSITIONS["surname"]] for texts in component_texts(rows)]
    assert [[bool(text) for text in names].index(True) for names in where] == [0, 1, 2, 3]
    assert all(sum(map(bool, names)) == 1 for names in where)


def test_a_short_form_has_all_the_names_it_may_be_short_for():
    assert set(blocks({"forename": "Bert", "surname": "Ash"})["forename.root"]) == {"albert", "herbert", "robert"}
    assert blocks({"forename": "Rhiannon", "surname": "Ash"})["forename.root"] == ("rhiannon",)


def test_no_name_is_short_for_more_than_its_places_hold():
    forms = [form for short in short_names().values() for form in short]
    assert max(forms.count(form) + (form in short_names()) for form in set(forms)) <= BLOCKS["forename.root"].size


def test_names_one_edit_apart_share_a_component_even_when_long():
    for other in ("Featherstonehaug", "Featherstonehaughe", "Featherstonehaxgh", "Featherstonehuagh"):
        one, two = (blocks({"forename": "Ada", "surname": name})["surname.near"] for name in ("Featherstonehaugh", other))
        assert len(one) == len(two) == BLOCKS["surname.near"].size
    short, dropped = (blocks({"forename": "Ada", "surname": name})["surname.near"] for name in ("Birch", "Brch"))
    assert set(short) & set(dropped)


def test_an_impossible_date_keeps_its_digits_and_a_default_one_its_year():
    assert "".join(blocks({"date_of_birth": "1790-71-22"})["dob"]) == "17907122"
    assert "".join(blocks({"date_of_birth": "1985-01-01"})["dob"]) == "1985"
    assert blocks({"date_of_birth": "1985-01-01"})["dob.swap"] == ()


def test_an_initial_or_a_title_is_no_forename():
    for forename in ("G", "Sir"):
        said = blocks({"forename": forename, "surname": "Ash"})
        assert (said["forename"], said["present:forename"]) == ((), ())


def test_a_prison_is_no_home():
    said = blocks({"address": "HMP Cardiff", "town": "Cardiff", "postcode": "CF24 0UG"})
    assert not any(said[name] for name in ("address.number", "address.street", "town", "postcode", "present:town"))


def test_later_rows_give_one_other_name_and_postcode():
    first = {"forename": "Ada", "surname": "Ash", "postcode": "CF14 3AB"}
    said = blocks(first, {**first, "surname": "Birch"}, {**first, "surname": "Elm", "postcode": "B1 1AA"})
    assert (said["alias.surname"], said["postcode.former"], said["alias.forename"]) == (("birch",), ("B11AA",), ())


def test_what_is_present_is_said_of_each_field():
    said = blocks({"forename": "Ada", "surname": "Ash", "middle_names": "M", "date_of_birth": "1985", "sex": "F"})
    assert {name.removeprefix("present:") for name in said if name.startswith("present:") and said[name]} == {
        "forename", "surname", "initial", "year", "sex",
    }  # fmt: skip
