"""Requests and answers of the second look. A responder sees its own alone, and as many as it would see if nothing had been found."""

from typing import Any

from fastapi import APIRouter, Response

from linkage.api.bodies import takes_bytes, takes_json
from linkage.api.call import Call, Signed, SignedChunk
from linkage.api.parameters import Name, Number
from linkage.api.permissions import Action, check_can
from linkage.controls.lists import receive_opener
from linkage.inbox.pools import accepted_submissions
from linkage.inbox.vault import Vault
from linkage.inbox.waves import check_answers, find_asked, read_summary, receive_answers, record_answers, request_chunk
from linkage.rounds import get_round
from linkage.store.audit import append
from schemas.request_signing import DEFAULT_CONTENT_TYPE
from schemas.slots import WAVES
from schemas.waves import AnswersSummary

router = APIRouter(prefix="/v1/rounds/{round_id}", tags=["second look"])


@router.get("/requests/{wave}")
def list_requests(round_id: Name, wave: Number, call: Signed) -> dict[str, Any]:
    """List the caller's tables of requests in a wave; refused until an operator has opened it."""
    check_can(call.caller, Action.ANSWER)
    with call.transaction() as session:
        return {"requests": find_asked(session, round_id, wave, call.caller.organisation).requests}


@router.get("/requests/{wave}/{name}/chunks/{index}", response_class=Response)
def get_requests(round_id: Name, wave: Number, name: Name, index: Number, call: Signed) -> Response:
    """Answer with one chunk of a table of requests."""
    check_can(call.caller, Action.ANSWER)
    with call.transaction() as session:
        asked, vault = (
            find_asked(session, round_id, wave, call.caller.organisation),
            Vault(call.service.settings, get_round(session, round_id)),
        )
    return Response(request_chunk(vault, asked, name, index), media_type=DEFAULT_CONTENT_TYPE)


@router.put("/answers/{wave}/{name}/chunks/{index}", status_code=204, openapi_extra=takes_bytes())
def put_answers(round_id: Name, wave: Number, name: Name, index: Number, call: SignedChunk) -> None:
    """Keep one chunk of answers; the same bytes again change nothing."""
    check_can(call.caller, Action.ANSWER)
    with call.transaction() as session:
        asked = find_asked(session, round_id, wave, call.caller.organisation, lock=True)
        receive_answers(Vault(call.service.settings, get_round(session, round_id)), asked, (name, index), call.body)


@router.post("/answers/{wave}", openapi_extra=takes_json(parts={"type": "array", "items": {"type": "object"}}))
def post_answers(round_id: Name, wave: Number, call: Signed) -> dict[str, bool]:
    """Check a wave's answers and acknowledge them, in the same words ever after."""
    check_can(call.caller, Action.ANSWER)
    summary, organisation = read_summary(call.json()), call.caller.organisation
    with call.transaction() as session:
        asked, vault = find_asked(session, round_id, wave, organisation), Vault(call.service.settings, get_round(session, round_id))
    check_answers(vault, asked, summary)
    if wave == WAVES:
        _keep_opener(call, round_id, vault, summary)
    with call.transaction() as session:
        asked = find_asked(session, round_id, wave, organisation, lock=True)
        if record_answers(asked, summary) and asked.requests:
            append(session, call.event("wave-answered", round_id, wave=wave))
    return {"answered": True}


def _keep_opener(call: Call, round_id: str, vault: Vault, summary: AnswersSummary) -> None:
    """Keep the opener of the round's controls, which comes when no search can make use of it any more."""
    agreed, organisation = call.service.agreed, call.caller.organisation
    with call.transaction() as session:
        submissions, digest = accepted_submissions(session, vault, agreed.roster, round_id), get_round(session, round_id).digest
    families = agreed.agreement.controls.families
    receive_opener(submissions, organisation, summary.controls_opener, families=families, round_digest=digest)
