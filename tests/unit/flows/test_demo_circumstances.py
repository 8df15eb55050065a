"""The circumstances of a demo's children: every branch of the routing table, each to a post that somebody holds."""

import csv
from datetime import date

import pytest

from flows.demo.circumstances import CIRCUMSTANCES, SPREAD_AT, in_circumstance, spread
from parties.referrals.directory import AUTHORITY, RecipientRole, make_directory
from parties.referrals.routing import RULES, Child, route
from validation.synthetic.population import write_population

TODAY = date(2026, 11, 24)
BY_ITS_TIES = "parent not on the authority's record"  # not said by a child's own row


@pytest.fixture(scope="module")
def lists(tmp_path_factory):
    """An authority's lists, its children spread over all circumstances."""
    folder = tmp_path_factory.mktemp("population")
    write_population(folder, people=2_000, seed=7, prevalence=0.16)
    lists = folder / f"local-authority-{SPREAD_AT}"
    spread(lists, TODAY)
    return lists


def test_there_is_a_circumstance_for_every_branch():
    assert {item.branch for item in CIRCUMSTANCES} == {rule.branch for rule in RULES} - {BY_ITS_TIES}


def test_each_circumstance_goes_its_branch_to_a_post_that_is_held(lists):
    directory = make_directory(_rows(lists / "directory.csv"), TODAY)
    branches = set()
    for row in _rows(lists / "children.csv"):
        to = route(Child(**{name: row[name] for name in Child.__dataclass_fields__ if name in row}), directory, TODAY)
        asked = next(rule for rule in RULES if rule.branch == to.branch).posts
        assert to.recipient.role in {post.role for post in asked}, to.branch
        assert (
            to.recipient.role is RecipientRole.SINGLE_POINT_OF_CONTACT
            or to.recipient != directory[RecipientRole.SINGLE_POINT_OF_CONTACT, AUTHORITY]
        )
        branches.add(to.branch)
    assert branches == {item.branch for item in CIRCUMSTANCES}


def test_a_child_stays_in_its_circumstance_and_keeps_its_name(lists):
    row = _rows(lists / "children.csv")[0]
    again = in_circumstance(row, TODAY)
    assert again == row
    assert in_circumstance({**row, "nation": "wales"}, TODAY)["forename"] == row["forename"]


def _rows(path):
    with path.open(encoding="utf-8", newline="") as source:
        return list(csv.DictReader(source))
