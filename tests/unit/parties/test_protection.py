"""What protects a child at opening: each code, the strictest of several, and the same codes in the extract's rules."""

import re

import pytest

from parties.referrals.protection import PROTECTION, Opening, is_restricted, opening_of
from schemas.extracts import NOTE, load_rules

HIDDEN = ("adopted", "witness_protection", "objection_upheld", "with_parent_in_unit")
RESTRICTED = ("refuge", "contact_order", "domestic_abuse", "sensitive")


@pytest.mark.parametrize("code", HIDDEN)
def test_a_child_who_must_never_be_shown_is_not(code):
    assert opening_of(code) is Opening.NOT_SHOWN
    assert opening_of(f"refuge {code}") is Opening.NOT_SHOWN


@pytest.mark.parametrize("code", RESTRICTED)
def test_a_protected_child_is_for_social_care_alone(code):
    assert opening_of(code) is Opening.RESTRICTED
    assert is_restricted(code)


def test_a_child_without_protection_is_routed():
    assert opening_of("") is Opening.ROUTED
    assert not is_restricted("")


@pytest.mark.parametrize("text", ["refuge typo", "Refuge", "adopted,refuge", "adopted typo"])
def test_a_code_that_nobody_knows_stops_everything(text):
    assert opening_of(text) is Opening.UNKNOWN


def test_the_extract_s_rule_has_the_same_codes_and_lets_the_row_leave():
    columns = {column.name: column for column in load_rules("local-authority").files["children"].columns}
    (rule,) = columns["protection"].rules
    assert rule.severity == NOTE  # kept back, the child would be missing from the pool, and a namesake would become the best match
    pattern = re.compile(rule.arguments["pattern"])
    assert set(PROTECTION) == {*HIDDEN, *RESTRICTED}
    assert all(pattern.search(text) for text in (*PROTECTION, "refuge sensitive"))
    assert not [text for text in ("", "typo", "refuge ", "refuge typo", "refugeadopted") if pattern.search(text)]
