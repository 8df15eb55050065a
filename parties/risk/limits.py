"""What a custodian's own attacks may read, what else is looked at, and what is said of a figure. Pure: the one table of limits."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from parties.risk.attacks import ATTACKS, Name, Outcome
from schemas.agreement import SelfCheck

Verdict = Literal["PASS", "WARN", "FAIL"]
VERDICTS: Final[tuple[Verdict, ...]] = ("PASS", "WARN", "FAIL")  # from good to bad


@dataclass(frozen=True)
class Range:
    """Where a measured figure should lie; outside there is a warning, or a failure where it would let filters be told apart."""

    low: float
    high: float
    outside: Verdict = "WARN"


RANGES: Final[Mapping[str, Range]] = {
    "filters_of_different_values_alike": Range(0.0, 0.0, "FAIL"),
    "weights_far_out": Range(0.0, 0.001),  # four standard deviations; 6 in 100,000 are by chance
    "weights_even": Range(0.45, 0.55, "FAIL"),
    "rank_missing": Range(0.0, 0.0, "FAIL"),
    "people_encoded": Range(0.5, 1.0),
    "informative_neighbours": Range(0.0, 2.0),
    "with_three_neighbours": Range(0.0, 0.10),
    "in_rare_family_shapes": Range(0.0, 0.05),
}


def bars(agreed: SelfCheck) -> dict[Name, float]:
    """Return the share that each attack may read at most."""
    per_mille = agreed.model_dump()
    return {name: per_mille[f"{name}_per_mille"] / 1_000 for name in ATTACKS}


def verdict_of_attack(outcome: Outcome, bar: float) -> Verdict:
    """Fail above the bar with 95 % confidence; warn above it without, or where too few people were there to say anything."""
    if not outcome.asked:
        return "WARN"
    if outcome.lower_95 > bar:
        return "FAIL"
    return "WARN" if outcome.share > bar else "PASS"


def verdict_of_measure(name: str, value: float | None) -> Verdict:
    """Return what the table says of a figure; one that there are too few people for passes."""
    limits = RANGES[name]
    return "PASS" if value is None or limits.low <= value <= limits.high else limits.outside


def worst(verdicts: list[Verdict]) -> Verdict:
    """Return the worst of some verdicts; without any, that all is well."""
    return max(verdicts, key=VERDICTS.index, default="PASS")
