"""Keys of the second look: of the round, of a pair, and the two openers of a pair. Pure.

Everything comes from the round key, which the linkage service never holds. A pair's keys come from its nonce, so that values
of different pairs have nothing in common; and from who uploads and who answers, so that a nonce of one is none of another's.
"""

import hmac

from parties.keys.derive import derive
from schemas.encoding_set import Population
from schemas.roster import Kind
from schemas.slots import Side

_USE, _EVIDENCE = "second-look", b"ev"


def attribute_key(round_key: bytes, population: Population) -> bytes:
    """Return the key that a population's components are digested with, the same for every custodian of the round."""
    return derive(round_key, _USE, population, "attributes")


def pairs_key(round_key: bytes, population: Population, uploader: Kind, responder: Kind) -> bytes:
    """Return the key that the keys of every pair between two kinds of custodian come from."""
    return derive(round_key, _USE, population, uploader, responder)


def pair_key(key: bytes, nonce: bytes) -> bytes:
    """Return the key of one pair's tags, 32 bytes.

    Args:
        key: a `pairs_key`.
        nonce: the pair's, 16 bytes.
    """
    return hmac.digest(key, nonce + _EVIDENCE, "sha256")


def opener(key: bytes, nonce: bytes, side: Side) -> bytes:
    """Return the opener of one side's join, 32 bytes; arguments as of `pair_key`."""
    return hmac.digest(key, nonce + side.encode(), "sha256")
