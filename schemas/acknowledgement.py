"""What a desk says of its envelopes, so that a child who moved, or of whom nobody has heard in time, is passed on. Pure.

A desk speaks of all envelopes that it has opened, dummies and children whom nobody is told of among them, in a message whose length is that of
their number: it says nothing else.
"""

from collections.abc import Mapping
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

MOST_AT_ONCE = 1_000


class Became(StrEnum):
    """What became of an envelope at its desk. All words are of one length in a message; the first is not kept by the service."""

    WAITING = "waits"
    KEPT = "keeps"
    MOVED = "moved"


class Acknowledgement(BaseModel):
    """What became of some of an authority's envelopes of one round, by envelope id."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    envelopes: Mapping[str, Became] = Field(max_length=MOST_AT_ONCE)
