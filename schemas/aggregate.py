"""A noised table, as it leaves the linkage service: integers with intervals, and the privacy it cost. Pure."""

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

CONTEXT = "table/1"
MAX_CELLS: Final = 10_000
NATION = "K04000001"  # England and Wales, the Office for National Statistics' code


Age = Literal["", "unknown", "0-4", "5-9", "10-14", "15+"]
ALL_AGES: Final[Age] = ""
AGES: Final[tuple[Age, ...]] = ("unknown", "0-4", "5-9", "10-14", "15+")  # in completed years, in the order of `schemas.joins.AgeBand`


class Cell(BaseModel):
    """One noised count: as measured it may be negative. The interval holds for the noise alone; `u` marks one wider than the value.

    `age` is one of `AGES`; empty for children of all ages.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    area: str = Field(pattern=r"^[EWK]\d{8}$")
    age: Age = ALL_AGES
    value: int
    lower: int
    upper: int
    mark: Literal["", "u"] = ""


class NoisedTable(BaseModel):
    """Distinct linked children by area and age, noised once. Rho in millionths; epsilon in thousandths, at `delta` and at others.

    `cells` are as measured: unbiased, maybe negative, not adding up; nation, regions and authorities. `adjusted` are whole, none
    below 0, of every place, countries too: ages add up to totals, and areas to what they lie in. They follow from `cells` alone, so
    they cost nothing.
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
    cells: list[Cell] = Field(max_length=MAX_CELLS)
    epsilon_per_mille_at: dict[str, int] = Field(default={}, max_length=8)
    adjusted: list[Cell] = Field(default=[], max_length=MAX_CELLS)
