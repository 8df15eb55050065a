"""The check of an extract: planted faults are found by row, column and rule, and no value is ever shown."""

import contextlib
import dataclasses
import io
import logging

import pandas as pd
import pytest

from schemas.errors import ExtractError
from schemas.extracts import KINDS, NOTE, QUARANTINE, load_rules
from validation.extract import CheckResult, Failure, Keys, check_file

CANARY = "QUILLFEATHER"


def rows(kind: str, file: str, *changes: dict[str, str]) -> pd.DataFrame:
    """Return one good row for each of `changes`, changed."""
    return pd.DataFrame([{**GOOD[kind, file], **change} for change in changes], columns=load_rules(kind).files[file].header)


GOOD = {
    ("prison-service", "receptions"): {
        "reception_id": "1", "nomis_number": "A1234BC", "forename": "Ann", "middle_names": "", "surname": "Lee", "alias_forename": "", "alias_surname": "",
        "date_of_birth": "1990-02-28", "sex": "F", "reception_date": "2026-01-31", "reception_type": "remand", "establishment": "EWI",
        "address": "1 Mill Lane", "town": "Cardiff", "postcode": "CF10 1AA",
    },
    ("prison-service", "movements"): {"nomis_number": "A1234BC", "date": "2026-02-01", "type": "release", "from_establishment": "EWI", "to_establishment": ""},
    ("prison-service", "declared_children"): {
        "nomis_number": "A1234BC", "child_number": "1", "forename": "Bo", "surname": "Lee", "date_of_birth": "2015-05-05", "sex": "M",
        "address": "", "town": "", "postcode": "",
    },
    ("local-authority", "children"): {
        "child_id": "1", "upn": "B801200005001", "forename": "Bo", "middle_names": "", "surname": "Lee", "date_of_birth": "2015-05-05", "sex": "M",
        "address": "1 Mill Lane", "town": "Cardiff", "postcode": "CF10 1AA", "school_urn": "968101", "under_five_area": "", "legal_status": "none",
        "standing": "resident",
    },
    ("police", "persons"): {
        "person_urn": "1", "pnc_id": "", "forename": "Ann", "middle_names": "", "surname": "Lee", "alias_forename": "", "alias_surname": "",
        "date_of_birth": "1990-02-28", "sex": "F", "address": "1 Mill Lane", "town": "Cardiff", "postcode": "CF10 1AA", "previous_postcode": "",
    },
}  # fmt: skip
OTHER_KEY = {"nomis_number": "A1234BD"}
FAULTS = [
    ("prison-service", "receptions", "nomis_number", "1234ABC", "check", QUARANTINE),
    ("prison-service", "receptions", "surname", "", "present", QUARANTINE),
    ("prison-service", "receptions", "surname", f"{CANARY}7", "matches", QUARANTINE),
    ("prison-service", "receptions", "date_of_birth", "1990-02-30", "date", QUARANTINE),
    ("prison-service", "receptions", "date_of_birth", "1990/02/28", "date", QUARANTINE),
    ("prison-service", "receptions", "date_of_birth", "1899-12-31", "date", QUARANTINE),
    ("prison-service", "receptions", "date_of_birth", "2026-02-01", "before", QUARANTINE),
    ("prison-service", "receptions", "sex", "X", "one_of", QUARANTINE),
    ("prison-service", "receptions", "establishment", "EW", "matches", QUARANTINE),
    ("prison-service", "receptions", "postcode", "", "present", NOTE),
    ("prison-service", "receptions", "postcode", "CF10 1CA", "check", NOTE),
    ("prison-service", "declared_children", "date_of_birth", "", "present", NOTE),
    ("local-authority", "children", "upn", "A801200005001", "check", QUARANTINE),
    ("local-authority", "children", "standing", "visiting", "one_of", QUARANTINE),
    ("police", "persons", "pnc_id", "2091/0000001Q", "check", QUARANTINE),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault[2]}-{fault[4]}")
def test_a_planted_fault_is_found_by_row_column_and_rule(fault):
    kind, file, column, value, rule, severity = fault
    key = next(iter(GOOD[kind, file]))
    frame = rows(kind, file, {}, {key: OTHER_KEY.get(key, "2"), column: value})
    assert [failure for failure in check_file(kind, file, frame).failures if failure.row == 3 and failure.column == column] == [
        Failure(3, column, rule, severity)
    ]


@pytest.mark.parametrize(("kind", "file"), list(GOOD))
def test_a_good_row_has_no_quarantined_fault(kind, file):
    assert check_file(kind, file, rows(kind, file, {})).quarantined_rows == frozenset()


def test_no_value_is_shown_in_a_result_a_log_or_on_the_terminal(caplog):
    caplog.set_level(logging.DEBUG)
    frame = rows("prison-service", "receptions", *({"reception_id": str(number), "surname": f"{CANARY}{number}"} for number in range(30)))
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(shown):
        result = check_file("prison-service", "receptions", frame)
    assert len(result.failures) == 30
    assert CANARY not in repr(result) + caplog.text + shown.getvalue()


def test_a_missing_column_names_file_and_column():
    frame = rows("police", "persons", {}).drop(columns="surname")
    with pytest.raises(ExtractError, match="persons: column surname is missing; export it under that name"):
        check_file("police", "persons", frame)


def test_an_optional_column_may_be_left_out():
    frame = rows("police", "persons", {}).drop(columns=["middle_names", "previous_postcode"])
    assert check_file("police", "persons", frame).quarantined_rows == frozenset()


def test_an_unknown_file_is_refused():
    with pytest.raises(ExtractError, match="its files are persons, children, ties"):
        check_file("police", "visits", pd.DataFrame())


def test_a_repeated_key_is_found_within_a_chunk_and_across_chunks():
    keys = {}
    first = check_file(
        "police", "persons", rows("police", "persons", {"person_urn": "1"}, {"person_urn": "2"}, {"person_urn": "2"}), keys=keys
    )
    second = check_file("police", "persons", rows("police", "persons", {"person_urn": "1"}, {"person_urn": "3"}), first_row=5, keys=keys)
    assert [failure.row for failure in first.failures + second.failures] == [3, 4, 5]
    assert keys["persons", "person_urn"] == {"1", "3"}


def test_a_child_number_is_unique_within_the_person_who_declared():
    frame = rows("prison-service", "declared_children", {}, {"child_number": "2"}, {"nomis_number": "A1234BD"}, {"child_number": "2"})
    failing = [failure for failure in check_file("prison-service", "declared_children", frame).failures if failure.rule == "unique"]
    assert [failure.row for failure in failing] == [3, 5]


def test_a_row_that_refers_to_a_quarantined_row_is_quarantined():
    keys = {}
    check_file("prison-service", "receptions", rows("prison-service", "receptions", {"sex": "X"}), keys=keys)
    result = check_file("prison-service", "movements", rows("prison-service", "movements", {}), keys=keys)
    assert result.failures == [Failure(2, "nomis_number", "refers_to")]


@pytest.mark.slow
@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault[-1] == QUARANTINE], ids=lambda fault: f"{fault[2]}-{fault[4]}")
def test_removing_a_rule_changes_what_is_quarantined(fault):
    kind, file, column, value, rule, _ = fault
    frame = rows(kind, file, {column: value})
    assert check_file(kind, file, frame).quarantined_rows == {2}
    assert check_file(kind, file, frame, rules=without(kind, file, column, rule)).quarantined_rows == frozenset()


def without(kind: str, file: str, column: str, rule: str):
    """Return a kind's rules with one of them removed."""
    rules = load_rules(kind)
    columns = tuple(
        dataclasses.replace(each, rules=tuple(one for one in each.rules if one.name != rule)) if each.name == column else each
        for each in rules.files[file].columns
    )
    return dataclasses.replace(rules, files={**rules.files, file: dataclasses.replace(rules.files[file], columns=columns)})


def test_keys_hold_across_chunks_and_files():
    keys = Keys()
    for number, expected in ((2, frozenset()), (3, frozenset({3}))):  # the same reception id twice, in two chunks
        chunk = rows("prison-service", "receptions", {})
        assert check_file("prison-service", "receptions", chunk, first_row=number, keys=keys).quarantined_rows == expected
    assert not check_file("prison-service", "movements", rows("prison-service", "movements", {}), keys=keys).quarantined_rows


def test_a_row_that_breaks_two_rules_is_kept_back_once():
    twice = [Failure(2, "sex", "one_of"), Failure(2, "surname", "present"), Failure(3, "postcode", "present", NOTE)]
    assert CheckResult(4, twice).quarantined_rows == {2}


@pytest.mark.parametrize("kind", KINDS)
def test_every_reference_is_to_a_column_of_an_earlier_file(kind):
    seen = set()
    for file in load_rules(kind).files.values():
        for column in file.columns:
            assert all((rule.arguments["file"], rule.arguments["column"]) in seen for rule in column.rules if rule.name == "refers_to")
        seen |= {(file.name, name) for name in file.header}
