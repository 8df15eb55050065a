"""Cryptographic long-term keys of our own projections: bit for bit what clkhash gives. Pure, given the key."""

import io
from collections.abc import Sequence
from functools import cache

import numpy as np
from clkhash.schema import Schema, from_json_file
from numpy.typing import NDArray

from parties.keys.derive import derive
from schemas.agreement import Projection
from schemas.encoding_set import CLK_BYTES, Population
from schemas.linkage import schema_text


def clk_secret(round_key: bytes, population: Population, projection: Projection) -> bytes:
    """Return the secret that clkhash is given for one projection of one population."""
    return derive(round_key, "clk", population, projection)


def encode_clks(values: Sequence[tuple[str, ...]], projection: Projection, secret: bytes) -> NDArray[np.uint8]:
    """Return one filter per tuple of values, shape (n, 128), not yet diffused."""
    from parties.encoding.clk_encoder import ClkEncoder  # numba: loaded where there is something to encode

    if not values:
        return np.empty((0, CLK_BYTES), dtype=np.uint8)
    return ClkEncoder(linkage_schema(projection), secret).encode(list(zip(*values, strict=True)))


@cache
def linkage_schema(projection: Projection) -> Schema:
    """Return a projection's schema as clkhash reads it."""
    return from_json_file(io.StringIO(schema_text(projection)))
