"""A file on its way: what is written to it leaves in chunks of the agreed size, and is nowhere as a whole."""

import hashlib
import io
from collections.abc import Callable
from typing import Any

from schemas.encoding_set import CHUNK_BYTES

Send = Callable[[int, bytes], object]  # index from 0, content


class ChunkSink(io.RawIOBase):
    """A binary file that hands on every chunk once it is full; `finish` hands on the rest.

    Attributes:
        size: bytes so far.
    """

    def __init__(self, send: Send) -> None:
        """Hand chunks on to `send`."""
        super().__init__()
        self.size = 0
        self._send, self._waiting, self._hash, self._sent = send, bytearray(), hashlib.sha256(), 0

    def writable(self) -> bool:
        """Say yes."""
        return True

    def write(self, content: Any) -> int:
        """Take bytes; return how many."""
        taken = bytes(content)
        self._hash.update(taken)
        self._waiting += taken
        self.size += len(taken)
        while len(self._waiting) >= CHUNK_BYTES:
            self._hand_on(CHUNK_BYTES)
        return len(taken)

    def finish(self) -> str:
        """Hand on what is left; return the SHA-256 of the whole."""
        if self._waiting:
            self._hand_on(len(self._waiting))
        return self._hash.hexdigest()

    def _hand_on(self, count: int) -> None:
        self._send(self._sent, bytes(self._waiting[:count]))
        del self._waiting[:count]
        self._sent += 1
