"""Administrative identifiers and their check characters; extract rules as data."""

import pytest

from schemas.extracts import KINDS, NOTE, QUARANTINE, load_rules
from schemas.identifiers import (
    canonical_cro_number,
    canonical_nhs_number,
    canonical_nomis_number,
    canonical_pnc_id,
    canonical_upn,
    cro_check_letter,
    is_cro_number,
    is_nhs_number,
    is_nomis_number,
    is_pnc_id,
    is_postcode,
    is_upn,
    nhs_check_digit,
    pnc_check_letter,
    upn_check_letter,
)


@pytest.mark.parametrize("upn", ["X681932815848", "A681980313428"])
def test_a_upn_with_its_check_letter_is_one(upn):
    assert is_upn(upn)
    assert upn_check_letter(upn[1:]) == upn[0]


@pytest.mark.parametrize("body", ["800000000000", "123456789012", "80000000000A"])
def test_exactly_one_letter_fits_a_upn(body):
    assert [letter for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if is_upn(letter + body)] == [upn_check_letter(body)]


@pytest.mark.parametrize(
    "text", ["", "B681932815848", "X68193281584", "X6819328158480", "x681932815848", "X681932815848 ", "X68193281584I"]
)
def test_what_is_no_upn(text):
    assert not is_upn(text)


@pytest.mark.parametrize("text", ["2091/7473059Z", "2091/4627052N"])
def test_a_pnc_id_with_its_check_letter_is_one(text):
    assert is_pnc_id(text)
    assert pnc_check_letter(text[:4], text[5:12]) == text[-1]


@pytest.mark.parametrize("text", ["", "2091/7473059A", "91/7473059Z", "2091-7473059Z", "2091/747305Z", "2091/7473059z"])
def test_what_is_no_pnc_id(text):
    assert not is_pnc_id(text)


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("2091/0000034W", "2091/0000034W"),
        ("91/34W", "2091/0000034W"),
        ("91/0034w", "2091/0000034W"),
        (" 2091 / 34 W ", "2091/0000034W"),
        ("91/34X", ""),
        ("091/34W", ""),
        ("91/12345678W", ""),
        ("91/34", ""),
        ("\u0669\u0661/34W", ""),
        ("", ""),
    ],
)
def test_a_short_pnc_id_becomes_the_long_form(written, canonical):
    assert canonical_pnc_id(written, latest_year=2091) == canonical


@pytest.mark.parametrize(("latest_year", "year"), [(2091, "2091"), (2090, "1991"), (2191, "2191"), (2105, "2091")])
def test_a_short_year_is_the_latest_that_is_not_to_come(latest_year, year):
    assert canonical_pnc_id("91/34W", latest_year=latest_year) == f"{year}/0000034W"


@pytest.mark.parametrize("text", ["999999/99X", "1/99W", "SF99/999999T", "SF99/1B"])
def test_exactly_one_letter_fits_a_cro_number(text):
    letters = [letter for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if is_cro_number(text[:-1] + letter)]
    serial, year = (text[5:-1], text[2:4]) if text.startswith("SF") else (text[:-4].zfill(6), text[-3:-1])
    assert letters == [cro_check_letter(year, serial)]


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("1/99W", "1/99W"),
        ("000001/99 w", "1/99W"),
        ("SF99/1B", "SF99/1B"),
        ("sf 99/0001b", "SF99/1B"),
        ("SF99/1W", ""),
        ("1/99B", ""),
        ("99", ""),
        ("", ""),
    ],
)
def test_a_cro_number_loses_spaces_and_leading_zeros(written, canonical):
    assert canonical_cro_number(written) == canonical


@pytest.mark.parametrize("body", ["999000001", "999012345", "999999999"])
def test_exactly_one_digit_fits_an_nhs_number(body):
    assert [digit for digit in "0123456789" if is_nhs_number(body + digit)] == [nhs_check_digit(body)]


def test_an_nhs_number_whose_check_digit_would_be_ten_is_never_issued():
    assert nhs_check_digit("999000000") == ""
    assert not any(is_nhs_number(f"999000000{digit}") for digit in range(10))


@pytest.mark.parametrize(
    ("written", "canonical"),
    [("999 000 0018", "9990000018"), ("999-000-0018", "9990000018"), ("999 000 0019", ""), ("99900000180", ""), ("", "")],
)
def test_an_nhs_number_is_ten_digits(written, canonical):
    assert canonical_nhs_number(written) == canonical


def test_a_upn_and_a_nomis_number_are_capitals_without_spaces():
    assert canonical_upn(" x681 932815848") == "X681932815848"
    assert canonical_upn("x681932815849") == ""
    assert canonical_nomis_number("a 1234 bc") == "A1234BC"
    assert canonical_nomis_number("a123bc") == ""


@pytest.mark.parametrize("canonical", ["2091/0000034W", "1/99W", "SF99/1B", "9990000018", "X681932815848", "A1234BC"])
def test_a_canonical_form_is_its_own(canonical):
    forms = (
        canonical_cro_number,
        canonical_nhs_number,
        canonical_upn,
        canonical_nomis_number,
        lambda text: canonical_pnc_id(text, latest_year=2091),
    )
    assert {form(canonical) for form in forms} == {canonical, ""}


@pytest.mark.parametrize(("text", "is_one"), [("A1234BC", True), ("a1234BC", False), ("A123BC", False), ("A1234BCD", False), ("", False)])
def test_a_nomis_number_is_a_letter_four_digits_two_letters(text, is_one):
    assert is_nomis_number(text) is is_one


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("CF10 3NP", True),
        ("CF103NP", True),
        ("M1 1AE", True),
        ("EC1A 1BB", True),
        ("CF10  3NP", False),
        ("CF10 3CP", False),
        ("cf10 3np", False),
        ("CF10", False),
    ],
)
def test_a_postcode_has_a_units_form(text, is_one):
    assert is_postcode(text) is is_one


@pytest.mark.parametrize("kind", KINDS)
def test_extract_rules_are_complete(kind):
    rules = load_rules(kind)
    assert rules.kind == kind
    for name, file in rules.files.items():
        assert file.name == name
        for column in file.columns:
            for rule in column.rules:
                assert rule.severity in (QUARANTINE, NOTE)
                if rule.name == "refers_to":
                    assert rule.arguments["column"] in rules.files[rule.arguments["file"]].header


def test_there_are_no_rules_for_a_kind_that_is_no_custodian():
    with pytest.raises(KeyError):
        load_rules("key-holder")
