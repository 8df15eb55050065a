"""The receipt of an accepted submission: one fixed size, signed by the service, issued before any search. Pure.

It is all that a prison service or police force ever gets back, so nothing in it may depend on another party's data.
"""

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from schemas.canonical import canonical_json
from schemas.errors import SubmissionError
from schemas.signature import SignedDocument

CONTEXT = "receipt/1"
RECEIPT_BYTES = 1_024


class Receipt(BaseModel):
    """That a submission was accepted, when, and nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    round_id: str = Field(max_length=64)
    organisation: str = Field(max_length=64)
    submission: str = Field(pattern=r"^[0-9a-f]{64}$")
    accepted_at: str = Field(max_length=32)


def write_receipt(document: SignedDocument) -> bytes:
    """Return a signed receipt, padded with spaces to `RECEIPT_BYTES`."""
    return canonical_json(document.model_dump()).ljust(RECEIPT_BYTES)


def read_receipt(content: bytes) -> tuple[SignedDocument, Receipt]:
    """Return the signed document and the receipt in it; the caller checks the signature.

    Raises:
        SubmissionError: wrong size or not a receipt.
    """
    if len(content) != RECEIPT_BYTES:
        raise SubmissionError(f"receipt: want {RECEIPT_BYTES} bytes; run `kinlink party submit` again, which is safe")
    try:
        document = SignedDocument.model_validate(from_json(content))
        return document, Receipt.model_validate(document.body)
    except (ValidationError, ValueError):
        raise SubmissionError("receipt: unreadable; run `kinlink party submit` again, which is safe") from None
