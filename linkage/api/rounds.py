"""Rounds: open, see, close, approve, release, expire; and what parties deleted of one."""

from typing import Any

from fastapi import APIRouter
from sqlalchemy import select

from linkage import leases
from linkage.api.bodies import takes_json, takes_signed
from linkage.api.call import Signed, SignedManifest
from linkage.api.parameters import Name, Number
from linkage.api.permissions import Action, can, check_can
from linkage.approvals import CONTEXT as APPROVAL_CONTEXT
from linkage.approvals import approve, check_approved, count_approvals
from linkage.controls.pooling import quality
from linkage.expiry import DELETED, EXPIRED, ended_because, expire, state_deletion, statements, sweep
from linkage.inbox.probing import alarms, check_rounds_of_month
from linkage.inbox.waves import open_wave
from linkage.rounds import (
    CANCELLED,
    CLOSED,
    RELEASED,
    advance,
    cancel_round,
    close_round,
    get_round,
    in_tens,
    open_round,
    operator_view,
    public_state,
    public_view,
)
from linkage.states import State, check_may_move
from linkage.store.models import Round
from schemas.deletion import CONTEXT as DELETION_CONTEXT
from schemas.roster import OPERATORS_NEEDED
from schemas.round_manifest import CONTEXT as ROUND_CONTEXT

router = APIRouter(prefix="/v1/rounds", tags=["rounds"])


@router.get("")
def list_rounds(call: Signed) -> dict[str, Any]:
    """List rounds, newest first; only operators see more than open or closed."""
    check_can(call.caller, Action.SEE_ROUND)
    in_full = can(call.caller, Action.SEE_PROGRESS)
    with call.transaction() as session:
        rounds = session.scalars(select(Round).order_by(Round.opened_at.desc(), Round.round_id.desc())).all()
        return {"rounds": [{"round_id": item.round_id, "state": item.state if in_full else public_state(item)} for item in rounds]}


@router.put("/{round_id}", openapi_extra=takes_signed())
def put_round(round_id: Name, call: SignedManifest) -> dict[str, str]:
    """Open a round under the manifest that the operator signed."""
    check_can(call.caller, Action.OPEN_ROUND)
    document = call.document(ROUND_CONTEXT)
    with call.transaction() as session:
        event = call.event("round-opened", round_id, digest=document.digest)
        if session.get(Round, round_id) is None:
            check_rounds_of_month(session, call.service.agreed.agreement, call.instant)
        round_ = open_round(session, call.service.agreed, round_id, document, event, settings=call.service.settings)
        return {"round_id": round_.round_id, "round_digest": round_.digest, "state": round_.state}


@router.get("/{round_id}")
def see_round(round_id: Name, call: Signed) -> dict[str, Any]:
    """Show a round: to its operators in full, to everyone else what no search can change."""
    check_can(call.caller, Action.SEE_ROUND)
    with call.transaction() as session:
        round_ = get_round(session, round_id)
        if not can(call.caller, Action.SEE_PROGRESS):
            return public_view(round_)
        agreed = call.service.agreed
        view = operator_view(session, round_, agreed, count_approvals(session, round_, agreed.roster))
        return {
            **view,
            "ended_because": ended_because(session, round_id),
            "deletions": sorted(statements(session, round_id)),
            "alarms": alarms(session, round_id),
            "work": leases.view(session, round_id, call.instant),
        }


@router.get("/{round_id}/quality")
def see_quality(round_id: Name, call: Signed) -> dict[str, Any]:
    """Show what planted controls say of a round, and what to know before a release."""
    check_can(call.caller, Action.SEE_PROGRESS)
    with call.transaction() as session:
        return quality(session, get_round(session, round_id), call.service.agreed.agreement)


@router.post("/{round_id}/close")
def close(round_id: Name, call: Signed) -> dict[str, str]:
    """Close an open round; a closed one stays as it is."""
    check_can(call.caller, Action.CLOSE_ROUND)
    with call.transaction() as session:
        return {"state": close_round(session, round_id, call.service.agreed, call.event(CLOSED, round_id)).state}


@router.post("/{round_id}/cancel", openapi_extra=takes_json(reason={"type": "string"}))
def cancel(round_id: Name, call: Signed) -> dict[str, str]:
    """Cancel a round that was not released, for a reason of the list; a cancelled one stays as it is."""
    check_can(call.caller, Action.CANCEL)
    reason = call.json().get("reason")
    with call.transaction() as session:
        return {"state": cancel_round(session, round_id, reason, call.event(CANCELLED, round_id)).state}


@router.post("/{round_id}/waves/{wave}")
def post_wave(round_id: Name, wave: Number, call: Signed) -> dict[str, str]:
    """Open a wave of the second look; one that is open stays as it is."""
    check_can(call.caller, Action.OPEN_WAVE)
    service, event = call.service, call.event("wave-opened", round_id, wave=wave)
    return {"state": open_wave(service.store, service.settings, service.agreed, wave=wave, event=event)}


@router.post("/{round_id}/approvals", openapi_extra=takes_signed())
def post_approval(round_id: Name, call: Signed) -> dict[str, int]:
    """Record the operator's signed approval of the present findings."""
    check_can(call.caller, Action.APPROVE)
    document = call.document(APPROVAL_CONTEXT)
    with call.transaction() as session:
        event = call.event("release-approved", round_id, approval=document.digest)
        round_ = approve(session, round_id, document, call.caller.key_id, event)
        return {"approvals": count_approvals(session, round_, call.service.agreed.roster), "needed": OPERATORS_NEEDED}


@router.post("/{round_id}/release")
def release(round_id: Name, call: Signed) -> dict[str, Any]:
    """Mint the tokens and questions of a round that two operators approved; of a released one, the tokens of what waits, once a day."""
    from linkage.release.minting import is_due, mint_tokens, waiting_findings
    from linkage.release.questions import mint_questions

    check_can(call.caller, Action.RELEASE)
    with call.transaction() as session:
        round_ = get_round(session, round_id, lock=True)
        if round_.state != State.RELEASED:
            check_may_move(round_.state, State.RELEASED)
            check_approved(session, round_, call.service.agreed.roster)
            mint_tokens(session, call.service.settings, round_id, now=call.now)
            mint_questions(session, call.service.settings, round_id, now=call.now)
            advance(session, round_id, State.RELEASED, call.event(RELEASED, round_id, findings=round_.findings_digest))
        elif is_due(session, round_id, call.now):
            mint_tokens(session, call.service.settings, round_id, now=call.now)
        session.flush()
        return {"state": State.RELEASED, "waiting": in_tens(sum(map(len, waiting_findings(session, round_id, call.now).values())))}


@router.post("/{round_id}/expire", openapi_extra=takes_json(early={"type": "boolean"}))
def post_expiry(round_id: Name, call: Signed) -> dict[str, str]:
    """Destroy what the service has of a round; an expired one stays as it is."""
    check_can(call.caller, Action.EXPIRE)
    service, early = call.service, call.json().get("early") is True
    with call.transaction() as session:
        round_ = get_round(session, round_id, lock=True)
        event = call.event(EXPIRED, round_id)
        state = expire(session, round_, service.agreed.agreement, signer=service.signer, event=event, early=early).state
    sweep(service.store, service.settings)
    return {"state": state}


@router.put("/{round_id}/deletion", openapi_extra=takes_signed())
def put_deletion(round_id: Name, call: Signed) -> dict[str, str]:
    """Keep the caller's signed statement of what it deleted; the same one again changes nothing."""
    check_can(call.caller, Action.STATE_DELETION)
    document = call.document(DELETION_CONTEXT)
    with call.transaction() as session:
        round_ = get_round(session, round_id, lock=True)
        state_deletion(session, round_, document, call.caller.organisation, call.event(DELETED, round_id))
    return {"organisation": call.caller.organisation, "statement": document.digest}


@router.get("/{round_id}/deletions")
def list_deletions(round_id: Name, call: Signed) -> dict[str, Any]:
    """List the signed statements of what was deleted of a round, for its operators."""
    check_can(call.caller, Action.SEE_PROGRESS)
    with call.transaction() as session:
        get_round(session, round_id)
        return {"deletions": statements(session, round_id)}
