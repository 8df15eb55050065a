"""One spelling for what people write in many ways."""

import pytest

from parties.encoding import normalise
from parties.encoding.canaries import canary_rows


@pytest.mark.parametrize(
    ("written", "normalised"),
    [
        ("Siân", "sian"),
        ("SMITH", "smith"),
        ("  Anne-Marie ", "anne marie"),
        ("O'Brien", "obrien"),
        ("O\u2019Brien", "obrien"),
        ("O Brien", "obrien"),
        ("Mac Donald", "mcdonald"),
        ("MacDonald", "mcdonald"),
        ("McDonald", "mcdonald"),
        ("Mack", "mack"),
        ("van der Berg", "vanderberg"),
        ("Al-Hassan", "alhassan"),
        ("ap Rhys", "rhys"),
        ("ferch Owain", "owain"),
        ("Ap", "ap"),
        ("Dr. Jane", "jane"),
        ("Lord", "lord"),
        ("Mohammed", "muhammad"),
        ("MOHAMAD", "muhammad"),
        ("Łukasz", "lukasz"),
        ("Weiß", "weiss"),
        ("Smith-Jones", "smith jones"),
        ("", ""),
        ("-", ""),
        ("李", ""),
    ],
)
def test_a_name_has_one_spelling(written, normalised):
    assert normalise.name(written) == normalised


def test_a_normalised_name_stays_as_it_is():
    names = [name for column in (canary_rows().forename, canary_rows().surname) for name in column]
    assert [normalise.name(name) for name in names] == names


@pytest.mark.parametrize(
    ("written", "normalised"),
    [
        ("1987-02-11", "19870211"),
        ("19870211", "19870211"),
        ("2000-02-29", "20000229"),
        ("1990-01-01", "19900101"),
        ("1987-02-30", ""),
        ("1987-13-01", ""),
        ("1987", ""),
        ("1900-01-01", ""),
        ("11/02/1987", ""),
        ("", ""),
        ("\uff11\uff19870211", ""),
    ],
)
def test_a_date_is_eight_digits_or_missing(written, normalised):
    assert normalise.date_of_birth(written) == normalised


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
    ],
)
def test_a_postcode_is_compact_and_its_o_and_i_are_put_right(written, normalised):
    assert normalise.postcode(written) == normalised


@pytest.mark.parametrize(
    ("written", "normalised"),
    [
        ("14 High Street", "14 high st"),
        ("14, HIGH ST.", "14 high st"),
        ("Apartment 2, 5 Saint Mark's Road", "flat 2 5 st marks rd"),
        ("", ""),
    ],
)
def test_an_address_is_number_and_short_street_words(written, normalised):
    assert normalise.address(written) == normalised


@pytest.mark.parametrize("place", ["HMP Cardiff", "H.M.P. Cardiff", "No Fixed Abode", "NFA", "Elm Approved Premises", "HMYOI Parc"])
def test_a_prison_or_no_fixed_abode_is_no_address_at_all(place):
    assert normalise.home(place, "CF24 0UG") == ("", "")


def test_a_street_that_only_sounds_like_one_is_an_address():
    assert normalise.home("2 Prison Lane", "CF24 0UG") == ("2 prison ln", "CF240UG")


def test_day_and_month_are_the_same_after_a_swap():
    assert normalise.day_and_month("19870211") == normalise.day_and_month("19871102") == "0211"
