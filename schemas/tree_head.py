"""Signed heads of the service's two logs: what it accepted, and what it released. Pure.

Every hour the service signs one head. Each names the one before it, so that a head that somebody has seen cannot be taken back; and what
is under a head can be shown to whom it concerns, by a path of hashes (`schemas/merkle.py`), without the rest.

    submissions    a leaf for each acceptance: everyone sees size and root
    releases       a leaf for each authority's batch of envelopes: a head holds a commitment to size and root, opened to desks alone,
                   so that the prison service and police forces learn not even on how many days something was released
"""

from collections.abc import Iterable, Mapping
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from schemas.canonical import canonical_json, digest_of
from schemas.errors import ServiceError
from schemas.signature import SignedDocument

CONTEXT: Final = "tree-head/1"
GENESIS: Final = "0" * 64  # in place of the head before the first
MAX_HEADS: Final = 1_000  # in one answer
MAX_PATH: Final = 64
MAX_BATCHES: Final = 400  # of one round
MAX_ENVELOPES: Final = 10_000  # of one batch

_HEX = r"^[0-9a-f]{64}$"
_INSTANT = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LogSize(_Frozen):
    """How many leaves a log has, and the root over them."""

    size: int = Field(ge=0)
    root: str = Field(pattern=_HEX)


class Opening(LogSize):
    """A log's size and root, and the random bytes that hide them in a head."""

    nonce: str = Field(pattern=_HEX)

    @property
    def commitment(self) -> str:
        """What a head holds in place of size and root."""
        return digest_of(self.model_dump())


class TreeHead(_Frozen):
    """What both logs are at an instant; `restored` is how often the database was put back from a backup."""

    at: str = Field(pattern=_INSTANT)
    previous: str = Field(pattern=_HEX)
    submissions: LogSize
    releases: str = Field(pattern=_HEX, description="commitment to the size and root of the log of releases")
    restored: int = Field(ge=0)


class Place(_Frozen):
    """Where a leaf stands, and the way from it to the root."""

    index: int = Field(ge=0)
    path: list[str] = Field(max_length=MAX_PATH)


class SubmissionProof(_Frozen):
    """That an acceptance is under a head."""

    head: SignedDocument
    place: Place


class Batch(_Frozen):
    """One release's envelopes of one authority: SHA-256 by id, and where the batch's leaf stands."""

    released_at: str = Field(pattern=_INSTANT)
    envelopes: dict[str, str] = Field(max_length=MAX_ENVELOPES)
    place: Place


class ReleaseProof(_Frozen):
    """That every release of a round to one authority is under a head."""

    head: SignedDocument
    opening: Opening
    batches: list[Batch] = Field(max_length=MAX_BATCHES)


class Heads(_Frozen):
    """Heads in the order in which they were signed."""

    heads: list[SignedDocument] = Field(max_length=MAX_HEADS)


def submission_leaf(round_id: str, organisation: str, submission: str, accepted_at: str) -> bytes:
    """Return the leaf of one acceptance, as its receipt has it."""
    return canonical_json({"round_id": round_id, "organisation": organisation, "submission": submission, "accepted_at": accepted_at})


def release_leaf(round_id: str, authority: str, released_at: str, batch: str) -> bytes:
    """Return the leaf of one batch, given the digest of its envelopes."""
    return canonical_json({"round_id": round_id, "authority": authority, "released_at": released_at, "batch": batch})


def batch_digest(envelopes: Mapping[str, str]) -> str:
    """Return the digest of a batch: SHA-256 of sealed bytes by id. The bytes are random, so nobody guesses a batch from its digest."""
    return digest_of({"envelopes": dict(envelopes)})


def read_head(document: SignedDocument) -> TreeHead:
    """Return the head in `document`, whose signature the caller checks.

    Raises:
        ServiceError: it is none.
    """
    try:
        return TreeHead.model_validate(document.body)
    except ValidationError:
        raise ServiceError("head: malformed; verify again with the service's version of Kinlink") from None


def follows(before: str, documents: Iterable[SignedDocument]) -> str | None:
    """Return the digest of the last of `documents`, each of which follows the one before it, the first `before`; None where one does not."""
    for document in documents:
        if read_head(document).previous != before:
            return None
        before = document.digest
    return before
