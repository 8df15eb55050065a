"""What may be said of an exception that nobody foresaw: its type and where it was raised. Its text may quote what was read, and is not. Pure."""

import traceback
from pathlib import Path
from typing import NamedTuple

DEEPEST = 20  # frames of an exception, innermost last


class Fault(NamedTuple):
    """An exception's type, and the frames it came through, outermost first."""

    type: str
    frames: list[str]

    def __str__(self) -> str:
        """Return both on one line, the innermost frame first."""
        return f"{self.type} at {' < '.join(reversed(self.frames))}"


def fault_of(error: BaseException) -> Fault:
    """Return what may be said of an exception."""
    frames = traceback.extract_tb(error.__traceback__)[-DEEPEST:]
    return Fault(type(error).__name__, [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames])
