"""What was spent of privacy, as the linkage service states it: every noised table that was drawn, and what all of them cost together. Pure."""

from itertools import accumulate
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

CONTEXT: Final = "privacy-ledger/1"
MAX_DRAWN: Final = 10_000
AMOUNT: Final = Field(ge=0, le=2**53)


class Drawn(BaseModel):
    """One table, and the sum of all up to it, under whichever agreement. Rho in millionths; epsilon of the sum in thousandths, by delta.

    `round_id` is empty where the table was lost with a database: nobody gets its price back.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    round_id: str = Field(max_length=64)
    drawn_on: str = Field(pattern=r"^\d{4}-\d\d-\d\d$")
    micro_rho: int = AMOUNT
    total_micro_rho: int = AMOUNT
    epsilon_per_mille_at: dict[str, int] = Field(max_length=8)


class Statement(BaseModel):
    """The privacy ledger, oldest first; what is left of the present agreement's budget; how often it did not cover what was asked.

    The sum bounds what all tables together tell of a family that is in every round.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    agreement_digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    budget_micro_rho: int = AMOUNT
    left_micro_rho: int = AMOUNT
    refused: int = AMOUNT
    drawn: list[Drawn] = Field(max_length=MAX_DRAWN)

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        sums = accumulate(item.micro_rho for item in self.drawn)
        if any(item.total_micro_rho != total for item, total in zip(self.drawn, sums, strict=True)):
            raise ValueError("the sums are not of the tables above them")
        return self
