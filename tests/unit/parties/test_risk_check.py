"""A node's self-check: what it measures, what it says, what it keeps, and what it keeps from being sent."""

import json
from dataclasses import replace

import pytest
from linkage_in_miniature import make_linkage

from flows.command import main
from parties.encoding.keystream import Keystream
from parties.initialise import load_agreed
from parties.risk.attacked import Strength, Target
from parties.risk.attacks import ATTACKS, Outcome
from parties.risk.check import MADE, Checking
from parties.risk.limits import RANGES, bars, verdict_of_attack, verdict_of_measure, worst
from parties.risk.measures import in_rare_family_shapes, of_filters, people_encoded
from parties.risk.report import SelfCheckReport
from parties.risk.samples import dense_order
from parties.self_check import REPORT_FILE, check_report, extract_digest
from parties.submission.prepare import prepare
from schemas.agreement import SelfCheck
from schemas.canonical import digest
from schemas.errors import SubmissionError
from tests.privacy.attacks.people import SHIPPED, key, rows, target, values
from validation.progress import silent

NEVER = bars(SelfCheck(**{f"{name}_per_mille": 1_000 for name in ATTACKS}))


@pytest.mark.parametrize(
    ("right", "asked", "expected"), [(0, 300, "PASS"), (6, 300, "PASS"), (7, 300, "WARN"), (12, 300, "FAIL"), (0, 0, "WARN")]
)
def test_an_attack_fails_above_its_bar_with_confidence_and_warns_without(right, asked, expected):
    assert verdict_of_attack(Outcome(right, asked), 0.02) == expected


def test_a_figure_out_of_its_limits_is_said_and_one_that_is_missing_is_not():
    assert [verdict_of_measure("weights_even", value) for value in (0.5, 0.9, None)] == ["PASS", "FAIL", "PASS"]
    assert verdict_of_measure("informative_neighbours", 5.0) == "WARN"
    assert worst(["PASS", "FAIL", "WARN"]) == "FAIL"
    assert worst([]) == "PASS"


def test_every_attack_has_a_bar():
    assert set(bars(SelfCheck())) == set(ATTACKS)
    assert bars(SelfCheck(graph_per_mille=33))["graph"] == 0.033


def measured(strength, size=3_000):
    chosen = list(values("A", size).values())
    return of_filters(target("A", strength).filters(chosen), chosen, Keystream(key("sample")))


def test_filters_as_shipped_are_within_the_limits_that_fail():
    found = measured(SHIPPED)
    assert set(found) | {"in_rare_family_shapes", "people_encoded"} == set(RANGES)
    assert None not in found.values()
    assert "FAIL" not in [verdict_of_measure(name, value) for name, value in found.items()]


def test_an_even_t_shows_in_parity_and_rank():
    found = measured(Strength(10))
    assert found["weights_even"] == 1
    assert found["rank_missing"] >= 1


def test_the_share_of_people_with_a_filter_is_said_where_there_are_people():
    assert people_encoded(3, 4) == {"people_encoded": 0.75}
    assert people_encoded(0, 0) == {"people_encoded": None}


def test_rare_numbers_of_children_are_counted_by_family():
    ties = [(adult, child) for adult in range(199) for child in range(2)] + [(200, child) for child in range(9)]
    assert in_rare_family_shapes(ties) == round(1 / 200, 4)
    assert in_rare_family_shapes(ties[:20]) is None


def test_the_dense_sample_begins_with_the_households_of_the_commonest_surname():
    made = rows(1_000)
    surname = dict(zip(reversed(made.person), reversed(made.surname), strict=True))
    first = [surname[person] for person in dense_order(made)]
    commonest = max(set(first), key=lambda name: (first.count(name), name))
    assert first[0] == commonest or commonest in first[:10]
    assert sorted(dense_order(made)) == sorted(surname)


def test_neither_keys_nor_people_show_in_what_is_printed():
    shown = repr(Checking({"adults": rows(50)}, SHIPPED, NEVER, key("a"), key("b"))) + repr(
        Target("adults", "A", SHIPPED, key("a"), key("b"))
    )
    assert shown == "Checking(…)Target(adults.A)"


@pytest.mark.slow
def test_stronger_encodings_are_tried_where_attacks_fail_and_stop_at_the_first_that_passes():
    checking = Checking({"adults": rows(6_000)}, Strength(9), {**NEVER, "known_1000": 0.5}, key("a"), key("b"))
    found = list(checking.projections(silent))
    assert [one.projection for one in found] == ["A", "B", "C", "D"]
    assert all(set(one.attacks) == set(MADE) for one in found)
    assert found[0].attacks["known_1000"].verdict == "FAIL"
    tried = list(checking.proposals(found, silent))
    assert [(one.diffusion, one.verdict) for one in tried] == [(11, "PASS")]
    assert set(tried[0].attacks) == {"known_1000"}


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    return make_linkage(tmp_path_factory.mktemp("linkage"))["authority-a"]


@pytest.mark.slow
def test_a_nodes_check_is_kept_and_printed_and_says_nothing_of_anybody(node, capsys):
    assert main(["party", "risk", "--dir", str(node.directory), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said == json.loads(node.path(REPORT_FILE).read_text(encoding="utf-8"))
    assert said["verdict"] == "WARN"  # four people are too few to attack
    page = node.path("self-check.html").read_text(encoding="utf-8")
    assert "too few people" in page
    for text in ("http", "Ada", "Ash", "1985", "CF10"):
        assert text not in page.replace("http-equiv", "").replace("http://www.w3.org", "").replace("https://www.w3.org", "")


def report(node, agreed, verdict):
    """Return a report of the node's extract with that verdict."""
    terms = {"diffusion": 9, "bits_per_mille": 1_000, "adults_at_most": 10, "children_at_most": 10}
    found = {"families": {}, "projections": [], "proposals": [], "verdict": verdict}
    return SelfCheckReport(
        extract_digest=extract_digest(node), agreement_digest=agreed.agreement_digest, **terms, **found
    ).model_dump_json()


def test_a_submission_asks_for_the_report_of_its_very_extract(node):
    agreed, kept = load_agreed(node), node.path(REPORT_FILE)
    kept.write_text(report(node, agreed, "WARN"), encoding="utf-8")
    assert check_report(node, agreed) == (digest(kept.read_bytes()), "WARN")
    kept.write_text(report(node, agreed, "FAIL"), encoding="utf-8")
    with pytest.raises(SubmissionError, match=r"self-check.json says FAIL.*kinlink party risk"):
        prepare(node)
    node.path("extract", "note.txt").write_text("another extract", encoding="utf-8")
    assert check_report(node, agreed) is None
    required = agreed.agreement.model_copy(update={"self_check": SelfCheck(required=True)})
    with pytest.raises(SubmissionError, match="there is none"):
        check_report(node, replace(agreed, agreement=required))
