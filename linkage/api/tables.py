"""What is not a round's inner life: the statistics office's tables, what they cost, and the operators' audit log."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from linkage.api.call import Signed
from linkage.api.parameters import Name
from linkage.api.permissions import Action, check_can
from linkage.rounds import get_round
from linkage.store.audit import entries
from schemas import aggregate, privacy_ledger
from schemas.signature import signed

router = APIRouter(prefix="/v1", tags=["tables and audit"])


@router.post("/rounds/{round_id}/tables")
def post_table(round_id: Name, call: Signed) -> dict[str, Any]:
    """Answer with the round's noised table: drawn and debited once, the same bytes ever after."""
    from linkage.disclosure.tables import noised_table

    check_can(call.caller, Action.COUNT)
    with call.transaction() as session:
        get_round(session, round_id)
        table = noised_table(session, call.service.settings, round_id, actor=call.caller.key_id, now=call.now)
    signer = call.service.signer
    return signed(signer.key, signer.key_id, aggregate.CONTEXT, table.model_dump()).model_dump()


@router.get("/ledger")
def get_ledger(call: Signed) -> dict[str, Any]:
    """Answer with what was spent of privacy: every noised table, their sum, and what is left."""
    from linkage.disclosure.statement import privacy_statement

    check_can(call.caller, Action.SEE_LEDGER)
    with call.transaction() as session:
        statement = privacy_statement(session, call.service.settings)
    signer = call.service.signer
    return signed(signer.key, signer.key_id, privacy_ledger.CONTEXT, statement.model_dump()).model_dump()


@router.get("/audit")
def list_audit(call: Signed, after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0) -> dict[str, Any]:
    """List audit events after a sequence number, oldest first."""
    check_can(call.caller, Action.READ_AUDIT)
    with call.transaction() as session:
        return {"events": [{"seq": item.seq, "event": item.event, "hash": item.hash} for item in entries(session, after)]}
