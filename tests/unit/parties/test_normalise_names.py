"""Names: one spelling for what people write in many ways, and which other names a record gives."""

import pytest

from parties.encoding import normalise
from parties.encoding.canaries import canary_rows
from parties.encoding.normalise import facts
from parties.encoding.rows import PersonRows


@pytest.mark.parametrize(
    ("written", "normalised"),
    [
        ("Siân", "sian"),
        ("SMITH", "smith"),
        ("  Anne-Marie ", "anne marie"),
        ("O'Brien", "obrien"),
        ("O\u2019Brien", "obrien"),
        ("O Brien", "obrien"),
        ("D'Arcy", "darcy"),
        ("Mac Donald", "mcdonald"),
        ("MacDonald", "mcdonald"),
        ("McDonald", "mcdonald"),
        ("Mackay", "mckay"),
        ("Mack", "mack"),
        ("Macey", "macey"),
        ("van der Berg", "vanderberg"),
        ("St. John", "stjohn"),
        ("Saint-John", "stjohn"),
        ("Fitz Gerald", "fitzgerald"),
        ("Al-Khatib", "alkhatib"),
        ("ap Rhys", "rhys"),
        ("ab Owain", "owain"),
        ("ferch Owain", "owain"),
        ("Ap", "ap"),
        ("Dr. Jane", "jane"),
        ("Y Parch. Jane", "y jane"),
        ("Mrs", "mrs"),
        ("Lord", "lord"),
        ("Lord John", "john"),
        ("Smith-Lord", "smith lord"),
        ("Smith Jr.", "smith"),
        ("Junior", "junior"),
        ("Mst Amina", "amina"),
        ("Mohammed", "muhammad"),
        ("MOHAMAD", "muhammad"),
        ("Md", "muhammad"),
        ("Hassan", "hasan"),
        ("Hussein", "hussain"),
        ("Khatoon", "khatun"),
        ("Oleksandr", "alexander"),
        ("Llewellyn", "llywelyn"),
        ("Łukasz", "lukasz"),
        ("Weiß", "weiss"),
        ("Smith-Jones", "smith jones"),
        ("She1ly", "shely"),
        ("", ""),
        ("-", ""),
        (".", ""),
        ("李", ""),
    ],
)
def test_a_name_has_one_spelling(written, normalised):
    assert normalise.name(written) == normalised


@pytest.mark.parametrize(
    "written",
    [
        "unknown", "Unknown", "NOT KNOWN", "n/k", "NK", "n/a", "FNU", "LNU", "none", "No surname", "anhysbys", "test", "TBC", "xxx",
        "Baby", "Baby of Jane", "BABY BOY", "male infant", "Twin 2", "Twin two", "daughter of", "Unborn", "(deceased)", "?", "0",
    ],
)  # fmt: skip
def test_what_stands_for_an_unknown_name_is_missing(written):
    assert normalise.names(written) == ("",)


@pytest.mark.parametrize("written", ["Xander", "Babyface", "Nil-Marie", "Testa", "Twinn"])
def test_a_name_that_only_looks_like_a_placeholder_stays(written):
    assert normalise.name(written)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("William (Bill)", ("william", "bill")),
        ('William "Bill"', ("william", "bill")),
        ("William \u2018Bill\u2019", ("william", "bill")),
        ("William 'Bill' O'Neil", ("william oneil", "bill")),
        ("William [Bill", ("william", "bill")),
        ("William known as Bill", ("william", "bill")),
        ("William a.k.a. Bill", ("william", "bill")),
        ("William (likes to be called Bill)", ("william", "bill")),
        ("William (also known as Will, aka Bill)", ("william", "will", "bill")),
        ("Siân (adwaenir fel Shan)", ("sian", "shan")),
        ("Jones née Davies", ("jones", "davies")),
        ("Jones formerly Davies", ("jones", "davies")),
        ("(Bill)", ("bill",)),
        ("William (William)", ("william",)),
        ("William (deceased)", ("william",)),
        ("Unknown (Bill)", ("bill",)),
        ("Nee", ("nee",)),
    ],
)
def test_a_field_may_mention_other_names(written, found):
    assert normalise.names(written) == found


@pytest.mark.parametrize(
    ("fields", "rows"),
    [
        (("Ada", "Jane", "Ash"), [("ada", "ash", "jane")]),
        (("William (Bill)", "", "Jones (née Davies)"), [("william", "jones", ""), ("bill", "jones", ""), ("william", "davies", "")]),
        (("Harpreet", "", "Kaur"), [("harpreet", "kaur", "")]),
        (("Harpreet", "", "Kaur Gill"), [("harpreet", "gill", ""), ("harpreet", "kaur", "")]),
        (("Harpreet", "Kaur", "Gill"), [("harpreet", "gill", "kaur"), ("harpreet", "kaur", "kaur")]),
        (("Harpreet Kaur", "", "Gill"), [("harpreet", "gill", "kaur"), ("harpreet", "kaur", "kaur")]),
        (("Harpreet Kaur", "", ""), [("harpreet", "kaur", "")]),
        (("Kaur", "", "Gill"), [("kaur", "gill", "")]),
        (("Mary Jane", "Ann", "Ash"), [("mary jane", "ash", "ann"), ("mary", "ash", "jane ann")]),
        (("Mary-Jane", "", "Ash"), [("mary jane", "ash", "")]),
        (("Abdul Rahman", "", "Ash"), [("abdulrahman", "ash", "")]),
        (("", "", ""), [("", "", "")]),
    ],
)
def test_a_record_has_the_names_that_its_fields_give(fields, rows):
    assert list(normalise.full_names(*fields)) == rows


@pytest.mark.parametrize(
    ("forename", "surname"),
    [
        ("Suharto", ""),
        ("-", "Suharto"),
        (" . ", "Suharto"),
        ("Suharto", "-"),
        ("FNU", "Suharto"),
        ("Suharto", "LNU"),
        ("Suharto", "Suharto"),
    ],
)
def test_a_person_with_one_name_has_it_twice_wherever_it_was_written(forename, surname):
    assert normalise.full_names(forename, "", surname) == (("suharto", "suharto", ""),)


@pytest.mark.parametrize(("forename", "surname"), [("Adi Suharto", ""), ("-", "Adi Suharto"), ("Adi Suharto", "LNU"), ("Adi", "Suharto")])
def test_a_whole_name_in_one_field_is_divided_at_its_first_word(forename, surname):
    assert normalise.full_names(forename, "", surname) == (("adi", "suharto", ""),)


@pytest.mark.parametrize("forename", ["", "Baby", "Baby of Jane", "unknown", "nk", "?"])
def test_a_surname_does_not_stand_for_a_forename_that_is_merely_unknown(forename):
    assert normalise.full_names(forename, "", "Ash") == (("", "ash", ""),)


def test_one_name_with_a_default_date_of_birth_does_not_stand_for_both():
    rows = PersonRows()
    for born in ("1990-01-01", "1990-01-02"):
        rows.add_rows(rows.add_person(born), {"forename": "Suharto", "surname": "-", "date_of_birth": born})
    assert (rows.forename, rows.surname) == (["suharto", "suharto"], ["", "suharto"])


def test_a_full_name_hides_itself():
    assert "ash" not in repr(normalise.full_names("Ada", "", "Ash"))


def test_each_name_of_a_record_gets_a_row_with_the_same_details():
    rows = PersonRows()
    source = {"forename": "William (Bill)", "middle_names": "John", "surname": "Ash", "date_of_birth": "11/02/1987", "sex": "1"}
    rows.add_rows(rows.add_person("R1"), source)
    assert (rows.forename, rows.surname, rows.middle) == (["william", "bill"], ["ash", "ash"], ["john", "john"])
    assert (rows.person, rows.dob, rows.sex) == ([0, 0], ["19870211"] * 2, ["M", "M"])


def test_a_normalised_name_stays_as_it_is():
    names = [name for column in (canary_rows().forename, canary_rows().surname) for name in column]
    assert [normalise.name(name) for name in names] == names


def test_every_form_of_a_family_has_its_spelling_and_shared_names_are_in_theirs():
    for row in facts.rows("name_families"):
        encoded, *_ = forms = row["forms"].split()
        assert {normalise.name(form) for form in forms} == {encoded}
    shared = next(row["forms"] for row in facts.rows("name_words") if row["kind"] == "shared").split(";")
    assert [normalise.name(name) for name in shared] == shared


@pytest.mark.parametrize(
    ("one", "other"), [("Hasan", "Husain"), ("Mehmet", "Muhammed"), ("Mahmoud", "Mohammed"), ("Said", "Syed"), ("Mia", "Miah")]
)
def test_names_that_brothers_or_neighbours_may_have_stay_apart(one, other):
    assert normalise.name(one) != normalise.name(other)
