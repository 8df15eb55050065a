"""What documents say and cannot say."""

import json
import re
from dataclasses import asdict, fields

import pytest
from pydantic import ValidationError

from parties.referrals.documents import CONTENT_POLICY, PAYLOAD, Referral, as_html, as_json, file_stem, make_referral, payload
from parties.referrals.routing import Child, Recipient, RecipientRole
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


def referral(role=RecipientRole.DSL, grade="A"):
    return make_referral(
        ENVELOPE, grade, CHILD, recipient=Recipient(role, "Dee Lead", "01632 960002"), contact=SPOC, authority="Exampleshire"
    )


@pytest.mark.parametrize("field", FORBIDDEN)
def test_a_forbidden_field_cannot_be_expressed(field):
    said = referral().model_dump()
    with pytest.raises(ValidationError):
        Referral.model_validate({**said, field: "x"})


@pytest.mark.parametrize("role", RecipientRole)
def test_a_post_reads_its_allow_list_and_nothing_else(role):
    said = json.loads(as_json(referral(role), [ENGLISH]))
    assert set(said) - {"texts"} == set(PAYLOAD[role])
    assert ("C-77" in as_json(referral(role), [ENGLISH])) == (role is RecipientRole.SINGLE_POINT_OF_CONTACT)
    assert ("C-77" in as_html(referral(role), (ENGLISH,))) == (role is RecipientRole.SINGLE_POINT_OF_CONTACT)


def test_a_health_visitor_reads_the_area_and_a_school_lead_the_school():
    assert "school_urn" not in payload(referral(RecipientRole.HEALTH_VISITOR))
    assert "area" not in payload(referral(RecipientRole.DSL))


@pytest.mark.parametrize("wording", [ENGLISH, WELSH], ids=["en", "cy"])
def test_no_template_uses_a_loaded_word(wording):
    assert not re.findall(LOADED_WORDS, str(asdict(wording)), flags=re.IGNORECASE)


def test_the_lint_knows_a_loaded_word_when_it_sees_one():
    assert re.findall(LOADED_WORDS, "the child was Flagged as at risk", flags=re.IGNORECASE) == ["Flagged", "risk"]


@pytest.mark.parametrize("role", RecipientRole)
@pytest.mark.parametrize("grade", ["A", "B"])
def test_every_document_says_that_the_child_may_not_know_and_when_to_act(role, grade):
    for text in (as_html(referral(role, grade), (ENGLISH,)), as_json(referral(role, grade), (ENGLISH,))):
        assert "The child may not know; do not raise it with the child first." in text
        assert "before the start of the next school day" in text
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
    assert [wording.language for wording in languages_of("E08000035")] == ["en"]
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
    assert "Example" not in repr(referral())
    assert "Example" not in str(referral())
