"""Every branch of the routing table, and that nobody is left without a recipient."""

from datetime import date
from itertools import product

import pytest

from parties.referrals.routing import AUTHORITY, Child, Recipient, RecipientRole, is_under_five, make_directory, route
from schemas.errors import ConfigurationError

TODAY = date(2026, 9, 14)
SPOC = {"role": "single_point_of_contact", "area_or_school": "", "name": "Sam Point", "telephone": "01632 960001"}
DSL = {"role": "dsl", "area_or_school": "123456", "name": "Dee Lead", "telephone": "01632 960002"}
VISITOR = {"role": "health_visitor", "area_or_school": "N1", "name": "Vi Visitor", "telephone": "01632 960003"}
DIRECTORY = make_directory([DSL, VISITOR, SPOC])


def child(**changes):
    record = {
        "child_id": "C1",
        "forename": "Aled",
        "surname": "Example",
        "date_of_birth": "2016-05-01",
        "school_urn": "123456",
        "under_five_area": "",
        "legal_status": "none",
        "standing": "resident",
    }
    return Child(**{**record, **changes})


AT_HOME = {"school_urn": "", "under_five_area": "N1"}
CASES = [
    ("of school age and on roll", {}, RecipientRole.DSL),
    ("four, in reception: enrolment decides", {"date_of_birth": "2022-06-01", "under_five_area": "N1"}, RecipientRole.DSL),
    ("four, not on roll", {**AT_HOME, "date_of_birth": "2022-06-01"}, RecipientRole.HEALTH_VISITOR),
    ("five tomorrow, not on roll", {**AT_HOME, "date_of_birth": "2021-09-15"}, RecipientRole.HEALTH_VISITOR),
    ("five today, not on roll", {**AT_HOME, "date_of_birth": "2021-09-14"}, RecipientRole.SINGLE_POINT_OF_CONTACT),
    ("of unknown age, in an area for under-fives", {**AT_HOME, "date_of_birth": ""}, RecipientRole.HEALTH_VISITOR),
    ("under five, in no area", {"school_urn": "", "date_of_birth": "2024-01-01"}, RecipientRole.SINGLE_POINT_OF_CONTACT),
    ("not on roll, educated at home", {"school_urn": ""}, RecipientRole.SINGLE_POINT_OF_CONTACT),
    ("looked after", {"standing": "looked_after"}, RecipientRole.SINGLE_POINT_OF_CONTACT),
    ("accommodated", {"legal_status": "section_20"}, RecipientRole.SINGLE_POINT_OF_CONTACT),
    ("in care", {"legal_status": "section_31"}, RecipientRole.SINGLE_POINT_OF_CONTACT),
    ("in need, and on roll", {"legal_status": "child_in_need"}, RecipientRole.DSL),
    ("at a school whose post is vacant", {"school_urn": "654321"}, RecipientRole.SINGLE_POINT_OF_CONTACT),
    (
        "in an area whose post is vacant",
        {**AT_HOME, "under_five_area": "S9", "date_of_birth": "2024-01-01"},
        RecipientRole.SINGLE_POINT_OF_CONTACT,
    ),
]


@pytest.mark.parametrize(("who", "record", "role"), CASES, ids=[case[0] for case in CASES])
def test_a_child_reaches_the_post_that_the_table_names(who, record, role):
    assert route(child(**record), DIRECTORY, TODAY).role is role


def test_the_recipient_carries_name_and_telephone():
    assert route(child(), DIRECTORY, TODAY) == Recipient(RecipientRole.DSL, "Dee Lead", "01632 960002")


def test_with_nothing_but_a_single_point_of_contact_no_child_is_unroutable():
    directory = make_directory([SPOC])
    values = product(["", "2016-05-01", "2025-01-01"], ["", "123456"], ["", "N1"], ["none", "section_31"], ["resident", "looked_after"])
    for born, school, area, legal, standing in values:
        record = child(date_of_birth=born, school_urn=school, under_five_area=area, legal_status=legal, standing=standing)
        assert route(record, directory, TODAY) == directory[RecipientRole.SINGLE_POINT_OF_CONTACT, AUTHORITY]


def test_a_directory_without_a_single_point_of_contact_is_a_configuration_error():
    with pytest.raises(ConfigurationError, match="single_point_of_contact"):
        make_directory([DSL, VISITOR])


def test_of_two_people_in_one_post_the_first_counts():
    assert make_directory([SPOC, DSL, {**DSL, "name": "Second"}])[RecipientRole.DSL, "123456"].name == "Dee Lead"


def test_a_child_born_on_29_february_turns_five_on_1_march():
    born = child(date_of_birth="2020-02-29")
    assert is_under_five(born, date(2025, 2, 28))
    assert not is_under_five(born, date(2025, 3, 1))


def test_a_child_shows_nothing_of_itself():
    assert "Aled" not in repr(child())
