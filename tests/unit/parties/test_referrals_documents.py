"""What documents say and cannot say."""

import json
import re
from dataclasses import asdict, fields, replace

import pytest
from pydantic import ValidationError

from parties.referrals.directory import Recipient, RecipientRole
from parties.referrals.documents import as_html, as_json, file_stem
from parties.referrals.pages import CONTENT_POLICY
from parties.referrals.payloads import (
    SCHEMAS,
    AreaReferral,
    NamedReferral,
    OwnRecordReferral,
    Referral,
    RestrictedReferral,
    SchoolReferral,
    make_referral,
    said,
)
from parties.referrals.routing import Child, Route
from parties.referrals.wording import ENGLISH, WELSH, languages_of

ENVELOPE = "ab" * 32
SPOC = Recipient(RecipientRole.SINGLE_POINT_OF_CONTACT, "Sam Point", "01632 960001")
CHILD = Child(
    child_id="C-77", forename="Siân", middle_names="Mai", surname="O'Example<b>", date_of_birth="2016-05-01",
    school_urn="123456", under_five_area="N1", legal_status="child_in_need", standing="resident",
)  # fmt: skip
FORBIDDEN = (
    "offence", "sentence", "prison", "establishment", "prison_number", "nomis_number", "pnc_id", "police_reference",
    "parent_name", "parent", "carer", "parent_address", "address", "postcode", "legal_status",
)  # fmt: skip
LOADED_WORDS = r"\b(risk\w*|offen\w+|sentence\w*|inmate\w*|flag\w*|target\w*|hits?|victim\w*|criminal\w*|prisoner\w*|register\w*|suspect\w*|custody|abandon\w*|tramgwydd\w*|trosedd\w*|carcharor\w*|risg\w*)\b"


def referral(role=RecipientRole.DSL, grade="A", *, restricted=False, also=None):
    to = Route(Recipient(role, "Dee Lead", "01632 960002"), also, "any branch")
    return make_referral(
        ENVELOPE, grade, CHILD, to=to, contact=SPOC, authority="Exampleshire", due="2026-11-24 08:30", restricted=restricted
    )


COMMON = {"reference", "grade", "recipient", "also", "contact", "authority", "due", "leaflet"}
NAMED = COMMON | {"child_name", "date_of_birth"}
ALLOWED = {
    RestrictedReferral: COMMON | {"child_record"},
    NamedReferral: NAMED,
    SchoolReferral: NAMED | {"school_urn"},
    AreaReferral: NAMED | {"area"},
    OwnRecordReferral: NAMED | {"school_urn", "area", "child_record", "check_first"},
}


@pytest.mark.parametrize("field", FORBIDDEN)
@pytest.mark.parametrize("schema", ALLOWED, ids=lambda schema: schema.__name__)
def test_a_forbidden_field_cannot_be_expressed(schema, field):
    example = next(item for item in (referral(role, restricted=schema is RestrictedReferral) for role in SCHEMAS) if type(item) is schema)
    with pytest.raises(ValidationError):
        schema.model_validate({**example.model_dump(), field: "x"})
    assert field not in schema.model_fields


@pytest.mark.parametrize("schema", ALLOWED, ids=lambda schema: schema.__name__)
def test_a_schema_has_its_allow_list_and_is_closed(schema):
    written = schema.model_json_schema(mode="serialization")
    assert set(written["properties"]) == ALLOWED[schema]
    assert written["additionalProperties"] is False
    assert all(
        len(set(part["properties"]) & {"role", "name", "telephone"}) == 3 for part in written["$defs"].values() if "properties" in part
    )


def test_every_post_has_a_schema():
    assert SCHEMAS.keys() == set(RecipientRole)
    assert {*SCHEMAS.values(), RestrictedReferral} == set(ALLOWED)


@pytest.mark.parametrize("role", RecipientRole)
def test_a_post_reads_its_allow_list_and_nothing_else(role):
    written = json.loads(as_json(referral(role), [ENGLISH]))
    assert set(written) - {"texts"} == ALLOWED[SCHEMAS[role]] - {"also", "check_first"}  # nobody else reads it, and the parent is known
    assert ("C-77" in as_html(referral(role), (ENGLISH,))) == (SCHEMAS[role] is OwnRecordReferral)


def test_whoever_works_outside_the_authority_does_not_read_its_record():
    outside = {"dsl", "head_teacher", "alternative_provision", "health_visitor", "midwife", "responsible_authority", "other_nation"}
    assert {role for role, schema in SCHEMAS.items() if "child_record" not in schema.model_fields} == outside


def test_a_protected_child_s_sheet_names_the_record_and_nobody():
    for text in (as_html(referral(restricted=True), (ENGLISH, WELSH)), as_json(referral(restricted=True), (ENGLISH, WELSH))):
        assert "C-77" in text
        assert not [value for value in ("Siân", "Example<", "Example&lt;", "2016", "123456", "N1") if value in text]
        assert "give no leaflet to anyone" in text
        assert "Find out quietly" not in text


def test_nobody_is_asked_to_speak_with_a_family_who_must_not_be_spoken_to():
    spoken = {
        (grade, restricted, known): ENGLISH.speak_first in as_html(sheet_of(grade, restricted=restricted, known=known), (ENGLISH,))
        for grade in ("A", "B")
        for restricted in (False, True)
        for known in (False, True)
    }
    assert {case for case, said in spoken.items() if said} == {("A", False, True)}
    assert not [case for case in spoken if sheet_of(case[0], restricted=case[1], known=case[2]).leaflet and case != ("A", False, True)]


def sheet_of(grade, *, restricted, known):
    return make_referral(
        ENVELOPE,
        grade,
        replace(CHILD, parent_on_record=known),
        to=Route(SPOC, None, "any branch"),
        contact=SPOC,
        authority="Exampleshire",
        due="2026-11-24 08:30",
        restricted=restricted,
    )


def test_whoever_takes_over_a_child_from_another_place_is_asked_to():
    for role in RecipientRole:
        taken_over = role in {RecipientRole.OTHER_NATION, RecipientRole.RESPONSIBLE_AUTHORITY}
        assert ("Please take over the offer" in as_html(referral(role), (ENGLISH,))) == taken_over


def test_who_else_reads_the_same_sheet_is_said():
    officer = Recipient(RecipientRole.REVIEWING_OFFICER, "Rhiannon Review", "01632 960009")
    page = as_html(referral(RecipientRole.SOCIAL_WORKER, also=officer), (ENGLISH,))
    assert "<dt>Also for</dt><dd>Rhiannon Review, Independent Reviewing Officer, 01632 960009</dd>" in page
    assert "Also for" not in as_html(referral(), (ENGLISH,))


def test_whoever_looks_after_a_child_of_an_unknown_parent_checks_first():
    to = Route(SPOC, None, "any branch")
    for known in (True, False):
        sheet = make_referral(
            ENVELOPE, "A", replace(CHILD, parent_on_record=known), to=to, contact=SPOC, authority="Exampleshire", due="2026-11-24 08:30"
        )
        page = as_html(sheet, (ENGLISH, WELSH))
        assert ("Check first, with what the authority knows" in page) is not known
        assert page.count("Sam Point") == 2  # once for each language: whom to call is who reads it


def test_a_health_visitor_reads_the_area_and_a_school_lead_the_school():
    assert "school_urn" not in said(referral(RecipientRole.HEALTH_VISITOR))
    assert "area" not in said(referral(RecipientRole.DSL))


@pytest.mark.parametrize("wording", [ENGLISH, WELSH], ids=["en", "cy"])
def test_no_template_uses_a_loaded_word(wording):
    assert not re.findall(LOADED_WORDS, str(asdict(wording)), flags=re.IGNORECASE)


def test_the_lint_knows_a_loaded_word_when_it_sees_one():
    assert re.findall(LOADED_WORDS, "the child was Flagged as at risk", flags=re.IGNORECASE) == ["Flagged", "risk"]


@pytest.mark.parametrize("role", RecipientRole)
@pytest.mark.parametrize("grade", ["A", "B"])
def test_every_document_says_that_the_child_may_not_know_and_when_to_act(role, grade):
    sheets = (referral(role, grade), referral(role, grade, restricted=True))
    for text in (write(sheet, (ENGLISH,)) for sheet in sheets for write in (as_html, as_json)):
        assert "The child may not know; do not raise it with the child first." in text
        assert "Please act by the day and hour on this sheet." in text
        assert "2026-11-24 08:30" in text
        assert ("This may be mistaken; do not contact the family on this sheet alone." in text) == (grade == "B")


def test_both_languages_say_the_same_things():
    for field in fields(ENGLISH):
        one, other = getattr(ENGLISH, field.name), getattr(WELSH, field.name)
        assert type(one) is type(other)
        assert isinstance(one, str) or len(one) == len(other)
    assert ENGLISH.labels.keys() == WELSH.labels.keys()
    assert ENGLISH.roles.keys() == WELSH.roles.keys() == set(RecipientRole)


def test_an_authority_in_wales_gets_welsh_and_english_others_english():
    assert [wording.language for wording in languages_of("W06000015")] == ["cy", "en"]
    assert [wording.language for wording in languages_of("W06000015", "en")] == ["en", "cy"]
    assert [wording.language for wording in languages_of("E08000035", "cy")] == ["en"]
    page = as_html(referral(), languages_of("W06000015"))
    assert '<section lang="cy">' in page
    assert '<section lang="en">' in page


def test_the_page_loads_and_runs_nothing_and_escapes_what_the_record_says():
    page = as_html(referral(), (ENGLISH,))
    assert f'content="{CONTENT_POLICY}"' in page
    assert not re.search(r"<script|<link|<img|https?:|url\(|@import|\son\w+=", page)
    assert "O'Example<b>" not in page
    assert "O&#x27;Example&lt;b&gt;" in page


def test_titles_and_file_names_are_neutral():
    assert file_stem(ENVELOPE) == "referral-abababababab"
    assert "<title>Offer of support</title>" in as_html(referral(), (ENGLISH,))


def test_a_referral_shows_nothing_of_itself():
    for sheet in (*map(referral, RecipientRole), referral(restricted=True)):
        assert isinstance(sheet, Referral)
        assert repr(sheet) == str(sheet) == "Referral(…)"
