"""What a custodian's self-check found, as one document: shares, limits and verdicts, never a value or an id. Pure."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from parties.risk.attacks import Name
from parties.risk.limits import Verdict
from schemas.agreement import Projection
from schemas.encoding_set import Population

FORMAT: Literal["self-check/1"] = "self-check/1"


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Measured(_Model):
    """One figure, none where there are too few people, and what the table of limits says of it."""

    value: float | None
    low: float
    high: float
    verdict: Verdict


class Attacked(_Model):
    """The share that one attack read, with its limits at 95 %, and the bar; nobody asked about where there are too few people."""

    read: float
    lower_95: float
    upper_95: float
    asked: int
    bar: float
    verdict: Verdict


class OfProjection(_Model):
    """What was found of one projection of one population."""

    population: Population
    projection: Projection
    measures: dict[str, Measured]
    attacks: dict[Name, Attacked]


class Proposal(_Model):
    """Another strength, and what the attacks that had failed read then, each on the projection where it read most."""

    diffusion: int
    bits_per_mille: int
    attacks: dict[Name, Attacked]
    verdict: Verdict


class SelfCheckReport(_Model):
    """The whole report; the digests say of which extract and which agreed encoding it is."""

    format: Literal["self-check/1"] = FORMAT
    extract_digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    agreement_digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    diffusion: int
    bits_per_mille: int
    adults_at_most: int = Field(description="rounded up to tens")
    children_at_most: int = Field(description="rounded up to tens")
    families: dict[str, Measured]
    projections: list[OfProjection]
    proposals: list[Proposal]
    verdict: Verdict
