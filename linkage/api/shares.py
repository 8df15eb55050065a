"""Key shares: sealed by a key holder to one custodian; the service relays bytes that it cannot open."""

import base64
import binascii
from typing import Any

from fastapi import APIRouter
from sqlalchemy import select

from linkage.api.bodies import takes_json
from linkage.api.call import Signed
from linkage.api.parameters import Name
from linkage.api.permissions import Action, check_can
from linkage.inbox.submissions import ConflictError
from linkage.rounds import get_round
from linkage.states import State, check_is_kept
from linkage.store.audit import append
from linkage.store.models import KeyShare
from schemas.errors import RoundError, SubmissionError

MAX_SEALED_BYTES = 8 * 1024

router = APIRouter(prefix="/v1/rounds/{round_id}/shares", tags=["key shares"])


@router.put("/{recipient}", openapi_extra=takes_json(sealed={"type": "string", "contentEncoding": "base64"}))
def put_share(round_id: Name, recipient: Name, call: Signed) -> dict[str, str]:
    """Keep one share for one custodian; the same bytes again change nothing."""
    check_can(call.caller, Action.SEND_SHARE)
    sealed = _sealed(call.json().get("sealed"))
    if recipient not in {item.organisation for item in call.service.agreed.roster.custodians()}:
        raise SubmissionError("key share: the recipient is no custodian of the roster; run `kinlink keys issue` with the agreed roster")
    with call.transaction() as session:
        round_ = get_round(session, round_id, lock=True)
        known = session.get(KeyShare, (round_id, call.caller.organisation, recipient))
        if known is not None and known.sealed != sealed:
            raise ConflictError("key share: another one was sent for this recipient; a round's shares do not change")
        if known is None:
            if round_.state != State.OPEN:
                raise RoundError("round: closed, it takes no key shares; issue them for the next one")
            session.add(KeyShare(round_id=round_id, holder=call.caller.organisation, recipient=recipient, sealed=sealed))
            append(session, call.event("share-relayed", round_id, recipient=recipient))
    return {"holder": call.caller.organisation, "recipient": recipient}


@router.get("")
def list_shares(round_id: Name, call: Signed) -> dict[str, Any]:
    """List the shares that were sealed to the caller's organisation."""
    check_can(call.caller, Action.COLLECT_SHARES)
    with call.transaction() as session:
        check_is_kept(get_round(session, round_id).state)
        query = select(KeyShare).where(KeyShare.round_id == round_id, KeyShare.recipient == call.caller.organisation)
        shares = session.scalars(query.order_by(KeyShare.holder)).all()
        return {"shares": [{"holder": item.holder, "sealed": base64.b64encode(item.sealed).decode()} for item in shares]}


def _sealed(text: object) -> bytes:
    try:
        sealed = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (binascii.Error, ValueError):
        sealed = b""
    if not 0 < len(sealed) <= MAX_SEALED_BYTES:
        raise SubmissionError(f"key share: want `sealed`, base64 of at most {MAX_SEALED_BYTES} bytes; run `kinlink keys issue` again")
    return sealed
