"""Controls at the service: taken out of opened pairs, measured at each step's thresholds, and what thresholds follow."""

import numpy as np
import pyarrow as pa
import pytest

from linkage.controls.known import NO_CONTROLS, Controls, without_controls
from linkage.controls.measuring import STEPS, measure, policy_at
from linkage.controls.thresholds import choose
from linkage.findings.graph import FamilyGraph
from linkage.findings.people import People
from linkage.second_look.levels import FIELDS
from linkage.second_look.opened import OPENED, Side
from schemas.agreement import Release
from schemas.controls import ControlClass, Planted, class_of
from schemas.roster import Kind
from schemas.sealed_join import Join, Tied, write_join
from schemas.slots import SEARCHES
from validation.quality.controls import Tally

KINDS = {"prison": Kind.PRISON_SERVICE, "north": Kind.LOCAL_AUTHORITY, "south": Kind.LOCAL_AUTHORITY}
POLICY = Release()
EXACT, OTHER_MATCH, TWIN, LOOK_ALIKE = 2, 4, 1, 5  # numbers of families


def person(number):
    return bytes([number]) * 16


def side(organisation, number, population="adults", tied=()):
    return Side(
        organisation,
        "A",
        person(number),
        Join(person=person(number), population=population, tied=tuple(Tied(person(item)) for item in tied)),
    )


def opened(*pairs):
    rows = [
        {
            "population": left.join.population,
            "projection": "A",
            "left_organisation": left.organisation,
            "right_organisation": right.organisation,
            "left": left.pseudonym,
            "right": right.pseudonym,
            "left_join": write_join(left.join),
            "right_join": write_join(right.join),
            "levels": bytes(len(FIELDS)),
        }
        for left, right in pairs
    ]
    return pa.Table.from_pylist(rows, schema=OPENED)


PLANTED = {"prison": {EXACT: Planted(person(5), None)}, "north": {EXACT: Planted(person(6), person(16))}, "south": {}}


@pytest.mark.parametrize(
    ("left", "right", "stays"),
    [(1, ("north", 2), True), (5, ("north", 2), False), (1, ("north", 6), False), (5, ("north", 6), False), (1, ("south", 6), True)],
    ids=["real", "a control received", "a control's carer", "one family of controls", "the same id of another custodian"],
)
def test_a_pair_stays_where_both_sides_are_real(left, right, stays):
    pairs = opened((side("prison", left), side(*right)))
    assert len(without_controls(pairs, Controls(PLANTED))) == stays
    assert len(without_controls(pairs, NO_CONTROLS)) == 1


def test_nobody_of_a_custodian_stays_whose_list_is_shut():
    pairs = opened((side("prison", 1), side("north", 2)), (side("prison", 1), side("south", 2)))
    kept = without_controls(pairs, Controls({"prison": {}, "south": {}}, frozenset({"north"})))
    assert kept["right_organisation"].to_pylist() == ["south"]


def test_what_is_known_of_controls_hides_itself():
    assert repr(Controls(PLANTED)) == "Controls(…)"


def graph(*pairs):
    """Return the graph of adults' pairs: (prison's adult, organisation, carer, carer's children, weight in bits)."""
    people, weighed = People(), []
    for left, organisation, right, children, weight in pairs:
        weighed.append((people.add(side("prison", left)), people.add(side(organisation, right, tied=children)), weight))
    return FamilyGraph(people, {SEARCHES[0]: weighed}, KINDS, POLICY, {"adults": {}, "children": {}})


THETA = POLICY.theta_centibits / 100
CONTROLS = Controls(
    {
        "prison": {
            EXACT: Planted(person(5), None), OTHER_MATCH: Planted(person(7), None), TWIN: Planted(person(8), None), LOOK_ALIKE: Planted(person(9), None),
        },
        "north": {EXACT: Planted(person(65), person(165)), TWIN: Planted(person(68), person(168))},
        "south": {OTHER_MATCH: Planted(person(67), person(167))},
    }
)  # fmt: skip
CASES = {
    "found": ([(5, "north", 65, [165], THETA + 20)], EXACT, Tally(1, 1, 1, 0, 0)),
    "just reaches theta": ([(5, "north", 65, [165], THETA)], EXACT, Tally(1, 1, 1, 0, 0)),
    "near": ([(5, "north", 65, [165], THETA - 1)], EXACT, Tally(1, 1, 0, 1, 0)),
    "missed": ([], EXACT, Tally(1, 0, 0, 0, 0)),
    "a twin for the parent": ([(8, "north", 68, [168], THETA + 20)], TWIN, Tally(1, 1, 0, 0, 1)),
    "a look-alike and a real carer": ([(9, "north", 2, [3], THETA + 20)], LOOK_ALIKE, Tally(1, 1, 0, 0, 1)),
    "a real person and a control's carer": ([(1, "south", 67, [167], THETA + 20)], OTHER_MATCH, Tally(1, 0, 0, 0, 1)),
    "the controls of two families": ([(7, "north", 65, [165], THETA + 20)], OTHER_MATCH, Tally(1, 0, 0, 0, 1)),
}


@pytest.mark.parametrize("case", CASES)
def test_what_becomes_of_a_control_is_counted_by_its_class(case):
    pairs, number, wanted = CASES[case]
    tallies = measure(graph(*pairs), CONTROLS)[0]
    assert tallies[f"{class_of(number)}|general"] == wanted
    assert sum(tally.planted for tally in tallies.values()) == 4


def test_a_real_rival_counts_against_a_control():
    led = graph((5, "north", 65, [165], THETA + 20), (5, "north", 2, [3], THETA + 19.5))
    tallies = measure(led, CONTROLS)[0]
    assert (tallies["exact|general"].right, tallies["exact|general"].review) == (0, 1)


def test_two_real_people_are_in_no_figure():
    tallies = measure(graph((1, "north", 2, [3], THETA + 20)), CONTROLS)[0]
    assert sum(tally.right + tally.wrong + tally.review for tally in tallies.values()) == 0


def test_each_step_asks_for_more_and_none_for_less_than_agreed():
    policies = [policy_at(POLICY, step) for step in range(STEPS)]
    assert policies[0] == POLICY
    assert np.diff([policy.theta_centibits for policy in policies]).tolist() == [100] * (STEPS - 1)
    assert np.diff([policy.delta_centibits for policy in policies]).tolist() == [100] * (STEPS - 1)
    steps = measure(graph((5, "north", 65, [165], THETA + 1.5)), CONTROLS)
    assert [tallies["exact|general"].right for tallies in steps] == [1, 1, 0, 0, 0]


KEY = f"{ControlClass.EXACT}|general"


def steps_of(*counts):
    return [{KEY: Tally(right + wrong, 0, right, 0, wrong)} for right, wrong in counts]


def test_classes_harder_than_a_rounds_people_raise_no_threshold():
    steps = [{**tallies, f"{ControlClass.TWIN}|general": Tally(50, 50, 0, 0, 20)} for tallies in steps_of(*[(9_209, 0)] * 5)]
    assert choose(steps, misidentified_per_million=500).reason == "the agreed thresholds meet the target"


@pytest.mark.parametrize(
    ("counts", "step", "reason"),
    [
        ([(200, 0)] * 5, 0, "not enough evidence"),
        ([(9_208, 0)] * 5, 0, "not enough evidence"),
        ([(9_209, 0)] * 5, 0, "the agreed thresholds meet the target"),
        ([(10_000, 6), (9_900, 1), (9_800, 0), (9_700, 0), (9_600, 0)], 2, "raised to meet the target"),
        ([(10_000, 60)] * 5, 0, "not enough evidence"),
        ([(0, 0)] * 5, 0, "not enough evidence"),
    ],
    ids=["one round", "one too few", "just enough", "a wrong one below", "wrong throughout", "nothing"],
)
def test_thresholds_rise_only_on_evidence(counts, step, reason):
    chosen = choose(steps_of(*counts), misidentified_per_million=500)
    assert (chosen.step, chosen.reason) == (step, reason)
    assert chosen.released == sum(counts[step])
