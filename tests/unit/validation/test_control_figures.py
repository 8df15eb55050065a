"""Figures on controls: what each counts, and which groups are below the agreed floor."""

from schemas.controls import ControlClass
from validation.quality.controls import Tally, figures, groups_below, pooled, tally_key

EXACT, MOVED = (tally_key(kind, "general") for kind in (ControlClass.EXACT, ControlClass.MOVED))
WELSH, TWIN = tally_key(ControlClass.EXACT, "welsh"), tally_key(ControlClass.TWIN, "general")
TALLIES = {EXACT: Tally(10, 9, 8, 1, 0), MOVED: Tally(10, 6, 4, 2, 1), WELSH: Tally(10, 9, 9, 0, 0), TWIN: Tally(10, 10, 0, 0, 1)}


def test_recall_is_of_matches_and_misidentification_of_what_is_released_but_for_harder_classes():
    said = figures(TALLIES, misidentified_per_million=500)
    assert (said["controls"], said["matches"]) == (40, 30)
    assert (said["recall"]["count"], said["recall"]["of"], said["recall"]["share"]) == (21, 30, 0.7)
    assert (said["precision"]["count"], said["precision"]["of"]) == (21, 22)
    assert said["review"]["count"] == 3
    assert (said["misidentification"]["wrong"], said["misidentification"]["verdict"]) == (1, "missed")


def test_groups_are_classes_and_lists_of_names_and_a_class_without_matches_has_no_recall():
    said = figures(TALLIES, misidentified_per_million=500)
    assert list(said["by_class"]) == ["exact", "moved", "twin"]
    assert said["by_class"]["exact"]["recall"]["count"] == 17
    assert said["by_class"]["twin"] == {"planted": 10, "looked_at": 10, "wrong": 1}
    assert {name: row["recall"]["of"] for name, row in said["by_names"].items()} == {"general": 20, "welsh": 10}


def test_a_group_is_named_below_the_floor_and_not_at_it():
    said = figures(TALLIES, misidentified_per_million=500)
    assert groups_below(said, 400) == []
    assert [line.split(":")[0] for line in groups_below(said, 401)] == ["moved"]
    assert [line.split(":")[0] for line in groups_below(said, 601)] == ["moved", "general"]
    assert groups_below(said, 401) == ["moved: recall 40% of 10 on controls (12% to 74%), agreed at least 40%"]


def test_rounds_add_up_by_class_and_list_of_names():
    assert pooled([TALLIES, {EXACT: Tally(1, 1, 1, 0, 0)}])[EXACT] == Tally(11, 10, 9, 1, 0)
    assert pooled([]) == {}


def test_nothing_planted_is_no_figure():
    said = figures({}, misidentified_per_million=500)
    assert (said["recall"]["share"], said["precision"]["share"]) == (None, None)
    assert said["misidentification"]["verdict"] == "not enough evidence"
    assert groups_below(said, 1_000) == []
