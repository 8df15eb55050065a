"""What attacks read of filters, and what hiding costs: shares of people read, beside linkage quality on labelled files, in one run.

The attacker has exactly the people in the filters on his list, and no key. Undiffused filters are beside shipped ones throughout: an attack
that reads none of those would prove nothing, and quality without diffusion is the price.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, Final

from flows.bench.people import people, recorded
from flows.evaluate import Profile, decide, figures, look, read_file
from parties.encoding.keystream import Keystream
from parties.encoding.rows import PersonRows
from parties.keys.derive import derive
from parties.risk.attacked import PLAIN, Strength, Target
from parties.risk.attacks import ATTACKS, Name, Outcome, attack
from parties.risk.limits import bars
from parties.risk.samples import Values, dense_order, values_of
from schemas.agreement import Encoding, Projection, SelfCheck
from schemas.errors import ExtractError
from validation.progress import Progress

POOL, SEED = 20_000, 21
SHIPPED, UNDIFFUSED = Strength(Encoding.model_fields["diffusion"].default), Strength(PLAIN)
STRONGER = Strength(13, 1_333)  # 200 bits a projection
STRENGTHS: Final[Mapping[str, Strength]] = {"undiffused": UNDIFFUSED, "shipped": SHIPPED, "200 bits, t = 13": STRONGER}
PROFILES: Final[Mapping[str, Profile]] = {"undiffused": "undiffused", "shipped": "default"}  # by the strengths that files are linked with
LEFT, RIGHT = "_a.parquet", "_b.parquet"


@dataclass(frozen=True)
class Read:
    """What one attack read of filters of each strength, of the projection that it reads most of; and what it should read at most."""

    attack: str
    goal: float
    outcomes: Mapping[str, Outcome]


@dataclass(frozen=True)
class Attacks:
    """All attacks, and by labelled file the quality of linkage at each strength."""

    read: Sequence[Read]
    quality: Mapping[str, Mapping[str, Mapping[str, float]]]

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        read = [
            {"attack": one.attack, "goal": one.goal, "read": {name: _said(outcome) for name, outcome in one.outcomes.items()}}
            for one in self.read
        ]
        return {"read": read, "quality": self.quality}


def run(projections: Sequence[Projection], data: Path | None, tell: Progress) -> Attacks:
    """Make every attack on filters of every strength; link the labelled files in `data`, where there is such a folder.

    Raises:
        ExtractError: the folder has no labelled files, or one cannot be read.
    """
    files = labelled(data) if data else {}
    read = list[Read]()
    for done, name in enumerate(ATTACKS):
        tell("attacks", done, len(ATTACKS))
        outcomes = {strength: _most_read(name, made, projections) for strength, made in STRENGTHS.items()}
        read.append(Read(name, bars(SelfCheck())[name], outcomes))
    tell("attacks", len(ATTACKS), len(ATTACKS))
    return Attacks(
        read, {name: {strength: quality(*both, profile, tell) for strength, profile in PROFILES.items()} for name, both in files.items()}
    )


def labelled(folder: Path) -> dict[str, tuple[Path, Path]]:
    """Return both files of every labelled set in a folder, by its name.

    Raises:
        ExtractError: there is none.
    """
    found = {
        path.name.removesuffix(LEFT): (path, path.with_name(path.name.removesuffix(LEFT) + RIGHT))
        for path in sorted(folder.glob(f"*{LEFT}"))
    }
    whole = {name: both for name, both in found.items() if both[1].is_file()}
    if not whole:
        raise ExtractError(f"{folder}: no NAME{LEFT} with a NAME{RIGHT}; name the folder of labelled files")
    return whole


def quality(left: Path, right: Path, profile: Profile, tell: Progress) -> dict[str, float]:
    """Return F1 of the link rule, and recall at precision .99, of two labelled files."""
    columns = read_file(left), read_file(right)
    found = figures(decide(look(*columns, profile=profile, progress=tell)), *columns)
    if "f1" not in found:
        raise ExtractError(f"{left.name}: no column ent, or {right.name} has none; quality needs the truth")
    return {"f1": found["f1"], "recall_at_p99": found["recall_at_p99"]}


@cache
def rows(size: int = POOL, seed: int = SEED) -> PersonRows:
    """Return invented people as an authority records them."""
    return recorded(islice(people(seed), size), "authority_child", seed)


@cache
def values(projection: Projection, size: int = POOL, seed: int = SEED) -> Values:
    """Return what a projection's filters of those people are made of."""
    return values_of(rows(size, seed), projection)


@cache
def dense(size: int = POOL, seed: int = SEED) -> Sequence[int]:
    """Return those people, the ones in large families with common names first."""
    return dense_order(rows(size, seed))


def target(projection: Projection, strength: Strength, number: int = 0) -> Target:
    """Return a target under keys of its own."""
    return Target("adults", projection, strength, key(f"sent {number}"), key(f"own {number}"))


def key(use: str) -> bytes:
    """Return a key that is the same in every run."""
    return derive(bytes(32), "attacks", use)


def _most_read(name: Name, strength: Strength, projections: Sequence[Projection]) -> Outcome:
    made = (attack(name, target(projection, strength), values(projection), dense(), Keystream(key(name))) for projection in projections)
    return max(made, key=lambda outcome: outcome.share)


def _said(outcome: Outcome) -> dict[str, float]:
    return {**asdict(outcome), "share": outcome.share, "lower_95": outcome.lower_95, "upper_95": outcome.upper_95}
