"""The record of an urgent call about a child who may be without care, from one organisation to an area's authority. Pure.

The call is the alarm and says who and where; the record says that it was made, why, by whom and when. It has no place for a child, a
parent or an address. Signed by the sender, sealed to the authority's desk, of one size.
"""

from enum import StrEnum
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from schemas.canonical import canonical_json
from schemas.errors import SealError
from schemas.signature import SignedDocument

ESCALATION_BYTES: Final = 2_048
CONTEXT: Final = "kinlink/escalation/1"
_INSTANT = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$"


class Criterion(StrEnum):
    """Why a child cannot wait for a round. A match is none; nor is a parent in prison by itself."""

    UNATTENDED = "unattended"  # the child is alone, or waits somewhere for the parent
    SOLE_ADULT = "sole-adult"  # the only adult of the household was received
    BOTH_ADULTS = "both-adults"  # all adults of the household were
    UNSUITABLE_CARER = "unsuitable-carer"  # the parent says that whoever has the child should not


class Escalation(BaseModel):
    """What the record says; instants are UTC."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1] = 1
    reference: str = Field(pattern=r"^[0-9a-f]{12}$")
    sender: str = Field(max_length=64)
    authority: str = Field(max_length=64)
    criterion: Criterion
    telephoned: str = Field(min_length=2, max_length=80)
    telephoned_at: str = Field(pattern=_INSTANT)
    sent_at: str = Field(pattern=_INSTANT)


def escalation_context(roster_digest: str, authority: str) -> str:
    """Return the sealing context of a record for one authority under one roster."""
    return f"{CONTEXT}|{roster_digest}|{authority}"


def write_escalation(document: SignedDocument) -> bytes:
    """Return a signed record, padded with spaces to `ESCALATION_BYTES`."""
    return canonical_json(document.model_dump()).ljust(ESCALATION_BYTES)


def read_escalation(content: bytes) -> tuple[SignedDocument, Escalation]:
    """Return the signed record in `content`, and what it says; its signature is for the caller to check.

    Raises:
        SealError: it is not such a record, of the fixed size.
    """
    if len(content) != ESCALATION_BYTES:
        raise SealError("escalation: opened, but its content has the wrong size; ring whoever sent it")
    try:
        document = SignedDocument.model_validate(from_json(content))
        return document, Escalation.model_validate(document.body)
    except (ValidationError, ValueError):
        raise SealError("escalation: opened, but its content is not a record of a call; ring whoever sent it") from None
