"""What each post may read of a child: one closed schema for each kind of recipient. Pure.

A field that a schema does not have cannot be said to that recipient. None has a place for an offence, a sentence, an establishment, a
prison or police number, an address, or anything of the parent, and no schema takes a field that it does not name.
"""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from parties.referrals.directory import Recipient, RecipientRole
from parties.referrals.routing import Child, Route, may_have_leaflet
from schemas.token import Grade

REFERENCE_CHARACTERS: Final = 12


class Contact(BaseModel):
    """A professional's post, name and telephone number; `language` and `is_trained` decide how a sheet is written, and are not said."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: RecipientRole
    name: str = Field(max_length=80)
    telephone: str = Field(max_length=20)
    language: str = Field(default="", max_length=2, exclude=True)
    is_trained: bool = Field(default=False, exclude=True)


class Referral(BaseModel):
    """What every recipient reads: who is asked, by whom, whom to call. Shows nothing in `repr`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reference: str = Field(pattern=rf"^[0-9a-f]{{{REFERENCE_CHARACTERS}}}$")
    grade: Grade
    recipient: Contact
    also: Contact | None = None
    contact: Contact
    authority: str = Field(max_length=200)
    due: str = Field(max_length=16)
    leaflet: bool = False

    def __repr__(self) -> str:
        """Show nothing."""
        return "Referral(…)"

    __str__ = __repr__


class RestrictedReferral(Referral):
    """Children's social care, of a protected child: the record to look up, and no name."""

    child_record: str = Field(max_length=32)


class NamedReferral(Referral):
    """A service outside the authority: who the child is, and nothing of where."""

    child_name: str = Field(max_length=250)
    date_of_birth: str = Field(max_length=10)


class SchoolReferral(NamedReferral):
    """Somebody at the child's school or provider."""

    school_urn: str = Field(max_length=6)


class AreaReferral(NamedReferral):
    """A health visitor or midwife."""

    area: str = Field(max_length=16)


class OwnRecordReferral(NamedReferral):
    """Somebody of the authority itself, who has its record; `check_first` where the parent is not on it."""

    school_urn: str = Field(max_length=6)
    area: str = Field(max_length=16)
    child_record: str = Field(max_length=32)
    check_first: bool = False


SCHEMAS: Final[Mapping[RecipientRole, type[Referral]]] = {
    RecipientRole.DSL: SchoolReferral,
    RecipientRole.HEAD_TEACHER: SchoolReferral,
    RecipientRole.ALTERNATIVE_PROVISION: SchoolReferral,
    RecipientRole.HEALTH_VISITOR: AreaReferral,
    RecipientRole.MIDWIFE: AreaReferral,
    RecipientRole.RESPONSIBLE_AUTHORITY: NamedReferral,
    RecipientRole.OTHER_NATION: NamedReferral,
    RecipientRole.SOCIAL_WORKER: OwnRecordReferral,
    RecipientRole.REVIEWING_OFFICER: OwnRecordReferral,
    RecipientRole.CHILDRENS_SOCIAL_CARE: OwnRecordReferral,
    RecipientRole.HOME_EDUCATION: OwnRecordReferral,
    RecipientRole.INCLUSION: OwnRecordReferral,
    RecipientRole.PARTICIPATION: OwnRecordReferral,
    RecipientRole.PERSONAL_ADVISER: OwnRecordReferral,
    RecipientRole.SINGLE_POINT_OF_CONTACT: OwnRecordReferral,
}


def make_referral(
    envelope_id: str,
    grade: Grade,
    child: Child,
    *,
    to: Route,
    contact: Recipient,
    authority: str,
    due: str,
    restricted: bool = False,
) -> Referral:
    """Return what the recipient may read of `child`.

    Args:
        envelope_id: of which the reference is the beginning.
        grade: how sure the finding is.
        child: the authority's own record.
        to: whom the referral goes to, and who reads the same sheet.
        contact: whom the recipient may call.
        authority: the authority's name.
        due: by when to act, such as "2026-11-24 08:30".
        restricted: whether the child is protected, and the sheet must not say who it is.
    """
    schema = RestrictedReferral if restricted else SCHEMAS[to.recipient.role]
    known: dict[str, Any] = {
        "child_name": " ".join(name for name in (child.forename, child.middle_names, child.surname) if name),
        "date_of_birth": child.date_of_birth,
        "school_urn": child.school_urn,
        "area": child.under_five_area,
        "child_record": child.child_id,
        "check_first": not child.parent_on_record,
    }
    return schema(
        reference=envelope_id[:REFERENCE_CHARACTERS],
        grade=grade,
        recipient=_contact(to.recipient),
        also=_contact(to.also) if to.also else None,
        contact=_contact(contact),
        authority=authority,
        due=due,
        leaflet=grade == "A" and may_have_leaflet(child) and not restricted,
        **{name: value for name, value in known.items() if name in schema.model_fields},
    )


def said(referral: Referral) -> dict[str, Any]:
    """Return what a document says, without what the record leaves empty."""
    return {name: value for name, value in referral.model_dump(mode="json").items() if value and not _is_said_above(referral, name)}


def _is_said_above(referral: Referral, name: str) -> bool:
    return name == "contact" and referral.contact == referral.recipient


def _contact(recipient: Recipient) -> Contact:
    return Contact(**recipient._asdict())
