"""An authority that nobody worked for ten days ends with the same cases as if it had collected on the first."""

from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from linkage.store.models import Finding
from parties.referrals.listing import referrals
from parties.referrals.outcomes import cases
from parties.store.engine import open_node_store
from parties.store.models import ProtectedOpening
from schemas.errors import RoundError
from tests.acceptance.planted import AUTHORITY
from tests.acceptance.round import ROUND

pytestmark = pytest.mark.slow
DAYS = 10


def due(linkage, authority):
    """Return record and grade of every child that was to be released to an authority."""
    with Session(linkage.store) as session:
        found = session.query(Finding).filter_by(round_id=ROUND, authority=authority, decision="release").all()
        return {(linkage.child_record(authority, item.child), item.grade) for item in found}


def withheld(linkage, authority):
    """Return how many envelopes of this authority a child's protection kept from becoming a document."""
    store = open_node_store(linkage.settings(authority))
    with Session(store) as session:
        count = session.query(ProtectedOpening).count()
    store.dispose()
    return count


def have(linkage, authority):
    found = [(item.child_id, item.grade) for item in referrals(linkage.settings(authority), ROUND)]
    assert len(found) == len(set(found)) == len(cases(linkage.settings(authority), ROUND))
    return set(found)


def test_ten_days_later_an_authority_has_the_same_cases(closed):
    closed.link()
    closed.approve_and_release()
    prompt = next(name for name in closed.authorities() if name != AUTHORITY)
    closed.collect(prompt)
    at_once = have(closed, prompt)
    for _ in range(DAYS):
        closed.now += timedelta(days=1)
        with suppress(RoundError):  # nothing waits
            closed.release()
    late = closed.collect(AUTHORITY)
    assert not late.problems
    for authority, least in ((AUTHORITY, 3), (prompt, 1)):
        wanted = due(closed, authority)
        assert have(closed, authority) <= wanted
        assert len(have(closed, authority)) == len(wanted) - withheld(closed, authority) >= least
    assert have(closed, prompt) == at_once
    assert not closed.collect(AUTHORITY).written
