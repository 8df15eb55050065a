"""The uploader's side: slots for every filter of a projection, fills as well. Pure, given the keys.

A slot's nonce is made from the party's own secret, the filter, and what the slot says: the same submission has the same slots,
and a changed one has none in common with it, so that no pair's key ever stands for two values.
"""

import hmac
from collections.abc import Iterator
from hashlib import blake2b

import numpy as np
import pyarrow as pa

from parties.second_look.halves import HALVES_AT_ONCE, OwnFilters, Rows, halves
from schemas.byte_columns import Bytes2D, by_bytes
from schemas.slots import LEFT, NONCE_BYTES, SLOTS, byte_table


def make_slots(own: OwnFilters, *, key: bytes, secret: bytes, each: int) -> Iterator[pa.Table]:
    """Yield the slots of a projection in the order of their nonces, which says nothing; some thousands at a time.

    Args:
        own: the uploader's filters.
        key: the `pairs_key` of uploader and responder.
        secret: a key of the uploader's own, for this round, population and kind of responder.
        each: how many slots a filter has.
    """
    filters = np.repeat(np.arange(len(own.pseudonyms), dtype=np.int64), each)
    nonces = _nonces(own, secret, each)
    order = by_bytes(nonces)
    for start in range(0, len(order), HALVES_AT_ONCE):
        block = order[start : start + HALVES_AT_ONCE]
        yield _table(own, filters[block], nonces[block], key)


def _table(own: OwnFilters, filters: Rows, nonces: Bytes2D, key: bytes) -> pa.Table:
    return byte_table(SLOTS, {"pseudonym": own.pseudonyms[filters], **halves(own, filters, nonces, side=LEFT, key=key)})


def _nonces(own: OwnFilters, secret: bytes, each: int) -> Bytes2D:
    content = bytearray()
    for pseudonym, record in zip(own.pseudonyms, own.record, strict=True):
        said = blake2b(own.digests[record].tobytes() + own.joins[record].tobytes(), digest_size=NONCE_BYTES).digest()
        for number in range(each):
            content += hmac.digest(secret, pseudonym.tobytes() + said + bytes([number]), "sha256")[:NONCE_BYTES]
    return np.frombuffer(content, dtype=np.uint8).reshape(-1, NONCE_BYTES)
