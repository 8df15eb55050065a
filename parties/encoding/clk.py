"""Cryptographic long-term keys, a column at a time: bit for bit what clkhash gives. Pure, given the key.

clkhash reads the schema, derives the keys, cuts values into tokens, spreads the bits over them and hashes each token.
What differs is how often: every token is hashed once for all records, and bits are set by array operations.
"""

import io
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from itertools import chain, count
from typing import Any

import numpy as np
from clkhash.bloomfilter import blake_hash_token
from clkhash.key_derivation import generate_key_lists
from clkhash.schema import Schema, from_json_file
from numpy.typing import NDArray

from parties.keys.derive import derive
from schemas.agreement import FILTER_BITS, Projection
from schemas.encoding_set import CLK_BYTES, Population
from schemas.linkage import schema_text

BLOCK_ROWS = 8_192  # bounds the matrix of unpacked bits to 8 MiB


def clk_secret(round_key: bytes, population: Population, projection: Projection) -> bytes:
    """Return the secret that clkhash is given for one projection of one population."""
    return derive(round_key, "clk", population, projection)


def encode_clks(values: Sequence[tuple[str, ...]], projection: Projection, secret: bytes) -> NDArray[np.uint8]:
    """Return one filter per tuple of values, shape (n, 128), not yet diffused."""
    schema = linkage_schema(projection)
    keys = generate_key_lists(
        secret,
        len(schema.fields),
        key_size=schema.kdf_key_size,
        salt=schema.kdf_salt,
        info=schema.kdf_info,
        kdf=schema.kdf_type,
        hash_algo=schema.kdf_hash,
    )
    columns = [_Column(field, key[0]) for field, key in zip(schema.fields, keys, strict=True)]
    clks = np.empty((len(values), CLK_BYTES), dtype=np.uint8)
    for start in range(0, len(values), BLOCK_ROWS):
        block = values[start : start + BLOCK_ROWS]
        bits = np.zeros((len(block), FILTER_BITS), dtype=bool)
        for column, texts in zip(columns, zip(*block, strict=True), strict=True):
            bits |= column.bits(texts)
        clks[start : start + len(block)] = np.packbits(bits, axis=1)
    return clks


@cache
def linkage_schema(projection: Projection) -> Schema:
    """Return a projection's schema as clkhash reads it."""
    return from_json_file(io.StringIO(schema_text(projection)))


class _Column:
    """One field of a projection: its tokens met so far, and the bit positions of each."""

    def __init__(self, field: Any, key: bytes) -> None:
        self._properties, self._key = field.hashing_properties, key
        self._token_ids: dict[str, int] = defaultdict(count().__next__)
        self._positions = np.empty((0, 0), dtype=np.int64)
        self._spread = cache(self._properties.strategy.bits_per_token)

    def bits(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """Return the unpacked bits of each text, shape (n, 1024); equal texts are worked out once."""
        places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        tokens = [list(self._properties.comparator.tokenize(text)) for text in places]
        return self._bits_of(tokens)[[places[text] for text in texts]]

    def _bits_of(self, tokens: list[list[str]]) -> NDArray[np.bool_]:
        counts = [len(found) for found in tokens]
        ids = np.fromiter(map(self._token_ids.__getitem__, chain.from_iterable(tokens)), dtype=np.int64, count=sum(counts))
        wanted = np.fromiter(chain.from_iterable(map(self._spread, counts)), dtype=np.int64, count=len(ids))
        self._learn(int(wanted.max(initial=0)))
        used = np.arange(self._positions.shape[1]) < wanted[:, None]
        rows = np.broadcast_to(np.repeat(np.arange(len(tokens)), counts)[:, None], used.shape)
        bits = np.zeros((len(tokens), FILTER_BITS), dtype=bool)
        bits[rows[used], self._positions[ids][used]] = True
        return bits

    def _learn(self, width: int) -> None:
        """Know at least `width` positions of every token; a token's first positions do not depend on how many follow."""
        if width > self._positions.shape[1]:
            self._positions = np.empty((0, width), dtype=np.int64)
        width, fresh = self._positions.shape[1], list(self._token_ids)[len(self._positions) :]
        if fresh:
            self._positions = np.vstack([self._positions, [self._hashed(token, width) for token in fresh]])

    def _hashed(self, token: str, width: int) -> list[int]:
        positions: list[int] = blake_hash_token(token.encode(self._properties.encoding), width, self._key, FILTER_BITS)
        return positions
