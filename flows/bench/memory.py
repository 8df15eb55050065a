"""The most memory of this process while a block runs: pages of its own, and pages of mapped files."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROLLUP = Path("/proc/self/smaps_rollup")
EVERY_SECONDS = 0.25
KIBIBYTE = 1_024


@dataclass(frozen=True)
class Memory:
    """Bytes in memory: `private` are of no file, `mapped` are a file's, which the system may take back at any time."""

    private: int
    mapped: int


class Watch:
    """Keeps the largest figures seen since it began; `mapped` counts from then. `most` is None where the system does not say."""

    def __init__(self) -> None:
        """Look for the first time."""
        self._began = resident()
        self.most = Memory(self._began.private, 0) if self._began else None

    def look(self) -> None:
        """Look again."""
        now = resident()
        if now and self._began and self.most:
            self.most = Memory(max(self.most.private, now.private), max(self.most.mapped, now.mapped - self._began.mapped))


@contextmanager
def watched() -> Iterator[Watch]:
    """Look at this process's memory a few times a second while the block runs, and at its end."""
    watch, done = Watch(), threading.Event()

    def look() -> None:
        while not done.wait(EVERY_SECONDS):
            watch.look()

    thread = threading.Thread(target=look, name="memory", daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        done.set()
        thread.join()
        watch.look()


def resident() -> Memory | None:
    """Return what this process has in memory now; None where the system does not say."""
    try:
        lines = ROLLUP.read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return None
    kibibytes = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}
    own = kibibytes["Anonymous"]
    return Memory(own * KIBIBYTE, (kibibytes["Rss"] - own) * KIBIBYTE)
