"""Who is found, by group: how pairs are told apart, and what is not said of a few."""

import numpy as np
import pytest

from validation.quality.groups import FEWEST, TOO_FEW, WATCHED, recall_by_group

PERSON = {"forename": "ada", "surname": "ash", "dob": "19850203", "sex": "F", "postcode": "cf103np", "address": "1 long lane"}


def groups(*changes, found=0, size=FEWEST, lists=None):
    """Return the groups of `size` true pairs of like people for each change of the right record; the first `found` were found."""
    rights = [PERSON | change for change in changes for _ in range(size)]
    columns = [{name: [person[name] for person in side] for name in WATCHED} for side in ([PERSON] * len(rights), rights)]
    rows = np.arange(len(rights))
    was = {"near": rows < found + 4, "looked_at": rows < found + 1, "link": rows < found, "release": rows < found // 2}
    return recall_by_group(*columns, (rows, rows), was, lists or {})


@pytest.mark.parametrize(
    ("change", "kind", "name"),
    [
        ({}, "sex", "female"),
        ({"sex": "M"}, "sex", "recorded differently"),
        ({}, "born", "1980 to 1999"),
        ({"dob": ""}, "born", "1980 to 1999"),
        ({}, "postcode", "same"),
        ({"postcode": "b11aa"}, "postcode", "another, moved"),
        ({"postcode": ""}, "postcode", "not known on both sides"),
        ({"surname": "asch"}, "surname", "spelt otherwise"),
        ({"surname": "sha"}, "surname", "spelt otherwise"),
        ({"surname": "birch"}, "surname", "changed"),
        ({"surname": ""}, "surname", "not known on both sides"),
        ({}, "surname_list", "on no list"),
        ({}, "missing", "nothing"),
        ({"dob": ""}, "missing", "date of birth"),
    ],
)
def test_a_pair_is_in_the_group_that_its_two_records_say(change, kind, name):
    said = groups(change)[kind]
    assert set(said) == {name}
    assert said[name]["true_pairs"] == FEWEST


@pytest.mark.parametrize(
    ("dob", "name"),
    [("20150101", "2010 or later"), ("20091231", "2000 to 2009"), ("19600101", "1960 to 1979"), ("19400101", "1940 to 1959"),
     ("16020101", "1939 or earlier"), ("", "not known")],
)  # fmt: skip
def test_years_of_birth_are_banded(dob, name):
    sides = [{field: [""] * FEWEST for field in WATCHED} | {"dob": [dob] * FEWEST} for _ in range(2)]
    rows = np.arange(FEWEST)
    none = np.zeros(FEWEST, dtype=np.bool_)
    said = recall_by_group(*sides, (rows, rows), dict.fromkeys(("near", "looked_at", "link", "release"), none), {})
    assert set(said["born"]) == {name}
    assert set(said["sex"]) == {"not recorded"}


def test_a_surname_counts_by_its_list_on_either_side():
    assert set(groups({"surname": "jones"}, lists={"jones": "Welsh"})["surname_list"]) == {"Welsh"}


def test_recall_and_limits_are_of_the_groups_own_pairs():
    said = groups({}, {"postcode": ""}, found=14, size=12)["postcode"]
    assert (said["same"]["link"], said["same"]["release"]) == (1.0, round(7 / 12, 4))
    assert (said["not known on both sides"]["link"], said["not known on both sides"]["release"]) == (round(2 / 12, 4), 0.0)
    low, high = said["same"]["release_95"]
    assert 0 < low < 7 / 12 < high < 1


def test_what_the_search_missed_and_what_had_no_slot_are_told_apart():
    said = groups({}, {"postcode": ""}, found=14, size=12)["postcode"]
    assert (said["same"]["search_missed"], said["same"]["no_slot"]) == (0.0, 0.0)
    late = said["not known on both sides"]
    assert (late["search_missed"], late["no_slot"]) == (round(6 / 12, 4), round(3 / 12, 4))


def test_a_pair_that_misses_two_fields_is_in_both_groups():
    assert set(groups({"dob": "", "postcode": ""})["missing"]) == {"date of birth", "postcode"}


def test_fewer_than_ten_are_named_and_not_counted():
    assert groups({}, size=FEWEST - 1, found=5)["sex"] == {"female": TOO_FEW}
    assert groups({}, size=FEWEST, found=5)["sex"]["female"]["true_pairs"] == FEWEST


def test_without_true_pairs_there_are_no_groups():
    assert groups() == {"sex": {}, "born": {}, "postcode": {}, "surname": {}, "surname_list": {}, "missing": {}}
