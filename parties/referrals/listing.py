"""What an authority's own console says of a round: whom the authority was asked to support, and which documents wait for two people."""

import json
from typing import NamedTuple

from parties.referrals import records
from parties.referrals.directory import RecipientRole
from parties.referrals.documents import file_stem
from parties.referrals.outcomes import REFERRALS
from parties.settings import NodeSettings
from parties.store.engine import open_node_store
from schemas.token import Grade


class Referred(NamedTuple):
    """A child of the authority's own record, whom it was routed to, and the grade."""

    child_id: str
    role: RecipientRole
    grade: Grade


def referrals(settings: NodeSettings, round_id: str) -> list[Referred]:
    """Return whom the authority was asked to support in a round: its record ids, posts and grades."""
    store = open_node_store(settings)
    try:
        rows = records.redeemed_in(store, round_id)
    finally:
        store.dispose()
    paths = [(child_id, settings.path(REFERRALS, name)) for child_id, name in rows]
    written = [(child_id, json.loads(path.read_bytes())) for child_id, path in paths if path.exists()]  # a wrong child's are gone
    return [Referred(child_id, RecipientRole(document["recipient"]["role"]), document["grade"]) for child_id, document in written]


def waiting(settings: NodeSettings, round_id: str) -> list[str]:
    """Return the names of the round's documents that wait for two people to approve."""
    store = open_node_store(settings)
    try:
        return sorted(map(file_stem, records.held(store, round_id)))
    finally:
        store.dispose()
