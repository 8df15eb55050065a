"""What travels in a wave of the second look beside the tables: the list of requests, and what a responder says of its answers. Pure.

GET  /v1/rounds/{id}/requests/{wave}                                {"requests": [TableSummary …]}
GET  /v1/rounds/{id}/requests/{wave}/{name}/chunks/{index}          CHUNK_BYTES of an Arrow file of REQUESTS
PUT  /v1/rounds/{id}/answers/{wave}/{name}/chunks/{index}           CHUNK_BYTES of an Arrow file of ANSWERS
POST /v1/rounds/{id}/answers/{wave}                                 AnswersSummary; {"answered": true}, the same ever after
POST /v1/rounds/{id}/waves/{wave}                                   an operator opens a wave; {"state": …}
"""

from pydantic import BaseModel, ConfigDict, Field

from schemas.encoding_set import CHUNK_BYTES, MAX_PART_BYTES, MAX_ROWS

NAME = r"^(adults|children)\.[ABCD]\.(prison-service|police)$"  # as `schemas.slots.requests_name` makes it


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TableSummary(_Model):
    """One table of requests or of answers; both have one name."""

    name: str = Field(pattern=NAME)
    rows: int = Field(ge=0, le=MAX_ROWS)
    size: int = Field(ge=1, le=MAX_PART_BYTES, description="bytes")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")

    @property
    def chunks(self) -> int:
        """How many chunks of `CHUNK_BYTES` the table travels in."""
        return -(-self.size // CHUNK_BYTES)


class RequestsSummary(_Model):
    """The tables of requests of one wave, for one responder."""

    requests: list[TableSummary] = Field(max_length=32)


class AnswersSummary(_Model):
    """The tables of answers to one wave, of one responder; with the last, the opener of the round's lists of controls, in hexadecimal."""

    controls_opener: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    parts: list[TableSummary] = Field(max_length=32)
