"""Rows of bytes as columns of an Arrow table, and back: pseudonyms, filters, nonces, tags. Pure."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Bytes2D = NDArray[np.uint8]
Ids = NDArray[np.void]  # identifiers of one length, comparable and sortable


def id_column(ids: Bytes2D) -> pa.FixedSizeBinaryArray:
    """Return rows of bytes as a column of fixed-size binary values."""
    content = np.ascontiguousarray(ids)
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(ids.shape[1]), len(ids), [None, pa.py_buffer(content)])


def fixed_bytes(column: pa.ChunkedArray, width: int) -> Bytes2D:
    """Return a fixed-size binary column as an array of shape (rows, width)."""
    array = column.combine_chunks()
    content = np.frombuffer(array.buffers()[1] or b"", dtype=np.uint8)
    return content[array.offset * width : (array.offset + len(array)) * width].reshape(len(array), width)


def as_ids(rows: Bytes2D) -> Ids:
    """Return rows of bytes as one comparable value each."""
    contiguous = np.ascontiguousarray(rows)
    return contiguous.view(np.dtype((np.void, contiguous.shape[1]))).reshape(len(contiguous))


def by_bytes(ids: Bytes2D) -> NDArray[np.intp]:
    """Return the order that sorts ids by their bytes: of keyed ids, an order that says nothing."""
    return np.lexsort(ids.T[::-1])
