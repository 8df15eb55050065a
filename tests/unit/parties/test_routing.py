"""Every branch of the routing table; nobody is left without a recipient, and nobody of police, prison or youth justice is one."""

import os
import re
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parties.referrals.directory import AUTHORITY, Recipient, RecipientRole, make_directory, vacancies
from parties.referrals.protection import PROTECTION
from parties.referrals.routing import RULES, Child, is_under_five, route
from schemas.errors import ConfigurationError
from schemas.extracts import load_rules

TODAY = date(2026, 9, 14)
R = RecipientRole


def row(role, place="", name="Sam Point", **more):
    return {"role": str(role), "area_or_school": place, "name": name, "telephone": "01632 960001", **more}


SPOC = row(R.SINGLE_POINT_OF_CONTACT)
DSL = row(R.DSL, "123456", "Dee Lead")
AUTHORITY_WIDE = (
    R.MIDWIFE, R.SOCIAL_WORKER, R.REVIEWING_OFFICER, R.CHILDRENS_SOCIAL_CARE, R.HOME_EDUCATION, R.ALTERNATIVE_PROVISION, R.INCLUSION,
    R.PARTICIPATION, R.PERSONAL_ADVISER,
)  # fmt: skip
ROWS = [
    DSL,
    row(R.HEAD_TEACHER, "123456", "Hedd Head"),
    row(R.HEAD_TEACHER, "222222", "Hal Head"),
    row(R.HEALTH_VISITOR, "N1", "Vi Visitor"),
    row(R.SOCIAL_WORKER, "SW1", "Case Holder"),
    row(R.RESPONSIBLE_AUTHORITY, "W06000015", "Rhys Contact"),
    row(R.OTHER_NATION, "scotland", "Una Nation"),
    *(row(role, name=f"Any {role.value.replace('_', ' ').title()}") for role in AUTHORITY_WIDE),
    SPOC,
]
DIRECTORY = make_directory(ROWS, TODAY)


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
TEEN = {"school_urn": "", "date_of_birth": "2009-09-14"}
UNBORN = {"school_urn": "", "date_of_birth": "", "expected_on": "2027-01-02"}
CASES = [
    ("of school age and on roll", {}, R.DSL, "on a school's roll"),
    ("four, in reception: enrolment decides", {"date_of_birth": "2022-06-01", "under_five_area": "N1"}, R.DSL, "on a school's roll"),
    ("seventeen, at college", {"date_of_birth": "2009-06-01", "education": "college"}, R.DSL, "on a school's roll"),
    ("at a school whose lead is vacant", {"school_urn": "222222"}, R.HEAD_TEACHER, "on a school's roll"),
    ("at a school nobody speaks for", {"school_urn": "654321"}, R.SINGLE_POINT_OF_CONTACT, "on a school's roll"),
    ("four, not on roll", {**AT_HOME, "date_of_birth": "2022-06-01"}, R.HEALTH_VISITOR, "under five and not on roll"),
    ("five tomorrow, not on roll", {**AT_HOME, "date_of_birth": "2021-09-15"}, R.HEALTH_VISITOR, "under five and not on roll"),
    ("five today, not on roll", {**AT_HOME, "date_of_birth": "2021-09-14"}, R.SINGLE_POINT_OF_CONTACT, "nothing known"),
    ("of unknown age, in an area for under-fives", {**AT_HOME, "date_of_birth": ""}, R.HEALTH_VISITOR, "under five and not on roll"),
    ("under five, in no area", {"school_urn": "", "date_of_birth": "2024-01-01"}, R.SINGLE_POINT_OF_CONTACT, "nothing known"),
    (
        "in an area whose visitor is vacant",
        {**AT_HOME, "under_five_area": "S9", "date_of_birth": "2024-01-01"},
        R.SINGLE_POINT_OF_CONTACT,
        "under five and not on roll",
    ),
    ("of school age, on no roll", {"school_urn": ""}, R.SINGLE_POINT_OF_CONTACT, "nothing known"),
    ("unborn", UNBORN, R.MIDWIFE, "unborn"),
    ("born, though once expected", {**UNBORN, **AT_HOME, "date_of_birth": "2026-08-01"}, R.HEALTH_VISITOR, "under five and not on roll"),
    ("looked after", {"standing": "looked_after", "case_holder": "SW1"}, R.SOCIAL_WORKER, "looked after"),
    ("accommodated", {"legal_status": "section_20"}, R.SOCIAL_WORKER, "looked after"),
    ("in care", {"legal_status": "section_31"}, R.SOCIAL_WORKER, "looked after"),
    (
        "looked after by another authority, and placed here",
        {"standing": "school_only", "responsible_authority": "W06000015"},
        R.RESPONSIBLE_AUTHORITY,
        "looked after by another authority",
    ),
    ("in need", {"legal_status": "child_in_need"}, R.SOCIAL_WORKER, "open to social care"),
    ("on a protection plan", {"legal_status": "child_protection"}, R.SOCIAL_WORKER, "open to social care"),
    ("with a case holder", {"case_holder": "SW1"}, R.SOCIAL_WORKER, "open to social care"),
    ("educated at home", {"school_urn": "", "education": "home_educated"}, R.HOME_EDUCATION, "educated at home"),
    ("educated otherwise, at a provider with a lead", {"education": "eotas"}, R.DSL, "educated otherwise than at school"),
    ("educated otherwise", {"school_urn": "", "education": "eotas"}, R.ALTERNATIVE_PROVISION, "educated otherwise than at school"),
    (
        "at a pupil referral unit",
        {"school_urn": "654321", "education": "pupil_referral_unit"},
        R.ALTERNATIVE_PROVISION,
        "educated otherwise than at school",
    ),
    ("excluded", {"education": "excluded"}, R.INCLUSION, "excluded from school"),
    ("sixteen, in no education", {**TEEN, "education": "none"}, R.PARTICIPATION, "in no education"),
    ("seventeen, on no roll", TEEN, R.PARTICIPATION, "sixteen or seventeen, on no roll"),
    ("a care leaver", {**TEEN, "care_leaver": "yes", "case_holder": "SW1"}, R.PERSONAL_ADVISER, "care leaver"),
    (
        "eighteen today",
        {"date_of_birth": "2008-09-14"},
        R.SINGLE_POINT_OF_CONTACT,
        "eighteen: the case closes with a hand-over",
    ),
    ("eighteen tomorrow", {"date_of_birth": "2008-09-15"}, R.DSL, "on a school's roll"),
    ("in Scotland", {"nation": "scotland"}, R.OTHER_NATION, "in another nation"),
    ("abroad", {"nation": "elsewhere"}, R.SINGLE_POINT_OF_CONTACT, "in another nation"),
    ("in Wales", {"nation": "wales"}, R.DSL, "on a school's roll"),
    ("with a parent nobody here knows", {"parent_on_record": False}, R.SINGLE_POINT_OF_CONTACT, "parent not on the authority's record"),
    ("in need, with a parent nobody here knows", {"parent_on_record": False, "case_holder": "SW1"}, R.SOCIAL_WORKER, "open to social care"),
    ("in a refuge, on roll", {"protection": "refuge"}, R.CHILDRENS_SOCIAL_CARE, "restricted"),
    ("looked after, and protected", {"standing": "looked_after", "protection": "sensitive"}, R.CHILDRENS_SOCIAL_CARE, "restricted"),
]


@pytest.mark.parametrize(("who", "record", "role", "branch"), CASES, ids=[case[0] for case in CASES])
def test_a_child_reaches_the_post_that_the_table_names(who, record, role, branch):
    found = route(child(**record), DIRECTORY, TODAY)
    assert (found.recipient.role, found.branch) == (role, branch)


def test_every_branch_of_the_table_has_a_case():
    assert {rule.branch for rule in RULES} == {branch for *_, branch in CASES}


def test_a_looked_after_child_s_own_worker_is_asked_and_its_reviewing_officer_reads_the_same():
    found = route(child(standing="looked_after", case_holder="SW1"), DIRECTORY, TODAY)
    assert found.recipient.name == "Case Holder"
    assert found.also.role is R.REVIEWING_OFFICER
    assert all(route(child(**record), DIRECTORY, TODAY).also is None for _, record, _, branch in CASES if branch != "looked after")


def test_the_recipient_carries_name_and_telephone():
    assert route(child(), DIRECTORY, TODAY).recipient == Recipient(R.DSL, "Dee Lead", "01632 960001")


VALUES = {
    column.name: next((rule.arguments["values"] for rule in column.rules if rule.name == "one_of"), None)
    for column in load_rules("local-authority").files["children"].columns
}
ANY_CHILD = st.builds(
    child,
    date_of_birth=st.one_of(st.just(""), st.dates(date(2006, 1, 1), date(2027, 1, 1)).map(str)),
    school_urn=st.sampled_from(["", "123456", "222222", "999999"]),
    under_five_area=st.sampled_from(["", "N1", "S9"]),
    legal_status=st.sampled_from(VALUES["legal_status"]),
    standing=st.sampled_from(VALUES["standing"]),
    education=st.sampled_from(["", *VALUES["education"]]),
    case_holder=st.sampled_from(["", "SW1", "SW9"]),
    responsible_authority=st.sampled_from(["", "", "", "W06000015", "E10000001"]),
    nation=st.sampled_from(["", "", *VALUES["nation"]]),
    expected_on=st.sampled_from(["", "", "2027-01-02"]),
    care_leaver=st.sampled_from(["", "no", "yes"]),
    protection=st.lists(st.sampled_from(sorted(PROTECTION)), max_size=2).map(" ".join),
    parent_on_record=st.booleans(),
)
ANY_DIRECTORY = st.lists(st.sampled_from(ROWS[:-1]), unique_by=lambda item: (item["role"], item["area_or_school"])).map(
    lambda rows: make_directory([*rows, SPOC], TODAY)
)
FORBIDDEN = re.compile(r"polic|constab|youth|justice|prison|probation|custod|court", re.IGNORECASE)


@settings(max_examples=100_000 if os.environ.get("KINLINK_PROVE") else 300)
@given(ANY_CHILD, ANY_DIRECTORY)
def test_no_child_is_unroutable_and_none_goes_where_it_must_not(any_child, directory):
    found = route(any_child, directory, TODAY)
    assert found.recipient in directory.values()
    assert not FORBIDDEN.search(found.recipient.role)


def test_no_post_is_of_police_prison_or_youth_justice_and_the_extract_has_the_same_posts():
    assert not [role for role in RecipientRole if FORBIDDEN.search(role)]
    columns = {column.name: column for column in load_rules("local-authority").files["directory"].columns}
    listed = next(rule.arguments["values"] for rule in columns["role"].rules if rule.name == "one_of")
    assert sorted(listed) == sorted(RecipientRole)


def test_a_record_has_no_place_for_a_prison():
    assert not [name for name in Child.__dataclass_fields__ if FORBIDDEN.search(name)]


@pytest.mark.parametrize("role", ["police", "youth_offending_team", "prison", ""])
def test_a_row_of_another_post_is_passed_over(role):
    assert make_directory([SPOC, row(role, "123456")], TODAY) == make_directory([SPOC], TODAY)


@pytest.mark.parametrize(
    "name", ["School Office", "Safeguarding Team", "reception", "Shared Mailbox", "office@school", "Swyddfa'r Ysgol", ""]
)
def test_a_shared_mailbox_is_nobody(name):
    directory = make_directory([SPOC, {**DSL, "name": name}], TODAY)
    assert route(child(), directory, TODAY).recipient.role is R.SINGLE_POINT_OF_CONTACT
    with pytest.raises(ConfigurationError):
        make_directory([{**SPOC, "name": name}], TODAY)


@pytest.mark.parametrize("name", ["Officer Dibble", "Mae Teamer", "Ann Servicewright"])
def test_a_person_whose_name_begins_like_a_shared_post_is_somebody(name):
    assert make_directory([SPOC, {**DSL, "name": name}], TODAY)[R.DSL, "123456"].name == name


def test_a_deputy_stands_in_where_the_holder_has_left_and_a_head_teacher_where_both_have():
    holder = {**DSL, "position": "holder", "valid_to": "2026-09-13"}
    deputy = {**DSL, "position": "deputy", "name": "Dai Deputy"}
    head = row(R.HEAD_TEACHER, "123456", "Hedd Head")
    who = [
        route(child(), make_directory(rows, TODAY), TODAY).recipient.name
        for rows in (
            [deputy, {**holder, "valid_to": "2026-09-14"}, SPOC],
            [holder, deputy, head, SPOC],
            [holder, head, SPOC],
            [holder, SPOC],
        )
    ]
    assert who == ["Dee Lead", "Dai Deputy", "Hedd Head", "Sam Point"]


def test_somebody_counts_from_the_first_day_to_the_last():
    from_today, from_tomorrow = {**DSL, "valid_from": "2026-09-14"}, {**DSL, "valid_from": "2026-09-15"}
    assert (R.DSL, "123456") in make_directory([SPOC, from_today], TODAY)
    assert (R.DSL, "123456") not in make_directory([SPOC, from_tomorrow], TODAY)


def test_a_vacant_post_is_named_and_one_with_a_deputy_is_not():
    gone = {**DSL, "valid_to": "2026-01-01"}
    assert vacancies([SPOC, gone], TODAY) == [(R.DSL, "123456")]
    assert vacancies([SPOC, gone, {**DSL, "position": "deputy"}], TODAY) == []


def test_training_and_language_come_from_the_directory():
    directory = make_directory([SPOC, {**DSL, "trained_on": "2026-01-15", "language": "cy"}], TODAY)
    assert directory[R.DSL, "123456"] == Recipient(R.DSL, "Dee Lead", "01632 960001", "cy", is_trained=True)
    assert not directory[R.SINGLE_POINT_OF_CONTACT, AUTHORITY].is_trained


@pytest.mark.parametrize("rows", [[DSL], [DSL, {**SPOC, "valid_to": "2026-09-13"}]], ids=["none", "one who left"])
def test_a_directory_without_a_single_point_of_contact_is_a_configuration_error(rows):
    with pytest.raises(ConfigurationError, match="single_point_of_contact"):
        make_directory(rows, TODAY)


def test_of_two_people_in_one_post_the_first_counts():
    assert make_directory([SPOC, DSL, {**DSL, "name": "Second"}], TODAY)[R.DSL, "123456"].name == "Dee Lead"


def test_a_child_born_on_29_february_turns_five_on_1_march():
    born = child(date_of_birth="2020-02-29")
    assert is_under_five(born, date(2025, 2, 28))
    assert not is_under_five(born, date(2025, 3, 1))


def test_a_child_shows_nothing_of_itself():
    assert "Aled" not in repr(child())
