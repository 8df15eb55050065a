"""Audit events and their hash chain. Pure.

Each event's hash covers the hash before it, so a log that lost, gained or changed an event no longer adds up.
"""

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from schemas.canonical import digest_of

GENESIS = "0" * 64


class AuditEvent(BaseModel):
    """What happened, to which round, by whom; ids and digests only."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str = Field(max_length=64)
    round_id: str = Field(max_length=64)
    actor: str = Field(max_length=128)
    at: str = Field(max_length=32)
    detail: dict[str, Any] = Field(default_factory=dict)


def chain(previous: str, event: AuditEvent) -> str:
    """Return the hash of `event` after `previous` (`GENESIS` for the first)."""
    return digest_of({"previous": previous, "event": event.model_dump()})


def first_break(entries: Iterable[tuple[AuditEvent, str]]) -> int | None:
    """Return the position, from 0, of the first entry whose hash is wrong, or None if the chain holds."""
    previous = GENESIS
    for position, (event, recorded) in enumerate(entries):
        previous = chain(previous, event)
        if previous != recorded:
            return position
    return None
