"""Filters that other processes of this machine read without a copy: where they lie in a file, or in memory that has no name.

Filters never go to disk. What is in memory is put once into an anonymous memory file (`memfd_create`, Linux), which the
system frees with the last process that has it open, however that process ends; a named segment would outlive a kill.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from linkage.search.engine import Filters
from schemas.errors import ConfigurationError

READABLE_MODES = ("r", "r+")  # a copy-on-write map differs from its file


@dataclass(frozen=True)
class Location:
    """Where filters lie: the file's path, the first byte, rows and bytes in a row."""

    path: str
    offset: int
    rows: int
    row_bytes: int

    def open(self) -> Filters:
        """Return the filters, mapped and read-only."""
        return np.memmap(self.path, dtype=np.uint8, mode="r", offset=self.offset, shape=(self.rows, self.row_bytes))


@contextmanager
def shared(filters: Filters) -> Iterator[Location]:
    """Give the place where processes of this user can open `filters` (at least one row) until the block ends.

    Raises:
        ConfigurationError: they are in memory, and this system has no anonymous memory files.
    """
    mapped = _mapped(filters)
    if mapped is not None:
        yield mapped
        return
    if not hasattr(os, "memfd_create"):
        raise ConfigurationError("engine: processes needs Linux; set engine to threads")
    with os.fdopen(os.memfd_create("filters"), "wb") as memory:
        np.ascontiguousarray(filters).tofile(memory)
        yield Location(f"/proc/{os.getpid()}/fd/{memory.fileno()}", 0, *filters.shape)


def _mapped(filters: Filters) -> Location | None:
    """Return where a mapped file's filters lie in it; None for what is in memory."""
    root = filters
    while isinstance(root.base, np.ndarray):
        root = root.base
    if not isinstance(root, np.memmap) or root.filename is None or root.mode not in READABLE_MODES or not filters.flags.c_contiguous:
        return None
    offset = root.offset + filters.ctypes.data - root.ctypes.data  # a slice keeps the offset of the whole
    return Location(os.fspath(root.filename), offset, *filters.shape)
