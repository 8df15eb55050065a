"""Limits on how often, and how differently from before, an organisation submits; what is unusual is an alarm for operators.

Alarms are events of the audit log, so that nobody takes one back; counts in them are in tens. Custodians are not told.
"""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from linkage.inbox.plausible import grown
from linkage.rounds import in_tens
from linkage.store.audit import append
from linkage.store.models import AuditEntry, Round, Submission
from schemas.agreement import Agreement
from schemas.audit import AuditEvent
from schemas.encoding_set import SubmissionManifest
from schemas.errors import RoundError, SubmissionError

ACCEPTED, ALARM = "submission-accepted", "submission-alarm"  # kinds of audit events
MONTH = len("2026-11")


def check_rounds_of_month(session: Session, agreement: Agreement, now: str) -> None:
    """Check that one more round may be opened for this purpose and scope in the calendar month of `now`.

    Raises:
        RoundError: the agreed number was opened.
    """
    opened = session.scalars(select(Round.manifest).where(Round.opened_at.startswith(now[:MONTH]))).all()
    same = [item for item in opened if (item["body"]["purpose"], item["body"]["scope"]) == (agreement.purpose, agreement.scope)]
    if len(same) >= agreement.probing.rounds_a_month:
        raise RoundError(
            f"round: {agreement.probing.rounds_a_month} were opened for this purpose and scope this month, as many as was agreed; open it next month"
        )


def check_submissions_of_month(session: Session, agreement: Agreement, organisation: str, now: str) -> None:
    """Check that an organisation may submit once more in the calendar month of `now`.

    Raises:
        SubmissionError: the agreed number of its submissions was accepted.
    """
    at = AuditEntry.event["at"].as_string().startswith(now[:MONTH])
    actor = AuditEntry.event["actor"].as_string().startswith(f"{organisation}/")
    accepted = session.scalars(select(AuditEntry.seq).where(_is(ACCEPTED), at, actor)).all()
    if len(accepted) >= agreement.probing.submissions_a_month:
        raise SubmissionError(
            f"submission: {agreement.probing.submissions_a_month} of {organisation} were accepted this month, as many as was agreed; submit next month"
        )


def raise_alarms(session: Session, submission: Submission, agreement: Agreement, event: AuditEvent) -> None:
    """Record an alarm for every population that grew by more than was agreed since the organisation's last round."""
    before = _last_manifest(session, submission)
    if before is None:
        return
    manifest = SubmissionManifest.model_validate(submission.manifest["body"])
    for population in grown(manifest, before, agreement.probing):
        detail = {
            "organisation": submission.organisation,
            "population": population,
            "rows_at_most": in_tens(manifest.rows(population)),
            "before_at_most": in_tens(before.rows(population)),
        }
        append(session, event.model_copy(update={"kind": ALARM, "detail": detail}))


def alarms(session: Session, round_id: str) -> list[dict[str, Any]]:
    """Return a round's alarms, oldest first."""
    about = AuditEntry.event["round_id"].as_string() == round_id
    return [event["detail"] for event in session.scalars(select(AuditEntry.event).where(_is(ALARM), about).order_by(AuditEntry.seq))]


def _last_manifest(session: Session, submission: Submission) -> SubmissionManifest | None:
    """Return what the organisation submitted to the round that was opened last before this one; none: this is its first."""
    opened = select(Round.opened_at).where(Round.round_id == submission.round_id).scalar_subquery()
    query = (
        select(Submission.manifest)
        .join(Round, Round.round_id == Submission.round_id)
        .where(Submission.organisation == submission.organisation, Submission.receipt.is_not(None), Round.opened_at < opened)
        .order_by(Round.opened_at.desc())
    )
    found = session.scalar(query.limit(1))
    return SubmissionManifest.model_validate(found["body"]) if found else None


def _is(kind: str) -> Any:
    return AuditEntry.event["kind"].as_string() == kind
