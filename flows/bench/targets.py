"""What Kinlink holds itself to beside its peers, as one table, and what a run says of it. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Target:
    """A bound that a figure keeps to."""

    bound: float
    sense: Literal["at least", "at most"] = "at least"

    def holds(self, value: float) -> bool:
        """Return whether `value` keeps to the bound."""
        return value >= self.bound if self.sense == "at least" else value <= self.bound

    def __str__(self) -> str:
        """Say it in words."""
        return f"{self.sense} {self.bound:g}"


# Sizes are those of a run without --share: people for encode, larger side for match. Ratios are of CPU time in one run. Bounds leave room for a
# machine with twice as much to do as it has cores, and for processors that are kinder to the peer.
TARGETS: Mapping[str, Target] = {
    "encode cold 40,000": Target(10),
    "encode warm 400,000": Target(15),
    "diffuse": Target(100),
    "match plain 20,000": Target(9),
    "match plain 200,000": Target(14),
    "match plain 400,000": Target(18),
    "match diffused 20,000": Target(5),
    "match diffused 200,000": Target(10),
    "two Dask workers, CPU of one": Target(1.15, "at most"),
    "two Dask workers, time of one": Target(0.6, "at most"),
    "300 x 20,000,000, mapped memory of filters": Target(1.5, "at most"),
    "300 x 20,000,000, private memory in GiB": Target(2, "at most"),
    "service: 95 of 100 small requests at 50 a second, ms": Target(200, "at most"),
    "service: upload, of plain TLS": Target(0.6),
    "service: memory for one large upload, MiB": Target(64, "at most"),
    "service: submissions without a receipt": Target(0, "at most"),
}

# Published counts: errors in children at epsilon 1, delta 1e-6, families of four. The two controls must be found out.
COUNT_TARGETS: Mapping[str, Target] = {
    "330: error of nation": Target(66, "at most"),
    "330: error of region": Target(60, "at most"),
    "330: error of authority": Target(34, "at most"),
    "330: error of authority x age": Target(30, "at most"),
    "330: error of authority x sex": Target(29, "at most"),
    "330: error of detail": Target(24, "at most"),
    "330: authority, of independent noise": Target(0.7, "at most"),
    "330: authority x age, of independent noise": Target(0.62, "at most"),
    "330: detail, of independent noise": Target(0.5, "at most"),
    "330: authority, of plain top-down": Target(0.45, "at most"),
    "330: least coverage of 95 % intervals": Target(0.935),
    "330: tables that add up": Target(1),
    "330: seconds a release": Target(3, "at most"),
    "175: error of nation": Target(74, "at most"),
    "175: error of region": Target(60, "at most"),
    "175: error of authority": Target(34, "at most"),
    "175: error of authority x age": Target(30, "at most"),
    "175: error of authority x sex": Target(29, "at most"),
    "175: error of detail": Target(24, "at most"),
    "175: authority, of independent noise": Target(0.7, "at most"),
    "175: authority x age, of independent noise": Target(0.62, "at most"),
    "175: detail, of independent noise": Target(0.5, "at most"),
    "175: authority, of plain top-down": Target(0.45, "at most"),
    "175: least coverage of 95 % intervals": Target(0.935),
    "175: tables that add up": Target(1),
    "175: seconds a release": Target(3, "at most"),
    "a round's table: error of nation": Target(74, "at most"),
    "a round's table: error of region": Target(60, "at most"),
    "a round's table: error of authority": Target(34, "at most"),
    "a round's table: error of authority x age": Target(30, "at most"),
    "a round's table: least coverage of 95 % intervals": Target(0.935),
    "linkage error: least coverage of 95 % intervals": Target(0.93),
    "linkage error: most coverage of 95 % intervals": Target(0.97, "at most"),
    "noise: least p of four scales": Target(1e-6),
    "noise: p of the control": Target(1e-6, "at most"),
    "attack: proven epsilon, of the claim": Target(1, "at most"),
    "attack: the same with an eighth of the noise": Target(1),
    "cost of eight queries, of what was granted": Target(1, "at most"),
}


@dataclass(frozen=True)
class Figure:
    """One measured value by its target's name; `not_asserted` says why it does not count, where it does not."""

    name: str
    value: float
    not_asserted: str = ""

    @property
    def target(self) -> Target | None:
        """What it is held to, if anything."""
        return TARGETS.get(self.name) or COUNT_TARGETS.get(self.name)

    @property
    def missed(self) -> bool:
        """Whether it counts, and misses its target."""
        return self.target is not None and not self.not_asserted and not self.target.holds(self.value)


def missed(figures: Iterable[Figure]) -> list[str]:
    """Return the names of the targets that are missed, in the order of the figures."""
    return [figure.name for figure in figures if figure.missed]


def verdict(figures: Iterable[Figure]) -> str:
    """Return one line: how many of the targets that were asserted hold, and which do not."""
    counted = [figure for figure in figures if figure.target and not figure.not_asserted]
    names = missed(counted)
    return f"{len(counted) - len(names)} of {len(counted)} targets hold; missed: {'; '.join(names) or 'none'}"
