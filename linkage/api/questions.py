"""Questions: an authority's desk collects the one message that is sealed to it."""

from fastapi import APIRouter, Response

from linkage.api.call import Signed
from linkage.api.parameters import Name
from linkage.api.permissions import Action, check_can
from linkage.rounds import get_round
from linkage.store.audit import append
from linkage.store.models import Questions
from schemas.errors import RoundError
from schemas.request_signing import DEFAULT_CONTENT_TYPE

router = APIRouter(tags=["questions"])


@router.get("/v1/rounds/{round_id}/questions", response_class=Response)
def get_questions(round_id: Name, call: Signed) -> Response:
    """Answer with the sealed questions of the caller's authority; refused before release."""
    check_can(call.caller, Action.COLLECT_QUESTIONS)
    with call.transaction() as session:
        get_round(session, round_id)
        questions = session.get(Questions, (round_id, call.caller.organisation))
        if questions is None:
            raise RoundError("questions: none in this round, or not yet; ask again once it is released")
        append(session, call.event("questions-collected", round_id))
        return Response(questions.sealed, media_type=DEFAULT_CONTENT_TYPE)
