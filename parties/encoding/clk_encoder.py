"""Columns of values to filters by any clkhash schema (version 3), bit for bit as clkhash does without validation. Pure.

clkhash reads the schema, derives the keys, spreads bits over tokens and hashes each token. What differs is how often: each
token is hashed once for all records, and compiled loops cut texts and set bits. Whether values are what the schema
allows (length, case, pattern) is for the checks of an extract to say; values that clkhash cannot encode are refused here.
"""

from collections.abc import Sequence
from typing import Any, NoReturn, TypeAlias

import numpy as np
import pyarrow as pa
from clkhash.field_formats import FieldSpec
from clkhash.key_derivation import generate_key_lists
from clkhash.schema import Schema
from numpy.typing import NDArray

from parties.encoding.peer_schema import check_schema
from parties.encoding.token_kernel import set_bits
from parties.encoding.token_positions import TokenPositions
from parties.encoding.tokens import Cut, cut_value, tokens_of
from schemas.errors import ExtractError

BLOCK_ROWS = 16_384  # bounds what is held beside tables and filters
KEPT_TOKENS = 250_000  # a field that has more starts anew with the next block; bounds the tables to about 100 MB a field
BYTE = 8

Column: TypeAlias = Sequence[str] | pa.Array | pa.ChunkedArray | NDArray[Any]


class ClkEncoder:
    """Encodes by one schema and secret, and remembers the tokens it met. Hides itself in `repr` and is never pickled."""

    def __init__(self, schema: Schema, secret: bytes) -> None:
        """Derive the keys.

        Raises:
            ConfigurationError: clkhash has no encoding by this schema, or its filters are over 65,536 bits.
        """
        check_schema(schema)
        self._length: int = schema.l
        self._bits = self._length << schema.xor_folds
        keys = generate_key_lists(
            secret, len(schema.fields), key_size=schema.kdf_key_size, salt=schema.kdf_salt, info=schema.kdf_info,
            kdf=schema.kdf_type, hash_algo=schema.kdf_hash,
        )  # fmt: skip
        kept = [(field, key) for field, key in zip(schema.fields, keys, strict=True) if field.hashing_properties]
        self._features = [_Feature(field, key, self._bits) for field, key in kept]

    @property
    def filter_bytes(self) -> int:
        """How long a filter is."""
        return -(-self._length // BYTE)

    @property
    def features(self) -> list[str]:
        """The features that are encoded, in the schema's order; those that it ignores are not among them."""
        return [feature.name for feature in self._features]

    def encode(self, columns: Sequence[Column], *, first_row: int = 1) -> NDArray[np.uint8]:
        """Return one filter per row, shape (n, l / 8), not yet diffused; a missing value is empty.

        Args:
            columns: one per feature that is encoded, in order, equally long.
            first_row: what errors call the first row.

        Raises:
            ExtractError: a value is not of its feature's format; says row and column.
        """
        texts = [_texts(column, name) for column, name in zip(columns, self.features, strict=True)]
        rows = {len(text) for text in texts}
        filters = np.zeros((max(rows, default=0), self.filter_bytes), dtype=np.uint8)
        if len(rows) > 1:
            raise ExtractError("columns differ in length; export the file again")
        for start in range(0, len(filters), BLOCK_ROWS):
            block = [text.slice(start, BLOCK_ROWS) for text in texts]
            filters[start : start + BLOCK_ROWS] = self._fold(self._block(block, first_row + start))
        return filters

    def _block(self, block: list[pa.LargeStringArray], first_row: int) -> NDArray[np.uint8]:
        bits = np.zeros((len(block[0]), -(-self._bits // BYTE)), dtype=np.uint8)
        for feature, texts in zip(self._features, block, strict=True):
            feature.add(bits, texts, first_row)
        return bits

    def _fold(self, bits: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return filters of the schema's length: each bit is the XOR of those that folding puts on it."""
        if self._bits == self._length:
            return bits
        parts = np.unpackbits(bits, axis=1, count=self._bits).reshape(len(bits), -1, self._length)
        return np.packbits(np.bitwise_xor.reduce(parts, axis=1), axis=1)

    def __repr__(self) -> str:
        """Show how many, and nothing else."""
        return f"ClkEncoder({len(self._features)} features)"

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled."""
        raise TypeError("an encoder is keyed; it stays in this process's memory")


class _Feature:
    """One field of a schema: its tokens met so far, and their positions."""

    def __init__(self, field: FieldSpec, keys: tuple[bytes, ...], bits: int) -> None:
        self.name, self._field, self._keys, self._bits = field.identifier, field, keys, bits
        self._forget()

    def add(self, bits: NDArray[np.uint8], texts: pa.LargeStringArray, first_row: int) -> None:
        """Set the bits of a block's values; equal values are cut once."""
        if self._tokens.known() > KEPT_TOKENS:
            self._forget()
        distinct = texts.dictionary_encode()
        index = distinct.indices.to_numpy()
        try:
            cut = self._tokens.cut(distinct.dictionary)
            first, wanted = self._spread(cut)
            positions = self._positions.of(self._tokens, int(wanted.max(initial=0)))
        except (ValueError, OverflowError):
            self._forget()  # a token that cannot be hashed would be in the way of others
            raise self._refused(distinct.dictionary, index, first_row) from None
        set_bits(bits, index, cut.ends, cut.ids, first, wanted, positions)

    def _forget(self) -> None:
        self._tokens = tokens_of(self._field)
        self._positions = TokenPositions(self._field.hashing_properties, self._keys, self._bits)

    def _spread(self, cut: Cut) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return how many bits each token of a text gets, by the number of its tokens, and where each text's part starts."""
        counts, which = np.unique(np.diff(cut.ends), return_inverse=True)
        strategy = self._field.hashing_properties.strategy
        spread = [strategy.bits_per_token(count) if count else () for count in counts.tolist()]
        return (np.cumsum(counts) - counts)[which], np.array([bits for part in spread for bits in part], dtype=np.int64)

    def _refused(self, distinct: pa.LargeStringArray, index: NDArray[np.int32], first_row: int) -> ExtractError:
        at = next(number for number, text in enumerate(distinct.to_pylist()) if not self._can_encode(text))
        row = first_row + int(np.argmax(index == at))
        return ExtractError(
            f"row {row}, column {self.name}: not of the linkage schema's format; mend it, or agree a missingValue for this column"
        )

    def _can_encode(self, text: str) -> bool:
        try:
            for token in cut_value(self._field, text):
                token.encode(self._field.hashing_properties.encoding)
        except (ValueError, OverflowError):
            return False
        return True


def _texts(column: Column, name: str) -> pa.LargeStringArray:
    """Return a column as Arrow's text, nothing missing; what comes from elsewhere may not be UTF-8, which the kernel relies on."""
    try:
        made = column if isinstance(column, pa.Array | pa.ChunkedArray) else pa.array(column, type=pa.large_string())
        texts = made.cast(pa.large_string()).fill_null("")
        texts = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
        texts.validate(full=True)
    except (pa.ArrowException, UnicodeEncodeError, TypeError):
        raise ExtractError(f"column {name}: not text in UTF-8; export it again in that encoding") from None
    return texts
