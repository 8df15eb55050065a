"""Rounds: opening them, moving them on, and what each role sees of them. Their states are in `linkage.states`.

Every step takes the audit event that records it, and runs in the caller's transaction.
"""

import secrets
from collections import Counter
from datetime import date, datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Engine as Database
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from linkage.findings.explaining import Code
from linkage.settings import ServiceSettings
from linkage.states import STEPS, Cancelled, State, check_may_move, is_over
from linkage.storage_keys import KEY_BYTES, give_key
from linkage.store.audit import append, lock
from linkage.store.models import Asked, Finding, Lease, Round, RoundBasis, Submission
from schemas.agreed import Agreed
from schemas.agreement import check_may_start
from schemas.audit import AuditEvent
from schemas.canonical import short
from schemas.errors import AgreementError, RoundError
from schemas.instants import as_text
from schemas.round_manifest import RoundManifest
from schemas.signature import SignedDocument, malformed_at

CLOSED, CANCELLED, RELEASED = "round-closed", "round-cancelled", "round-released"  # kinds of audit events
ROUND_UP_TO = 10  # operators see counts in tens: a small count could tell of one family
COUNTS = ("pairs", "opened", "findings", "releasable", "review")


class UnknownRoundError(RoundError):
    """There is no such round."""


def get_round(session: Session, round_id: str, *, lock: bool = False) -> Round:
    """Return one round; with `lock`, nobody else moves it before the transaction ends.

    Raises:
        UnknownRoundError: there is none of that name.
    """
    session.flush()  # a locking read takes the row's values from the database over what was changed here
    round_ = session.get(Round, round_id, with_for_update=lock or None)
    if round_ is None:
        raise UnknownRoundError("round: none of that name; ask the operator which round is open")
    return round_


def advance(session: Session, round_id: str, to: State, event: AuditEvent) -> Round:
    """Move a round to `to`, recording `event`; nobody holds a step any more that the round has no more use for.

    Raises:
        RoundError: the round's state does not lead there.
    """
    round_ = get_round(session, round_id, lock=True)
    check_may_move(round_.state, to)
    round_.state = to
    over = [step for step in STEPS if is_over(to, step)]
    session.execute(delete(Lease).where(Lease.round_id == round_id, Lease.step.in_(over)))
    append(session, event)
    return round_


def read_manifest(round_id: str, document: SignedDocument) -> RoundManifest:
    """Return the manifest in `document`.

    Raises:
        AgreementError: it is malformed, or another round's.
    """
    try:
        manifest = RoundManifest.model_validate(document.body)
    except ValidationError as error:
        raise AgreementError(
            f"round manifest: malformed at {malformed_at(error)}; open the round again with `kinlink round open`"
        ) from None
    if manifest.round_id != round_id:
        raise AgreementError("round manifest: names another round than the address does; send it to its own round")
    if manifest.closes_at <= manifest.opens_at:
        raise AgreementError("round manifest: closes before it opens; give a later closes_at")
    return manifest


def check_manifest_agrees(manifest: RoundManifest, agreed: Agreed) -> None:
    """Check that a round is of the roster and agreement that this service holds.

    Raises:
        AgreementError: naming what differs, with both short digests.
    """
    agreement = agreed.agreement
    for what, theirs, ours in (
        ("roster", manifest.roster_digest, agreed.roster_digest),
        ("agreement", manifest.agreement_digest, agreed.agreement_digest),
    ):
        if theirs != ours:
            raise AgreementError(
                f"round manifest: names {what} {short(theirs)}, the service has {short(ours)}; install the same {what} on both sides"
            )
    if (manifest.purpose, manifest.scope) != (agreement.purpose, agreement.scope):
        raise AgreementError("round manifest: purpose or scope is not the agreement's; open the round with the agreed ones")


def open_round(
    session: Session, agreed: Agreed, round_id: str, document: SignedDocument, event: AuditEvent, *, settings: ServiceSettings
) -> Round:
    """Open a round under its manifest, whose signature the caller has checked; the same manifest again changes nothing.

    Raises:
        AgreementError: the manifest is malformed or not of this service's agreement, or the agreement forbids a start.
        RoundError: another round has this name.
    """
    manifest = read_manifest(round_id, document)
    known = session.get(Round, round_id)
    if known is not None:
        if known.digest != document.digest:
            raise RoundError(f"round: the name is taken by a round of digest {short(known.digest)}; choose another name")
        return known
    check_manifest_agrees(manifest, agreed)
    check_may_start(agreed.agreement, agreed.roster, agreed.roster_digest, date.fromisoformat(event.at[:10]))
    round_ = Round(
        round_id=round_id,
        digest=document.digest,
        manifest=document.model_dump(),
        state=State.OPEN,
        opened_at=event.at,
    )
    lock(session)  # a rotation sees this round, or this round sees the new master key
    give_key(settings, round_, secrets.token_bytes(KEY_BYTES))
    session.add(round_)
    session.flush()  # bases refer to their round
    session.add_all(_bases(agreed, round_id))
    append(session, event)
    return round_


def _bases(agreed: Agreed, round_id: str) -> list[RoundBasis]:
    """Return the basis of every custodian, as the agreement has it when the round is opened."""
    custodians = {item.organisation for item in agreed.roster.custodians()}
    return [
        RoundBasis(
            round_id=round_id, organisation=item.organisation, power=item.power, necessity=item.necessity, expires_on=item.expires_on
        )
        for item in agreed.agreement.lawful_bases
        if item.organisation in custodians
    ]


def close_round(session: Session, round_id: str, agreed: Agreed, event: AuditEvent) -> Round:
    """Close an open round, and log how many custodians it goes on with; one that is closed or further stays as it is."""
    round_ = get_round(session, round_id, lock=True)
    if round_.state != State.OPEN:
        return round_
    return advance(session, round_id, State.CLOSED, event.model_copy(update={"detail": coverage(session, round_id, agreed)}))


def close_due(database: Database, agreed: Agreed, *, actor: str, now: datetime) -> list[str]:
    """Close every open round whose window is over, whoever is late; return their names. Safe to repeat."""
    with Session(database) as session, session.begin():
        names = [
            round_.round_id
            for round_ in session.scalars(select(Round).where(Round.state == State.OPEN))
            if RoundManifest.model_validate(round_.manifest["body"]).closes_at <= as_text(now)
        ]
        for round_id in names:
            close_round(session, round_id, agreed, AuditEvent(kind=CLOSED, round_id=round_id, actor=actor, at=as_text(now)))
    return names


def cancel_round(session: Session, round_id: str, reason: object, event: AuditEvent) -> Round:
    """Cancel a round that was not released, for one of the reasons of the list; a cancelled one stays as it is.

    Raises:
        RoundError: the reason is not on the list, or the round is released or has expired.
    """
    if reason not in tuple(Cancelled):
        raise RoundError(f"round: a reason to cancel is one of {', '.join(Cancelled)}; give one")
    round_ = get_round(session, round_id, lock=True)
    if round_.state == State.CANCELLED:
        return round_
    return advance(session, round_id, State.CANCELLED, event.model_copy(update={"detail": {"reason": reason}}))


def coverage(session: Session, round_id: str, agreed: Agreed) -> dict[str, int]:
    """Return how many custodians there are, and of how many a submission was accepted."""
    accepted = _accepted(session, round_id)
    names = {organisation.organisation for organisation in agreed.roster.custodians()}
    return {"custodians": len(names), "accepted": len(names & accepted)}


def check_receives(round_: Round, now: str) -> None:
    """Check that a round takes submissions at the instant `now`. What it says depends on manifest and clock alone.

    Raises:
        RoundError: it is closed, or `now` is outside of its window.
    """
    window = RoundManifest.model_validate(round_.manifest["body"])
    if now < window.opens_at:
        raise RoundError(f"round: opens at {window.opens_at}; submit then")
    if round_.state != State.OPEN or now >= window.closes_at:
        raise RoundError("round: closed, it takes nothing more; submit to the next one")


def public_state(round_: Round) -> str:
    """Return what everyone but the operator sees: open, closed or expired, the same whatever a search found."""
    return round_.state if round_.state in (State.OPEN, State.EXPIRED) else State.CLOSED


def public_view(round_: Round) -> dict[str, Any]:
    """Return a round as everyone but the operator sees it: nothing in it depends on a search."""
    return {"round_id": round_.round_id, "round_digest": round_.digest, "manifest": round_.manifest, "state": public_state(round_)}


def operator_view(session: Session, round_: Round, agreed: Agreed, approvals: int) -> dict[str, Any]:
    """Return a round as its operators see it: who has submitted, and counts in tens."""
    accepted = _accepted(session, round_.round_id)
    names = [organisation.organisation for organisation in agreed.roster.custodians()]
    return {
        **public_view(round_),
        "state": round_.state,
        "accepted": [name for name in names if name in accepted],
        "missing": [name for name in names if name not in accepted],
        "coverage": coverage(session, round_.round_id, agreed),
        "waves": _waves(session, round_),
        "findings_digest": round_.findings_digest,
        "approvals": approvals,
        "counts": {name: in_tens((round_.counts or {}).get(name)) for name in COUNTS},
        "cut_per_mille": (round_.counts or {}).get("cut_per_mille"),
        "reasons": _reasons(session, round_),
    }


def _accepted(session: Session, round_id: str) -> set[str]:
    """Return the organisations of which a submission was accepted."""
    return set(session.scalars(select(Submission.organisation).where(Submission.round_id == round_id, Submission.state == "accepted")))


def _waves(session: Session, round_: Round) -> list[dict[str, Any]]:
    """Say of each wave that is open who has answered it and who has not."""
    query = select(Asked).where(Asked.round_id == round_.round_id).order_by(Asked.wave, Asked.organisation)
    waves: dict[int, dict[str, list[str]]] = {}
    for asked in session.scalars(query):
        lists = waves.setdefault(asked.wave, {"answered": [], "unanswered": []})
        lists["unanswered" if asked.answers is None else "answered"].append(asked.organisation)
    return [{"wave": wave, **lists} for wave, lists in waves.items()]


def _reasons(session: Session, round_: Round) -> dict[str, int | None]:
    """Return of how many findings that would be released, in tens, each reason is said."""
    query = select(Finding.codes).where(Finding.round_id == round_.round_id, Finding.decision == "release")
    said = Counter(code for codes in session.scalars(query) for code in codes)
    return {code: in_tens(said[code]) for code in Code}


def in_tens(count: int | None) -> int | None:
    """Return a count as operators see it: rounded up to tens."""
    return None if count is None else -(-count // ROUND_UP_TO) * ROUND_UP_TO
