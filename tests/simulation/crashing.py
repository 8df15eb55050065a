"""Crashes at commit points: the service's process stops just before, or just after, one of its transactions is committed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine


class StoppedError(Exception):
    """The process stopped here: nothing that follows in it happens, and nobody gets an answer."""


@dataclass(frozen=True)
class Crash:
    """Which commit of a request it happens at, counted from 1, and on which side of it."""

    commit: int
    after: bool


@contextmanager
def crashing(engine: Engine, crash: Crash | None) -> Iterator[None]:
    """Let the process stop at `crash`; None lets it run."""
    commit, seen = engine.dialect.do_commit, 0

    def do_commit(connection: Any) -> None:
        nonlocal seen
        seen += 1
        at = crash is not None and crash.commit == seen
        if at and not crash.after:
            raise StoppedError
        commit(connection)
        if at:
            raise StoppedError

    engine.dialect.do_commit = do_commit
    try:
        yield
    finally:
        engine.dialect.do_commit = commit
