"""A released table with all that a publication says of it: one object that every file is written from, so that all say the same. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from parties.publication.corrected import Corrected, corrected
from parties.publication.criteria import Criterion, criteria
from parties.publication.evidence import Evidence, rounded
from parties.publication.places import Row, measured_rows, of_all_ages, published_rows
from schemas.aggregate import NoisedTable
from schemas.canonical import digest_of
from schemas.privacy_ledger import Drawn

MILLION, THOUSAND = 1_000_000, 1_000
NOTE: Final = (
    "Intervals cover the noise alone, not linkage error. counts.csv: whole numbers, none below 0, ages add up to totals, areas to the nation; "
    "cells near 0 come out a little high, large ones a little low; u marks an interval that reaches further than half of the value. "
    "measurements.csv: the same as measured, unbiased, maybe negative and not adding up."
)


@dataclass(frozen=True)
class Released:
    """A noised table, the names of areas that no public table has, and when its round took submissions (days, ISO 8601).

    `evidence` is the office's own, of how many links are right and how many are missing; without it nothing is corrected. What is
    published of it is rounded.
    `drawn` is the privacy ledger up to this table, oldest first.
    """

    table: NoisedTable
    names: Mapping[str, str]
    opens: str
    closes: str
    version: str
    evidence: Evidence | None = None
    drawn: Sequence[Drawn] = ()

    @cached_property
    def everything(self) -> Sequence[Row]:
        """What is published, the nation first: of all ages, then by age."""
        return published_rows(self.table, self.names)

    @cached_property
    def rows(self) -> Sequence[Row]:
        """Every place, the nation first, for children of all ages."""
        return of_all_ages(self.everything)

    @cached_property
    def by_age(self) -> Sequence[Row]:
        """Every place by age."""
        return [row for row in self.everything if row.age]

    @cached_property
    def corrected(self) -> Sequence[Corrected]:
        """The counts of countries and regions, corrected for false and missing links: of all ages, then by age."""
        return corrected(self.everything, self.evidence) if self.evidence else []

    @cached_property
    def published_evidence(self) -> Evidence | None:
        """The evidence as it is published."""
        return rounded(self.evidence) if self.evidence else None

    @cached_property
    def measured(self) -> Sequence[Row]:
        """The same as measured."""
        return measured_rows(self.table, self.names)

    @cached_property
    def criteria(self) -> Sequence[Criterion]:
        """The rules that were agreed before, and whether they hold."""
        return criteria(self.table, self.everything)

    @property
    def digest(self) -> str:
        """The SHA-256 of the noised table, as the service signed it."""
        return digest_of(self.table.model_dump())

    def metadata(self) -> dict[str, Any]:
        """Return what a machine wants to know of the publication."""
        table = self.table
        return {
            "round": table.round_id,
            "opens": self.opens,
            "closes": self.closes,
            "measure": "distinct linked children",
            "unit": table.unit,
            "cap": table.cap,
            "mechanism": table.mechanism,
            "rho": table.micro_rho / MILLION,
            "epsilon": table.epsilon_per_mille / THOUSAND,
            "delta": table.delta,
            "epsilon_at": _epsilons(table.epsilon_per_mille_at),
            "drawn_so_far": len(self.drawn),
            "rho_so_far": self.drawn[-1].total_micro_rho / MILLION if self.drawn else None,
            "epsilon_so_far_at": _epsilons(self.drawn[-1].epsilon_per_mille_at) if self.drawn else {},
            "confidence_per_cent": table.confidence_per_cent,
            "criteria": {item.name: item.holds for item in self.criteria},
            "table_sha256": self.digest,
            "evidence": self.published_evidence.model_dump(exclude_defaults=True) if self.published_evidence else None,
            "kinlink": self.version,
            "note": NOTE,
        }


def _epsilons(per_mille: Mapping[str, int]) -> dict[str, float]:
    return {delta: epsilon / THOUSAND for delta, epsilon in per_mille.items()}
