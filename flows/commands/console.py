"""What commands print: one JSON object with --json, else a line or a table; progress goes to standard error."""

import json
import sys
from collections.abc import Callable
from typing import Annotated, Any

from cyclopts import Parameter

Progress = Callable[[str, int, int], None]
Json = Annotated[bool, Parameter(name="--json", negative="")]
Flag = Annotated[bool, Parameter(negative="")]


def emit(answer: dict[str, Any], text: str, *, as_json: bool) -> None:
    """Print `answer` as one JSON object, or `text`."""
    print(json.dumps(answer, ensure_ascii=False) if as_json else text)


def progress_to_stderr(stage: str, done: int, total: int) -> None:
    """Show how far a stage is, on one line of a terminal; off a terminal only the end of the stage."""
    if sys.stderr.isatty():
        print(f"\r{stage}: {done:,} of {total:,}", end="\n" if done >= total else "", file=sys.stderr, flush=True)
    elif done >= total:
        print(f"{stage}: done", file=sys.stderr, flush=True)


def warn(problem: str) -> None:
    """Print one line that something was left undone, on standard error."""
    print(f"kinlink: warning: {problem}", file=sys.stderr, flush=True)
