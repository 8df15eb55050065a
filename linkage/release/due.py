"""Which envelopes the findings of a round make due, and whose tokens were redeemed: the check that nothing is lost or doubled."""

from collections import Counter

from sqlalchemy import Engine as Database
from sqlalchemy import select
from sqlalchemy.orm import Session

from linkage.store.models import AuditEntry, Envelope, Finding
from schemas.token import envelope_id


def due_and_redeemed(database: Database, round_id: str) -> dict[str, list[str]]:
    """Return ids of envelopes, each list in order: `due` for findings to be released, `redeemed`, and redeemed `twice`."""
    with Session(database) as session:
        findings = session.scalars(select(Finding).where(Finding.round_id == round_id, Finding.decision == "release"))
        due = [envelope_id(round_id, finding.authority, finding.child) for finding in findings]
        redeemed = session.scalars(
            select(Envelope.envelope_id).where(Envelope.round_id == round_id, Envelope.redeemed_at.is_not(None))
        ).all()
        about = AuditEntry.event["round_id"].as_string() == round_id
        events = session.scalars(select(AuditEntry.event).where(about, AuditEntry.event["kind"].as_string() == "token-redeemed"))
        times = Counter(event["detail"]["envelope"] for event in events)
    return {"due": sorted(due), "redeemed": sorted(redeemed), "twice": sorted(name for name, count in times.items() if count > 1)}
