"""Submissions: manifest, chunks, acceptance. Who asks sees their own alone, and nothing that a search could change."""

from typing import Any

from fastapi import APIRouter, Response

from linkage.api.bodies import takes_bytes, takes_signed
from linkage.api.call import Call, Signed, SignedChunk, SignedManifest
from linkage.api.parameters import Name, Number
from linkage.api.permissions import Action, check_can
from linkage.inbox.probing import ACCEPTED
from linkage.inbox.submissions import (
    ConflictError,
    SubmissionState,
    accept,
    announce,
    check_complete,
    find_own,
    is_new_chunk,
    keep_chunk,
    verify,
    view,
)
from linkage.inbox.vault import Vault
from linkage.rounds import check_receives, get_round
from schemas.canonical import digest as sha256
from schemas.encoding_set import CONTEXT
from schemas.errors import SubmissionError
from schemas.request_signing import DEFAULT_CONTENT_TYPE

router = APIRouter(prefix="/v1/rounds/{round_id}", tags=["submissions"])
SUBMISSION = "/submissions/{digest}"


@router.put(SUBMISSION, openapi_extra=takes_signed())
def put_submission(round_id: Name, digest: Name, call: SignedManifest) -> dict[str, Any]:
    """Take the signed manifest of a submission; say which chunks are missing."""
    check_can(call.caller, Action.SUBMIT)
    document = call.document(CONTEXT)
    if document.digest != digest:
        raise SubmissionError("manifest: its digest is not the one in the address; run `kinlink party submit` again")
    with call.transaction() as session:
        round_ = get_round(session, round_id)
        submission = announce(session, round_, document, call.caller.organisation, agreed=call.service.agreed, now=call.instant)
        return view(session, submission)


@router.get(SUBMISSION)
def see_submission(round_id: Name, digest: Name, call: Signed) -> dict[str, Any]:
    """Say which chunks are missing."""
    check_can(call.caller, Action.SUBMIT)
    with call.transaction() as session:
        return view(session, find_own(session, round_id, digest, call.caller.organisation))


@router.put(SUBMISSION + "/parts/{name}/chunks/{index}", status_code=204, openapi_extra=takes_bytes())
def put_chunk(round_id: Name, digest: Name, name: Name, index: Number, call: SignedChunk) -> None:
    """Keep one chunk; the same bytes again change nothing."""
    check_can(call.caller, Action.SUBMIT)
    place, chunk, own = (name, index), sha256(call.body), call.caller.organisation
    with call.transaction() as session:
        round_ = get_round(session, round_id)
        check_receives(round_, call.instant)
        if not is_new_chunk(session, find_own(session, round_id, digest, own), place, size=len(call.body), digest=chunk):
            return
    staged = Vault(call.service.settings, round_).stage_chunk(own, digest, name, index, call.body)  # outside of any lock: it takes a while
    try:
        with call.transaction() as session:
            submission = find_own(session, round_id, digest, own, lock=True)
            check_receives(get_round(session, round_id), call.instant)
            if is_new_chunk(session, submission, place, size=len(call.body), digest=chunk):
                keep_chunk(session, staged, submission, place, chunk)
    finally:
        staged.drop()


@router.post(SUBMISSION + "/accept", response_class=Response)
def post_accept(round_id: Name, digest: Name, call: Signed) -> Response:
    """Check the whole submission and answer with its receipt, the same bytes ever after."""
    check_can(call.caller, Action.SUBMIT)
    return Response(_receipt(round_id, digest, call), media_type=DEFAULT_CONTENT_TYPE)


def _receipt(round_id: str, digest: str, call: Call) -> bytes:
    organisation = call.caller.organisation
    with call.transaction() as session:
        submission = find_own(session, round_id, digest, organisation)
        if submission.state == SubmissionState.ACCEPTED and submission.receipt:
            return submission.receipt
        round_ = get_round(session, round_id)
        check_receives(round_, call.instant)
        check_complete(session, submission)
    vault = Vault(call.service.settings, round_)
    canaries = verify(vault, submission, call.service.agreed.agreement)
    with call.transaction() as session:
        submission = find_own(session, round_id, digest, organisation, lock=True)
        if submission.state == SubmissionState.ACCEPTED and submission.receipt:  # by a request at the same time
            return submission.receipt
        if submission.state == SubmissionState.SUPERSEDED:
            raise ConflictError("submission: another one took its place meanwhile; send its manifest again to go back to it")
        event, agreement = call.event(ACCEPTED, round_id, submission=digest), call.service.agreed.agreement
        superseded = accept(
            session, call.service.settings, submission, canaries, agreement=agreement, signer=call.service.signer, event=event
        )
        receipt = submission.receipt or b""
    for older in superseded:
        vault.destroy(organisation, older)
    return receipt
