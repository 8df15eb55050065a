"""Administrative identifiers and their check characters; extract rules as data."""

import pytest

from schemas.extracts import KINDS, NOTE, QUARANTINE, load_rules
from schemas.identifiers import is_nomis_number, is_pnc_id, is_postcode, is_upn, pnc_check_letter, upn_check_letter


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
