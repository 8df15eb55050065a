"""Signed heads of the logs, for everyone; and proofs of what is under the last one, for whom it concerns."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from linkage.api.call import Signed
from linkage.api.parameters import Name
from linkage.api.permissions import Action, check_can
from linkage.heads import heads_after, prove_releases, prove_submission
from linkage.inbox.submissions import SubmissionState, find_own
from linkage.rounds import get_round
from schemas.errors import RoundError
from schemas.receipt import read_receipt
from schemas.tree_head import Heads, submission_leaf

MAX_INSTANT = 32

router = APIRouter(prefix="/v1", tags=["heads"])


@router.get("/heads")
def list_heads(call: Signed, after: Annotated[str, Query(max_length=MAX_INSTANT)] = "") -> dict[str, Any]:
    """List heads signed after an instant, oldest first: the same to everybody, and signed on the hour whatever happened."""
    check_can(call.caller, Action.SEE_HEADS)
    with call.transaction() as session:
        return Heads(heads=heads_after(session, after)).model_dump()


@router.get("/rounds/{round_id}/submissions/{digest}/proof")
def see_submission_proof(round_id: Name, digest: Name, call: Signed) -> dict[str, Any]:
    """Prove that the caller's acceptance is under the last head."""
    check_can(call.caller, Action.SUBMIT)
    own = call.caller.organisation
    with call.transaction() as session:
        submission = find_own(session, round_id, digest, own)
        if submission.state == SubmissionState.RECEIVING or not submission.receipt:
            raise RoundError("submission: not accepted yet; run `kinlink party submit` to go on")
        accepted_at = read_receipt(submission.receipt)[1].accepted_at
        return prove_submission(session, submission_leaf(round_id, own, digest, accepted_at)).model_dump()


@router.get("/rounds/{round_id}/proof")
def see_release_proof(round_id: Name, call: Signed) -> dict[str, Any]:
    """Prove that every batch of envelopes that the caller's authority got is under the last head; nobody else's is shown."""
    check_can(call.caller, Action.COLLECT_ENVELOPE)
    with call.transaction() as session:
        get_round(session, round_id)
        return prove_releases(session, round_id, call.caller.organisation).model_dump()
