"""The service's log on standard error: lines for people, or one JSON object a line. No value of a record or request is in one.

Of an exception its type and where it was raised are kept; its text, which may quote what was read, is not.
"""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, Literal

from schemas.instants import as_text
from validation.faults import Fault, fault_of

OURS = "kinlink"
Shape = Literal["text", "json"]


class OneLine(logging.Formatter):
    """Writes a record on one line: at, level, logger, event, and of an exception its type and frames."""

    def __init__(self, shape: Shape) -> None:
        """Write lines for people, or JSON."""
        super().__init__()
        self._shape = shape

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        said = _said(record)
        if self._shape == "json":
            return json.dumps(said, ensure_ascii=True)
        line = f"{said['at']} {said['level']} {said['logger']}: {said['event']}"
        return f"{line}: {Fault(**said['exception'])}" if "exception" in said else line


def start_log(shape: Shape) -> None:
    """Write warnings and worse, of this process's every logger, on standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine(shape))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)


def _said(record: logging.LogRecord) -> dict[str, Any]:
    """Return what may be said of a record. What others log keeps its text and not the values in it."""
    ours = record.name.partition(".")[0] == OURS
    said: dict[str, Any] = {
        "at": as_text(datetime.fromtimestamp(record.created, UTC)),
        "level": record.levelname.lower(),
        "logger": record.name,
        "event": (record.getMessage() if ours else str(record.msg)).partition("\n")[0],
    }
    if record.exc_info and record.exc_info[1] is not None:
        said["exception"] = fault_of(record.exc_info[1])._asdict()
    return said
