"""Tokens against the truth: right, wrong and why, missed."""

import csv

import pytest

from validation.quality.referrals import CAUSES, Birth, Truth, read_truth, score
from validation.synthetic.population import write_population

N, S = "E06000001", "E06000002"


def truth(**changes):
    """Return a truth of one child (c1 of mother m1, who was received) that N must act for, and people around it."""
    fields = {
        "acting": {"c1": N},
        "without_tie": frozenset(),
        "person_of": {(N, "1"): "c1", (S, "1"): "c1", (N, "2"): "c2", (N, "3"): "c3", (N, "4"): "c4", (N, "5"): "c5", (N, "6"): "c6"},
        "births": {
            "c1": Birth("m1", "f1", "2015-01-01"), "c2": Birth("m1", "f1", "2015-01-01"), "c3": Birth("m1", "f9", "2017-01-01"),
            "c4": Birth("m4", "f4", "2015-01-01"), "c5": Birth("m5", "", "2015-01-01"), "c6": Birth("", "", ""),
        },
        "ties": {"c1": {"m1": True}, "c4": {"x1": False}, "c5": {"x1": True}},
        "received": frozenset({"m1", "x1"}),
    }  # fmt: skip
    return Truth(**{**fields, **changes})


@pytest.mark.parametrize(
    ("token", "cause"),
    [
        ((S, "1"), "moved"),
        ((N, "2"), "twin"),
        ((N, "3"), "sibling"),
        ((N, "4"), "stale tie"),
        ((N, "5"), "other"),
        ((N, "6"), "namesake"),
        ((N, "unknown"), "namesake"),
    ],
)
def test_a_wrong_token_has_a_cause(token, cause):
    said = score(truth(), [(N, "1"), token])
    assert (said["tokens_released"], said["tokens_wrong"], said["precision"]) == (2, 1, 0.5)
    assert said["tokens_wrong_by_cause"] == {**dict.fromkeys(CAUSES, 0), cause: 1}


def test_the_right_token_finds_the_child_for_the_authority_that_acts():
    said = score(truth(), [(N, "1")])
    assert (said["precision"], said["recall"], said["children_missed"]) == (1.0, 1.0, 0)
    assert said["per_authority"] == {N: {"children_true": 1, "tokens_released": 1, "tokens_wrong": 0, "children_missed": 0}}


def test_a_token_to_the_wrong_authority_finds_nobody():
    said = score(truth(), [(S, "1")])
    assert (said["recall"], said["children_missed"]) == (0.0, 1)
    assert said["per_authority"][S] == {"children_true": 0, "tokens_released": 1, "tokens_wrong": 1, "children_missed": 0}
    assert said["per_authority"][N]["children_missed"] == 1


def test_the_same_token_twice_counts_once():
    assert score(truth(), [(N, "1"), (N, "1")])["tokens_released"] == 1


def test_two_records_of_one_child_are_two_tokens_and_one_child_found():
    said = score(truth(person_of={(N, "1"): "c1", (N, "1b"): "c1"}), [(N, "1"), (N, "1b")])
    assert (said["tokens_released"], said["tokens_wrong"], said["recall"], said["children_missed"]) == (2, 0, 1.0, 0)


def test_nothing_released_has_no_precision_and_nobody_to_find_no_recall():
    assert score(truth(), [])["precision"] is None
    assert score(truth(acting={}), [])["recall"] is None


def test_children_whom_no_record_ties_to_the_parent_are_counted_apart():
    assert score(truth(without_tie=frozenset({"c1"})), [])["children_true_without_tie"] == 1


def test_the_truth_of_a_written_population_is_read_back(tmp_path):
    summary = write_population(tmp_path, people=1_500, seed=5, prevalence=0.2)
    read = read_truth(tmp_path / "truth")
    assert len(read.acting) == summary.children_true > 10
    assert len(read.without_tie) == summary.children_true_without_tie
    with (tmp_path / "truth" / "children_true.csv").open(encoding="utf-8", newline="") as file:
        parents = {row["person_id"]: row["parents_received"].split(";") for row in csv.DictReader(file)}
    assert all(set(found) <= read.received for found in parents.values())
    assert {authority for authority, _ in read.person_of} == {
        path.name.removeprefix("local-authority-") for path in tmp_path.glob("local-authority-*")
    }


def test_a_perfect_linkage_of_a_written_population_scores_one(tmp_path):
    write_population(tmp_path, people=1_500, seed=5, prevalence=0.2)
    read = read_truth(tmp_path / "truth")
    tokens = [token for token, person in read.person_of.items() if read.acting.get(person) == token[0]]
    said = score(read, tokens)
    known = {read.person_of[token] for token in tokens}
    assert said["precision"] == 1.0
    assert said["children_missed"] == len(set(read.acting) - known)
