"""What commands print: one JSON object with --json, else a line or a table; progress goes to standard error."""

import json
import sys
import time
from collections.abc import Callable
from typing import Annotated, Any

from cyclopts import Parameter, validators

Progress = Callable[[str, int, int], None]
Json = Annotated[bool, Parameter(name="--json", negative="")]
ERASE = "\x1b[K"  # of the terminal's line: the last text may have been longer
Port = Annotated[int, Parameter(validator=validators.Number(gte=0, lte=65_535))]
Flag = Annotated[bool, Parameter(negative="")]


def emit(answer: dict[str, Any], text: str, *, as_json: bool) -> None:
    """Print `answer` as one JSON object, or `text`."""
    print(json.dumps(answer, ensure_ascii=False) if as_json else text)


def progress_to_stderr(stage: str, done: int, total: int) -> None:
    """Show how far a stage is, on one line of a terminal; off a terminal only the end of the stage."""
    if sys.stderr.isatty():
        print(f"\r{ERASE}{stage}: {done:,} of {total:,}", end="\n" if done >= total else "", file=sys.stderr, flush=True)
    elif done >= total:
        print(f"{stage}: done", file=sys.stderr, flush=True)


def say(line: str) -> None:
    """Print one line of news on standard error."""
    print(line, file=sys.stderr, flush=True)


def time_left_to_stderr(clock: Callable[[], float] = time.monotonic) -> Progress:
    """Return a progress that also says how long its stage still takes, if it goes on as it did."""
    stage_began, done_before, stage_was = clock(), 0, ""

    def show(stage: str, done: int, total: int) -> None:
        nonlocal stage_began, done_before, stage_was
        if stage != stage_was or done <= done_before:
            stage_began, done_before, stage_was = clock(), done, stage
        left = (clock() - stage_began) * (total - done) / (done - done_before) if total > done > done_before else 0.0
        progress_to_stderr(f"{stage}, about {left:.0f} s left" if left else stage, done, total)
        if done >= total:
            stage_was = ""

    return show


def warn(problem: str) -> None:
    """Print one line that something was left undone, on standard error."""
    print(f"kinlink: warning: {problem}", file=sys.stderr, flush=True)
