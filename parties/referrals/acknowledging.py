"""Tell the service what became of a round's envelopes, so that a child who moved, or whom nobody took on, reaches the next authority that knows it.

The desk speaks of every envelope that it has opened. Dummies, children whom nobody is told of, documents that wait for approval and wrong children
are *kept*: none of them is to be passed on. A written referral waits until its recipient is known to have it.
"""

from collections.abc import Mapping

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from parties.client import ServiceClient
from parties.referrals.cases import CaseState
from parties.referrals.outcomes import last_states
from parties.store.models import RedeemedToken
from schemas.acknowledgement import MOST_AT_ONCE, Became

BECAME: Mapping[CaseState, Became] = {CaseState.WRITTEN: Became.WAITING, CaseState.MOVED: Became.MOVED}


def acknowledge(client: ServiceClient, store: Engine, round_id: str) -> None:
    """Send what became of each envelope of a round; saying it again changes nothing.

    Raises:
        ServiceError: the service cannot be reached; the next `collect` says it.
    """
    said = sorted(became(store, round_id).items())
    for first in range(0, len(said), MOST_AT_ONCE):
        client.post(f"/v1/rounds/{round_id}/acknowledgements", json={"envelopes": dict(said[first : first + MOST_AT_ONCE])})


def became(store: Engine, round_id: str) -> dict[str, Became]:
    """Return what became of each envelope of a round that this desk has redeemed, by its id."""
    tokens = select(RedeemedToken.envelope_id, RedeemedToken.referral).where(
        RedeemedToken.round_id == round_id, RedeemedToken.redeemed_at.is_not(None)
    )
    states = last_states(store)
    with Session(store) as session:
        rows = session.execute(tokens).all()
    return {envelope_id: _became(states.get((referral or "").removesuffix(".json"))) for envelope_id, referral in rows}


def _became(state: CaseState | None) -> Became:
    return Became.KEPT if state is None else BECAME.get(state, Became.KEPT)
