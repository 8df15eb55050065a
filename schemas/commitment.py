"""What a manifest commits to of its records: for each encoding part the root of a Merkle tree over its rows. Pure.

A leaf is a row's pseudonym and filter, 144 bytes; rows are in the order of the part.
"""

import pyarrow as pa

from schemas.byte_columns import fixed_bytes
from schemas.encoding_set import CLK_BYTES, ENCODING_PARTS, PSEUDONYM_BYTES, SubmissionManifest
from schemas.merkle import Tree

LEAF_BYTES = PSEUDONYM_BYTES + CLK_BYTES


def leaves(table: pa.Table) -> list[bytes]:
    """Return the rows of an encoding part as leaves."""
    pseudonyms, filters = fixed_bytes(table["pseudonym"], PSEUDONYM_BYTES), fixed_bytes(table["clk"], CLK_BYTES)
    return [own.tobytes() + clk.tobytes() for own, clk in zip(pseudonyms, filters, strict=True)]


def records_root(table: pa.Table) -> str:
    """Return the root over the rows of an encoding part."""
    return Tree(leaves(table)).root


def record_count(manifest: SubmissionManifest) -> int:
    """Return how many records a manifest commits to."""
    return sum(manifest.part(name).rows for name in ENCODING_PARTS)


def place_of(manifest: SubmissionManifest, position: int) -> tuple[str, int]:
    """Return part and row of the record at a position, counted through the parts in their one order."""
    for name in ENCODING_PARTS:
        rows = manifest.part(name).rows
        if position < rows:
            return name, position
        position -= rows
    raise IndexError("no such record")
