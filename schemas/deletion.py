"""The signed statement that an organisation deleted what it had of a round: what, when, and digests; never a key. Pure.

A digest lets whoever has a copy, such as the service of a sealed share, see which bytes are meant.
"""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from schemas.errors import SubmissionError
from schemas.signature import SignedDocument, malformed_at

CONTEXT = "deletion/1"
MAX_ITEMS = 16


class Material(StrEnum):
    """What can be deleted of a round."""

    SEALED_SHARES = "sealed-shares"
    OUTBOX = "outbox"
    KEPT_FILTERS = "kept-filters"
    PERSON_MAP = "person-map"
    ANSWERED_NONCES = "answered-nonces"
    STORAGE_KEY = "storage-key"
    VAULT = "vault"
    FINDINGS = "findings"
    ENVELOPES = "envelopes"


class Deleted(BaseModel):
    """One thing that is gone; `sha256` is of its bytes where it was a file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    material: Material
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")


class DeletionStatement(BaseModel):
    """What one organisation deleted of one round; `deleted_at` is UTC, ISO 8601, to the second."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    round_id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{2,40}$")
    round_digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    organisation: str = Field(max_length=64)
    deleted_at: str = Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
    deleted: list[Deleted] = Field(max_length=MAX_ITEMS)


def read_statement(document: SignedDocument, *, round_id: str, round_digest: str, organisation: str) -> DeletionStatement:
    """Return the statement in `document`, whose signature the caller has checked.

    Raises:
        SubmissionError: it is malformed, or of another round or organisation.
    """
    try:
        statement = DeletionStatement.model_validate(document.body)
    except ValidationError as error:
        raise SubmissionError(f"deletion statement: malformed at {malformed_at(error)}; run `kinlink keys delete` again") from None
    if (statement.round_id, statement.round_digest, statement.organisation) != (round_id, round_digest, organisation):
        raise SubmissionError("deletion statement: of another round or organisation; run `kinlink keys delete` for this one")
    return statement
