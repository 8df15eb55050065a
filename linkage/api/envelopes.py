"""Envelopes and tokens: an authority's desk collects what is sealed to it, and redeems each token once."""

from hashlib import sha256
from typing import Any

from fastapi import APIRouter, Response
from pydantic import ValidationError
from sqlalchemy import select

from linkage.api.bodies import takes_json
from linkage.api.call import Call, Signed
from linkage.api.parameters import Name
from linkage.api.permissions import Action, check_can
from linkage.api.problems import UnknownEnvelopeError, UnknownTokenError
from linkage.rounds import get_round
from linkage.store.audit import append
from linkage.store.models import Envelope
from schemas.acknowledgement import Acknowledgement, Became
from schemas.errors import SubmissionError, TokenError
from schemas.request_signing import DEFAULT_CONTENT_TYPE

TOKEN_BYTES = 32

router = APIRouter(tags=["envelopes"])


@router.get("/v1/rounds/{round_id}/envelopes")
def list_envelopes(round_id: Name, call: Signed) -> dict[str, Any]:
    """List the envelopes sealed to the caller's authority; none before release."""
    check_can(call.caller, Action.COLLECT_ENVELOPE)
    with call.transaction() as session:
        get_round(session, round_id)
        query = select(Envelope).where(Envelope.round_id == round_id, Envelope.authority == call.caller.organisation)
        found = session.scalars(query.order_by(Envelope.envelope_id)).all()
        return {"envelopes": [{"envelope_id": item.envelope_id, "size": len(item.sealed)} for item in found]}


@router.get("/v1/rounds/{round_id}/envelopes/{envelope_id}", response_class=Response)
def get_envelope(round_id: Name, envelope_id: Name, call: Signed) -> Response:
    """Answer with one envelope's sealed bytes."""
    check_can(call.caller, Action.COLLECT_ENVELOPE)
    with call.transaction() as session:
        envelope = session.get(Envelope, envelope_id)
        if envelope is None or envelope.round_id != round_id:
            raise UnknownEnvelopeError("envelope: none of this id in this round; list yours again")
        check_can(call.caller, Action.COLLECT_ENVELOPE, envelope.authority)
        return Response(envelope.sealed, media_type=DEFAULT_CONTENT_TYPE)


@router.post("/v1/tokens/redeem", openapi_extra=takes_json(token={"type": "string"}))
def redeem(call: Signed) -> dict[str, Any]:
    """Redeem one token, once."""
    check_can(call.caller, Action.REDEEM)
    token_sha256 = sha256(_token(call.json().get("token"))).hexdigest()
    with call.transaction() as session:
        envelope = session.scalar(select(Envelope).where(Envelope.token_sha256 == token_sha256).with_for_update())
        if envelope is None:
            raise UnknownTokenError("token: unknown here; collect the round's envelopes again")
        check_can(call.caller, Action.REDEEM, envelope.authority)
        _check_redeemable(envelope, call.instant)
        envelope.redeemed_at = call.instant
        append(session, call.event("token-redeemed", envelope.round_id, envelope=envelope.envelope_id))
        return {"redeemed": True, "envelope_id": envelope.envelope_id}


@router.post("/v1/rounds/{round_id}/acknowledgements", openapi_extra=takes_json(envelopes={"type": "object"}))
def acknowledge(round_id: Name, call: Signed) -> dict[str, bool]:
    """Note what became of the caller's envelopes at its desk; a child who moved stays moved."""
    check_can(call.caller, Action.ACKNOWLEDGE)
    said = _acknowledgement(call)
    with call.transaction() as session:
        get_round(session, round_id)
        query = select(Envelope).where(Envelope.round_id == round_id, Envelope.envelope_id.in_(said.envelopes)).with_for_update()
        found = session.scalars(query).all()
        for envelope in found:
            check_can(call.caller, Action.ACKNOWLEDGE, envelope.authority)
            if envelope.became != Became.MOVED and said.envelopes[envelope.envelope_id] != Became.WAITING:
                envelope.became = said.envelopes[envelope.envelope_id]
        if len(found) < len(said.envelopes):
            raise UnknownEnvelopeError("acknowledgement: names an envelope that this round does not have; collect the round again")
    return {"acknowledged": True}


def _acknowledgement(call: Call) -> Acknowledgement:
    try:
        return Acknowledgement.model_validate(call.json())
    except ValidationError:
        raise SubmissionError("acknowledgement: malformed; run `kinlink party collect` again with a current Kinlink") from None


def _check_redeemable(envelope: Envelope, now: str) -> None:
    if envelope.redeemed_at is not None:
        raise TokenError(f"token: already redeemed on {envelope.redeemed_at}; look for its referral before doing anything twice")
    if envelope.expires_at <= now:
        raise TokenError(f"token: expired on {envelope.expires_at}; a later round finds the child again if it is still right")


def _token(text: object) -> bytes:
    try:
        token = bytes.fromhex(text) if isinstance(text, str) else b""
    except ValueError:
        token = b""
    if len(token) != TOKEN_BYTES:
        raise TokenError(f"token: want {TOKEN_BYTES} bytes in hexadecimal; open the envelope again")
    return token
