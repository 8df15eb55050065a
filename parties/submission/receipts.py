"""Receipts: the one thing a custodian gets back, checked and kept."""

from dataclasses import dataclass

from parties.settings import NodeSettings
from schemas.errors import SubmissionError
from schemas.receipt import CONTEXT, Receipt, read_receipt
from schemas.roster import Role, Roster, identity_of
from schemas.signature import check_signed_by

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
    service = identity_of(roster.service(), Role.SERVICE)
    check_signed_by(document, CONTEXT, service.key_id, service.signing_key)
    if (receipt.round_id, receipt.organisation, receipt.submission) != (round_id, organisation, submission):
        raise SubmissionError("receipt: it is of another submission; run `kinlink party submit` again, which is safe")
    return receipt


def store_receipt(settings: NodeSettings, round_id: str, content: bytes) -> None:
    """Keep the receipt of a round, in place of an earlier one; whole or not at all."""
    path = settings.path(DIRECTORY, f"{round_id}.receipt")
    partial = path.with_suffix(".partial")
    partial.write_bytes(content)
    partial.replace(path)


def stored_receipt(settings: NodeSettings, roster: Roster, round_id: str, submission: str) -> Receipt | None:
    """Return the kept receipt of this very submission, if there is one that holds."""
    try:
        content = settings.path(DIRECTORY, f"{round_id}.receipt").read_bytes()
        return check_receipt(content, roster, round_id=round_id, organisation=settings.organisation, submission=submission)
    except (FileNotFoundError, SubmissionError):
        return None
