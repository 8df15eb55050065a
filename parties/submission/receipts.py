"""Receipts: the one thing a custodian gets back, checked and kept."""

from dataclasses import dataclass

from pydantic import ValidationError

from parties.settings import NodeSettings
from parties.whole_files import whole_file
from schemas.canonical import canonical_json
from schemas.encoding_set import SubmissionManifest
from schemas.errors import SubmissionError
from schemas.receipt import CONTEXT, Receipt, read_receipt
from schemas.roster import Role, Roster, keys_of
from schemas.signature import SignedDocument, check_signed

DIRECTORY = "receipts"


@dataclass(frozen=True)
class Submitted:
    """That a submission was accepted: in which round, which one, and when."""

    round_id: str
    submission: str
    accepted_at: str
    again: bool = False


def check_receipt(content: bytes, roster: Roster, *, round_id: str, organisation: str, submission: str) -> Receipt:
    """Return the receipt in `content`, once it is the service's and speaks of this submission.

    Raises:
        SubmissionError: it is unreadable or of another submission.
        AuthenticationError: the service in the roster did not sign it.
    """
    document, receipt = read_receipt(content)
    check_signed(document, CONTEXT, keys_of(roster.service(), Role.SERVICE))
    if (receipt.round_id, receipt.organisation, receipt.submission) != (round_id, organisation, submission):
        raise SubmissionError("receipt: it is of another submission; run `kinlink party submit` again, which is safe")
    return receipt


def store_receipt(settings: NodeSettings, round_id: str, content: bytes) -> None:
    """Keep the receipt of a round, in place of an earlier one; whole or not at all."""
    path = settings.path(DIRECTORY, f"{round_id}.receipt")
    partial = path.with_suffix(".partial")
    partial.write_bytes(content)
    partial.replace(path)


def store_manifest(settings: NodeSettings, round_id: str, document: SignedDocument) -> None:
    """Keep the manifest that a receipt is of: an audit opens what it commits to."""
    with whole_file(settings.path(DIRECTORY, f"{round_id}.manifest.json")) as file:
        file.write(canonical_json(document.model_dump()))


def accepted_manifest(settings: NodeSettings, roster: Roster, round_id: str) -> tuple[SubmissionManifest, str]:
    """Return the manifest that the service gave a receipt for, and its digest.

    Raises:
        SubmissionError: manifest or receipt of this round are not here, or not of one another.
        AuthenticationError: the service did not sign the receipt.
    """
    path = settings.path(DIRECTORY, f"{round_id}.manifest.json")
    try:
        document = SignedDocument.model_validate_json(path.read_bytes())
        manifest = SubmissionManifest.model_validate(document.body)
    except (OSError, ValidationError):
        raise SubmissionError(f"{path}: missing or malformed; without the manifest there is nothing to hold records against") from None
    if stored_receipt(settings, roster, round_id, document.digest) is None:
        raise SubmissionError(
            f"{path}: the receipt of this round is of another manifest; keep everything as it is, and tell the root signers"
        )
    return manifest, document.digest


def has_receipt(settings: NodeSettings, round_id: str) -> bool:
    """Say whether this node has submitted to a round."""
    return settings.path(DIRECTORY, f"{round_id}.receipt").exists()


def stored_receipt(settings: NodeSettings, roster: Roster, round_id: str, submission: str) -> Receipt | None:
    """Return the kept receipt of this very submission, if there is one that holds."""
    try:
        content = settings.path(DIRECTORY, f"{round_id}.receipt").read_bytes()
        return check_receipt(content, roster, round_id=round_id, organisation=settings.organisation, submission=submission)
    except (FileNotFoundError, SubmissionError):
        return None
