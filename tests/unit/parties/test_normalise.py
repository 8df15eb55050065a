"""One spelling for what people write in many ways: dates, postcodes, addresses, codes; and the digest of the tables behind the rules."""

import pytest

from parties.encoding import normalise
from parties.encoding.canaries import canary_rows
from parties.encoding.normalise import facts
from parties.encoding.normalise.addresses import _SHORT
from parties.encoding.normalise.dates import Certainty


@pytest.mark.parametrize(
    ("written", "known", "certainty"),
    [
        ("1987-02-11", "19870211", "whole"),
        ("19870211", "19870211", "whole"),
        ("2000-02-29", "20000229", "whole"),
        ("1987/02/11", "19870211", "whole"),
        ("11/02/1987", "19870211", "whole"),
        ("11.2.1987", "19870211", "whole"),
        ("11-02-1987", "19870211", "whole"),
        ("11021987", "19870211", "whole"),
        ("20-11-1912", "19121120", "whole"),
        ("11 Feb 1987", "19870211", "whole"),
        ("11th of February, 1987", "19870211", "whole"),
        ("11-FEB-1987", "19870211", "whole"),
        ("11 Chwefror 1987", "19870211", "whole"),
        ("February 11, 1987", "19870211", "whole"),
        ("1987-02-11 00:00:00", "19870211", "whole"),
        ("1987-02-11T00:00:00Z", "19870211", "whole"),
        ("\uff11\uff19870211", "", "missing"),
        ("1987-13-02", "19870213", "whole"),
        ("02/13/1987", "19870213", "whole"),
        ("19871302", "19870213", "whole"),
        ("1985-01-01", "19850101", "suspect"),
        ("01/01/1985", "19850101", "suspect"),
        ("1985-07-01", "19850701", "suspect"),
        ("1987", "1987", "partial"),
        ("1987-02", "198702", "partial"),
        ("02/1987", "198702", "partial"),
        ("Feb 1987", "198702", "partial"),
        ("1987-02-00", "198702", "partial"),
        ("00/00/1987", "1987", "partial"),
        ("19870000", "1987", "partial"),
        ("19870200", "198702", "partial"),
        ("1900-01-01", "", "missing"),
        ("31/12/1899", "", "missing"),
        ("9999-12-31", "", "missing"),
        ("1987-02-30", "", "missing"),
        ("1987-13-13", "", "missing"),
        ("11/02/87", "", "missing"),
        ("11 Fob 1987", "", "missing"),
        ("not known", "", "missing"),
        ("", "", "missing"),
    ],
)
def test_a_date_is_read_and_its_certainty_said(written, known, certainty):
    assert normalise.birth(written) == (known, certainty)
    assert normalise.date_of_birth(written) == (known if certainty in {"whole", "suspect"} else "")


def test_a_default_day_is_suspect_and_another_is_not():
    assert normalise.is_suspect("19850101")
    assert not normalise.is_suspect("19850102")
    assert not normalise.is_suspect("")


def test_day_and_month_are_the_same_after_a_swap():
    assert normalise.day_and_month("19870211") == normalise.day_and_month("19871102") == "0211"


def test_what_is_known_of_a_birth_hides_itself():
    assert "1987" not in repr(normalise.birth("1987-02-11"))


@pytest.mark.parametrize(
    ("written", "normalised"),
    [
        ("sw1a 1aa", "SW1A1AA"),
        ("CF10 3NP", "CF103NP"),
        ("CF1O 3NP", "CF103NP"),
        ("CF10 ONP", "CF100NP"),
        ("S014 2AB", "SO142AB"),
        ("SO14 2AB", "SO142AB"),
        ("M1 I AA", "M11AA"),
        ("0X1 2AB", "OX12AB"),
        ("CF10", ""),
        ("not known", ""),
        ("", ""),
        ("ZZ99 3VZ", ""),
        ("ZZ99 3WZ", ""),
        ("XX99 9XX", ""),
        ("BFPO 12", ""),
        ("BF1 3AA", ""),
    ],
)
def test_a_postcode_is_compact_and_its_o_and_i_are_put_right(written, normalised):
    assert normalise.postcode(written) == normalised


@pytest.mark.parametrize(
    ("postcode", "sector", "district"),
    [("CF103NP", "CF103", "CF10"), ("M11AA", "M11", "M1"), ("SW1A1AA", "SW1A1", "SW1A"), ("CF1X3NQQ", "", ""), ("", "", "")],
)
def test_a_whole_unit_has_a_sector_and_a_district(postcode, sector, district):
    assert (normalise.sector(postcode), normalise.district(postcode)) == (sector, district)


@pytest.mark.parametrize(
    ("written", "normalised"),
    [
        ("14 High Street", "14 high st"),
        ("14, HIGH ST.", "14 high st"),
        ("No. 14 High Street", "14 high st"),
        ("14 A High Street", "14a high st"),
        ("14a High Street", "14a high st"),
        ("Apartment 2, 5 Saint Mark's Road", "flat 2 5 st marks rd"),
        ("Flt 2 5 St Mark\u2019s Rd", "flat 2 5 st marks rd"),
        ("14 Heol y Bont", "14 heol y bont"),
        ("Unknown", ""),
        ("Address not known", ""),
        ("n/a", ""),
        ("", ""),
    ],
)
def test_an_address_is_number_and_short_street_words(written, normalised):
    assert normalise.address(written) == normalised


@pytest.mark.parametrize(
    "place",
    [
        "HMP Cardiff", "H.M.P. Cardiff", "H M Prison Cardiff", "HMYOI Parc", "Swansea Prison, 200 Oystermouth Road", "Wandsworth Prison",
        "Carchar Abertawe", "Carchar EF Abertawe", "No Fixed Abode", "NFA", "N.F.A.", "of no fixed address", "Dim cartref sefydlog",
        "Elm Approved Premises", "Elm Bail Hostel", "Homeless", "Building 5, BFPO 58",
    ],
)  # fmt: skip
def test_a_prison_or_no_fixed_abode_is_no_address_at_all(place):
    assert normalise.home(place, "CF24 0UG") == ("", "")
    assert normalise.home("1 High Street", "CF24 0UG", place) == ("", "")


@pytest.mark.parametrize(
    ("street", "spelled"),
    [
        ("2 Prison Lane", "2 prison ln"),
        ("The Old Prison", "the old prison"),
        ("5 Carchar Road", "5 carchar rd"),
        ("1 Young Street", "1 young st"),
        ("3 Known Close", "3 known cl"),
    ],
)
def test_a_street_that_only_sounds_like_one_is_an_address(street, spelled):
    assert normalise.home(street, "CF24 0UG") == (spelled, "CF240UG")


def test_an_address_that_is_not_known_leaves_the_postcode():
    assert normalise.home("Not known", "CF24 0UG") == ("", "CF240UG")


@pytest.mark.parametrize(
    ("written", "letter"),
    [("M", "M"), ("f", "F"), ("Male", "M"), ("FEMALE", "F"), ("1", "M"), ("2", "F"), ("benyw", "F"), ("Gwryw", "M"), (" m. ", "M")]
    + [(code, "") for code in ("0", "9", "I", "U", "X", "not known", "FEMALE | MALE", "")],
)
def test_a_code_of_sex_is_one_letter_or_none(written, letter):
    assert normalise.sex(written) == letter


@pytest.mark.parametrize(
    ("written", "e164"),
    [
        ("07700 900123", "+447700900123"),
        ("+44 7700 900123", "+447700900123"),
        ("0044 (0)7700 900123", "+447700900123"),
        ("+44 (0)29 2018 0123", "+442920180123"),
        ("447700900123", "+447700900123"),
        ("029 2018 0123 ext 4", "+442920180123"),
        ("01632 960 12", "+44163296012"),
        ("7700 900123", ""),
        ("+1 202 555 0123", ""),
        ("0770", ""),
        ("none", ""),
        ("", ""),
    ],
)
def test_a_telephone_number_is_e164_or_none(written, e164):
    assert normalise.phone(written) == e164


def test_the_canaries_exercise_each_kind_of_rule():
    rows = canary_rows()
    assert {"bill", "davies", "kaur", "suhardjono"} <= {*rows.forename, *rows.surname}
    assert {"j", "kaur", ""} <= set(rows.middle)
    assert set(rows.sex) == {"M", "F", ""}
    assert {"19870211", "19900303", "19750413", "19830101"} <= set(rows.dob)
    assert "" in rows.postcode
    assert "9a kingfisher ave" in rows.address


def test_the_digest_covers_every_packaged_table_and_the_version(monkeypatch):
    packaged = {path.name for path in (facts.resources.files(normalise) / "tables").iterdir() if path.name.endswith(".csv")}
    assert packaged == {f"{table}.csv" for table in facts.TABLES}
    before = normalise.normaliser_digest()
    text = facts._text
    for table in facts.TABLES:
        monkeypatch.setattr(facts, "_text", lambda name, changed=table: text(name) + " " * (name == changed))
        assert facts.normaliser_digest.__wrapped__() != before
    monkeypatch.setattr(facts, "_text", text)
    assert facts.normaliser_digest.__wrapped__() == before
    monkeypatch.setattr(facts, "NORMALISER", "kinlink-normaliser/0")
    assert facts.normaliser_digest.__wrapped__() != before


@pytest.mark.parametrize("table", facts.TABLES)
def test_a_table_says_where_it_is_from_and_when(table):
    first = facts._text(table).splitlines()[0]
    assert first.startswith("# ")
    assert "2026" in first


def test_no_word_is_a_form_of_two_in_a_table():
    for table, column in (("street_words", "forms"), ("name_families", "forms"), ("months", "names"), ("sexes", "forms")):
        forms = [form for row in facts.rows(table) for form in row[column].split()]
        assert len(set(forms)) == len(forms)
    assert not set(_SHORT) & set(_SHORT.values())


def test_certainties_are_the_four_that_are_documented():
    assert [*Certainty] == ["whole", "suspect", "partial", "missing"]
