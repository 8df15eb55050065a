"""An authority's desk counts what became of a quarter's referrals: counted, debited, noised and kept in one transaction of its own database.

Exact counts live inside `_draw` alone; what is stored, returned and shown is noised. A quarter is counted once, under whichever agreement.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from parties.initialise import check_desk, load_agreed
from parties.keys.identity_keys import key_id, load_signing_key
from parties.referrals.calendar import LONDON
from parties.referrals.cases import CaseState
from parties.referrals.outcomes import grade_of, states_of
from parties.settings import NodeSettings
from parties.store.engine import open_node_store
from parties.store.models import CaseEvent, CaseReception
from parties.tallies.families import Known, capped
from schemas.agreed import Agreed
from schemas.canonical import digest_of
from schemas.errors import BudgetError, ConfigurationError
from schemas.roster import Role
from schemas.signature import SignedDocument, signed
from schemas.tally import CONTEXT, GRADES, Grade, Quarter, Tally, TallyCell
from validation.disclosure.ledger import Request, answer_once, answer_to_anything, open_budget
from validation.disclosure.noise import cost, draw, epsilons, scale_for

QUERY: Final = "referrals-by-outcome-and-grade/1"
PER_MILLE: Final = 1_000
CELLS: Final[tuple[tuple[CaseState, Grade], ...]] = tuple((state, grade) for state in CaseState for grade in GRADES)


def tally(settings: NodeSettings, quarter: Quarter, *, now: datetime | None = None) -> SignedDocument:
    """Return the quarter's noised counts, signed by the desk: the first call draws and debits, every later one gives the same.

    Raises:
        ConfigurationError: the node is no authority's desk, or the quarter cannot be counted yet.
        BudgetError: the desk's privacy budget does not cover it, or its ledger does not add up.
    """
    check_desk(settings)
    now = now or datetime.now(UTC)
    if now.astimezone(LONDON).date() < quarter.countable_from:
        raise ConfigurationError(
            f"quarter {quarter}: can be counted from {quarter.countable_from} on, when most families have decided; run it again then"
        )
    answer = _answer(settings, load_agreed(settings), quarter, now)
    return signed(load_signing_key(settings, Role.DESK), key_id(settings, Role.DESK), CONTEXT, answer)


def _answer(settings: NodeSettings, agreed: Agreed, quarter: Quarter, now: datetime) -> dict[str, Any]:
    """Return what the ledger has of the quarter, drawn now if it has nothing."""
    statistics = agreed.agreement.statistics
    store = open_node_store(settings)
    try:
        with Session(store) as session, session.begin():
            request = _request(agreed, quarter)
            if (earlier := answer_to_anything(session, request.snapshot_sha256)) is not None:
                return earlier
            open_budget(session, request.budget_id, statistics.tallies_micro_rho)
            return answer_once(session, request, lambda: _draw(session, settings, agreed, quarter), now=now)[0]
    except BudgetError as error:
        raise BudgetError(f"tally: {error}") from None
    finally:
        store.dispose()


def _request(agreed: Agreed, quarter: Quarter) -> Request:
    """Describe query and data by digests that hold no count."""
    statistics = agreed.agreement.statistics
    micro_rho = cost(scale_for(statistics.tally_micro_rho, statistics.cap), statistics.cap)
    query = {"query": QUERY, "cap": statistics.cap, "micro_rho": micro_rho, "cells": [f"{state}|{grade}" for state, grade in CELLS]}
    return Request(
        budget_id=agreed.agreement_digest,
        query_sha256=digest_of(query),
        snapshot_sha256=digest_of({"referrals of": str(quarter)}),
        micro_rho=micro_rho,
    )


def _draw(session: Session, settings: NodeSettings, agreed: Agreed, quarter: Quarter) -> dict[str, Any]:
    statistics = agreed.agreement.statistics
    scale = scale_for(statistics.tally_micro_rho, statistics.cap)
    counted = Counter(_outcomes(session, quarter, statistics.cap))
    noised = draw([counted[cell] for cell in CELLS], scale)
    made = Tally(
        organisation=settings.organisation,
        quarter=str(quarter),
        agreement_digest=agreed.agreement_digest,
        cap=statistics.cap,
        micro_rho=cost(scale, statistics.cap),
        scale_per_mille=round(scale * PER_MILLE),
        epsilon_per_mille_at=epsilons([scale], statistics.cap),
        cells=[TallyCell(outcome=state, grade=grade, value=value) for (state, grade), value in zip(CELLS, noised, strict=True)],
    )
    return made.model_dump(mode="json")


def _outcomes(session: Session, quarter: Quarter, cap: int) -> Iterable[tuple[CaseState, str]]:
    """Yield where each referral that counts stands, and of which grade it was: those that were first written in the quarter."""
    events: dict[str, list[CaseEvent]] = defaultdict(list)
    for event in session.scalars(select(CaseEvent).order_by(CaseEvent.event_id)):
        events[event.document].append(event)
    receptions: dict[str, list[bytes]] = defaultdict(list)
    for document, handle in session.execute(select(CaseReception.document, CaseReception.handle)):
        receptions[document].append(handle)
    written = {
        document: Known(of_it[0].record_id or "", of_it[0].carer_id or "", tuple(receptions[document]))
        for document, of_it in events.items()
        if quarter.first <= datetime.fromisoformat(of_it[0].recorded_at).astimezone(LONDON).date() < quarter.end
    }
    for document in capped(written, cap):
        yield states_of(events[document])[-1], grade_of(events[document])
