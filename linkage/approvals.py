"""Approval of a release: two operators, two keys, each signing the digest of the findings as they now stand."""

from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from linkage.rounds import get_round
from linkage.states import State
from linkage.store.audit import append
from linkage.store.models import Approval, Round
from schemas.audit import AuditEvent
from schemas.errors import NotPermittedError, RoundError
from schemas.roster import OPERATORS_NEEDED, Role, Roster
from schemas.signature import SignedDocument, valid_signers

CONTEXT = "approval/1"
RELEASE = "release"


class ApprovalBody(BaseModel):
    """What an operator signs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    round_id: str
    findings_digest: str
    action: str


def approve(session: Session, round_id: str, document: SignedDocument, key_id: str, event: AuditEvent) -> Round:
    """Record an operator's approval, whose signature the caller has checked; the same again changes nothing.

    Raises:
        RoundError: it is malformed, of another round or of other findings, or the round awaits none.
    """
    round_ = get_round(session, round_id, lock=True)
    _check_is_of(document, round_)
    known = session.get(Approval, (round_id, key_id))
    if known is not None and known.findings_digest == round_.findings_digest:
        return round_
    if round_.state != State.AWAITING_APPROVAL:
        raise RoundError(f"round: {round_.state}, so there is nothing to approve; see `kinlink round status`")
    session.merge(
        Approval(round_id=round_id, key_id=key_id, findings_digest=document.body["findings_digest"], document=document.model_dump())
    )
    append(session, event)
    session.flush()
    return round_


def count_approvals(session: Session, round_: Round, roster: Roster) -> int:
    """Return how many operators of today's roster have approved the findings as they now stand, by valid signatures."""
    operators = {item.key_id: item.signing_key for item in roster.service().identities if item.role is Role.OPERATOR and not item.revoked}
    query = select(Approval).where(Approval.round_id == round_.round_id, Approval.findings_digest == round_.findings_digest)
    documents = [SignedDocument.model_validate(row.document) for row in session.scalars(query)]
    current = [item for item in documents if item.body.get("findings_digest") == round_.findings_digest]
    return len({signer for document in current for signer in valid_signers(document, CONTEXT, operators)})


def check_approved(session: Session, round_: Round, roster: Roster) -> None:
    """Check that enough operators have approved the findings as they now stand.

    Raises:
        NotPermittedError: they have not.
    """
    count = count_approvals(session, round_, roster)
    if count < OPERATORS_NEEDED:
        raise NotPermittedError(
            f"release: {count} of {OPERATORS_NEEDED} approvals of the present findings; let another operator run `kinlink round approve`"
        )


def _check_is_of(document: SignedDocument, round_: Round) -> None:
    try:
        body = ApprovalBody.model_validate(document.body)
    except ValidationError:
        raise RoundError("approval: want round_id, findings_digest and action; run `kinlink round approve` again") from None
    if (body.round_id, body.action) != (round_.round_id, RELEASE):
        raise RoundError("approval: of another round or action; run `kinlink round approve` for this one")
    if body.findings_digest != round_.findings_digest:
        raise RoundError("approval: of other findings than the present ones; look at the round again, then approve")
