"""A noised table, as it leaves the linkage service: integers with intervals, and the privacy it cost. Pure."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

CONTEXT = "table/1"
NATION = "K04000001"  # England and Wales, the Office for National Statistics' code


class Cell(BaseModel):
    """One noised count: as measured it may be negative. The interval holds for the noise alone; `u` marks one wider than the value."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    area: str = Field(pattern=r"^[EWK]\d{8}$")
    value: int
    lower: int
    upper: int
    mark: Literal["", "u"] = ""


class NoisedTable(BaseModel):
    """Distinct linked children by area, noised once. Rho in millionths; epsilon in thousandths, at `delta` and at others.

    `cells` are as measured: unbiased, maybe negative, not adding up. `adjusted` are the same places made whole: none below
    0, and areas add up to the nation. They follow from `cells` alone, so they cost nothing.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    round_id: str = Field(max_length=64)
    unit: str = "family of at most `cap` linked children"
    cap: int
    mechanism: str = "discrete Gaussian, zero-concentrated differential privacy"
    micro_rho: int
    epsilon_per_mille: int
    delta: str
    confidence_per_cent: int = 95
    cells: list[Cell] = Field(max_length=1_000)
    epsilon_per_mille_at: dict[str, int] = Field(default={}, max_length=8)
    adjusted: list[Cell] = Field(default=[], max_length=1_000)
