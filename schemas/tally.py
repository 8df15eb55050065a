"""An authority's noised counts of what became of a quarter's referrals, as its desk returns them. Pure.

Every cell is there, whatever happened: a missing one would say that nothing did.
"""

import re
from datetime import date, timedelta
from typing import Final, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field

from schemas.errors import ConfigurationError

CONTEXT: Final = "tally/1"
QUARTER: Final = r"^20\d\d-Q[1-4]$"
SETTLED_DAYS: Final = 28  # after a quarter's last day: by then most families have decided
MAX_CELLS, MOST = 64, 2**53
MONTHS: Final = 3
Grade = Literal["A", "B"]
GRADES: Final[tuple[Grade, ...]] = ("A", "B")


class Quarter(NamedTuple):
    """A quarter of a calendar year."""

    year: int
    number: int

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the quarter that is written like `2026-Q3`.

        Raises:
            ConfigurationError: it is not.
        """
        if not re.fullmatch(QUARTER, text, re.ASCII):
            raise ConfigurationError("quarter: want a year and a quarter such as 2026-Q3")
        return cls(int(text[:4]), int(text[-1]))

    def __str__(self) -> str:
        return f"{self.year}-Q{self.number}"

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, MONTHS * (self.number - 1) + 1, 1)

    @property
    def end(self) -> date:
        """The first day after it."""
        return date(self.year + self.number // 4, MONTHS * (self.number % 4) + 1, 1)

    @property
    def countable_from(self) -> date:
        """The first day on which it may be counted."""
        return self.end + timedelta(days=SETTLED_DAYS)


class TallyCell(BaseModel):
    """How many of a quarter's referrals stood there, of a grade: noised, so maybe negative."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    outcome: str = Field(pattern=r"^[a-z-]{1,24}$")
    grade: Grade
    value: int = Field(ge=-MOST, le=MOST)


class Tally(BaseModel):
    """Counts of outcome by grade, noised once. Rho in millionths; epsilon in thousandths, by delta; `scale` of the noise in thousandths."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    organisation: str = Field(max_length=64)
    quarter: str = Field(pattern=QUARTER)
    agreement_digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    unit: str = Field(default="family of at most `cap` children referred", max_length=64)
    cap: int = Field(ge=1, le=16)
    mechanism: str = Field(default="discrete Gaussian, zero-concentrated differential privacy", max_length=100)
    micro_rho: int = Field(ge=1, le=MOST)
    scale_per_mille: int = Field(ge=1, le=MOST)
    epsilon_per_mille_at: dict[str, int] = Field(max_length=8)
    cells: list[TallyCell] = Field(max_length=MAX_CELLS)
