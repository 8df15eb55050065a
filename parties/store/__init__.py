"""The node's own small database: who a pseudonym is, and which referrals were opened. It never leaves the organisation."""

from parties.store.engine import open_node_store
from parties.store.models import Person, RedeemedToken

__all__ = ["Person", "RedeemedToken", "open_node_store"]
