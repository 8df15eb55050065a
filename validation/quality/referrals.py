"""Referral tokens against the truth of an invented population: right, wrong and why, missed. Pure but for `read_truth`.

A token is right where the child truly has a parent received and the authority is the one to act for that child.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Cause = Literal["namesake", "twin", "sibling", "stale tie", "moved", "other"]
CAUSES: tuple[Cause, ...] = ("namesake", "twin", "sibling", "stale tie", "moved", "other")
Token = tuple[str, str]  # authority's GSS code, the authority's own child id


@dataclass(frozen=True)
class Birth:
    """What tells relatives apart: mother, father and date of birth; "" where unknown."""

    mother: str
    father: str
    date_of_birth: str


@dataclass(frozen=True)
class Truth:
    """Who is who, and whose parent was received.

    `acting` maps each true child to the authority that must act; `person_of` maps (authority, child id) to persons;
    `ties` maps a child to the adults it is or was tied to; `received` holds the adults who were.
    """

    acting: Mapping[str, str]
    without_tie: frozenset[str]
    person_of: Mapping[Token, str]
    births: Mapping[str, Birth]
    ties: Mapping[str, Mapping[str, bool]]
    received: frozenset[str]


def score(truth: Truth, tokens: Iterable[Token]) -> dict[str, object]:
    """Return the counts and rates of released tokens, whole and by authority.

    Each token counts once; a child found by its acting authority counts as found once.
    """
    released = sorted(set(tokens))
    wrong = {token: cause for token in released if (cause := _cause(truth, token)) is not None}
    found = {truth.person_of[token] for token in released if token not in wrong}
    children = len(truth.acting)
    return {
        "children_true": children,
        "children_true_without_tie": len(truth.without_tie),
        "tokens_released": len(released),
        "tokens_wrong": len(wrong),
        "children_missed": children - len(found),
        "precision": _share(len(released) - len(wrong), len(released)),
        "recall": _share(len(found), children),
        "tokens_wrong_by_cause": {cause: count for cause in CAUSES for count in [Counter(wrong.values())[cause]]},
        "per_authority": _per_authority(truth, released, set(wrong), found),
    }


def read_truth(directory: Path) -> Truth:
    """Read the truth that `kinlink synth` wrote."""
    children = list(_rows(directory / "children_true.csv"))
    records = list(_rows(directory / "records.csv"))
    ties: dict[str, dict[str, bool]] = defaultdict(dict)
    for row in _rows(directory / "parents.csv"):
        ties[row["child_id"]][row["adult_id"]] = row["current"] == "true"
    return Truth(
        acting={row["person_id"]: row["acting_authority"] for row in children},
        without_tie=frozenset(row["person_id"] for row in children if row["has_tie"] == "false"),
        person_of={
            (row["custodian"].removeprefix("local-authority-"), row["record_id"]): row["person_id"]
            for row in records
            if row["custodian"].startswith("local-authority-") and row["file"] == "children"
        },
        births={
            row["person_id"]: Birth(row["mother_id"], row["father_id"], row["date_of_birth"]) for row in _rows(directory / "people.csv")
        },
        ties=dict(ties),
        received=frozenset(row["person_id"] for row in records if row["custodian"] == "prison-service" and row["file"] == "receptions"),
    )


def _cause(truth: Truth, token: Token) -> Cause | None:
    """Return why a token is wrong, or None if it is right."""
    child = truth.person_of.get(token, "")
    if child in truth.acting:
        return None if truth.acting[child] == token[0] else "moved"
    tied = truth.ties.get(child, {})
    if any(adult in truth.received for adult, current in tied.items() if not current):
        return "stale tie"
    relatives = _relatives(truth, child)
    if any(truth.births[other].date_of_birth == truth.births[child].date_of_birth for other in relatives):
        return "twin"
    if relatives:
        return "sibling"
    return "other" if any(adult in truth.received for adult in tied) else "namesake"


def _relatives(truth: Truth, child: str) -> list[str]:
    """Return the true children that share a mother or father with `child`."""
    birth = truth.births.get(child)
    if birth is None:
        return []
    return [other for other in truth.acting if _shares_parent(birth, truth.births[other])]


def _shares_parent(one: Birth, other: Birth) -> bool:
    return bool((one.mother and one.mother == other.mother) or (one.father and one.father == other.father))


def _per_authority(truth: Truth, released: list[Token], wrong: set[Token], found: set[str]) -> dict[str, dict[str, int]]:
    children = Counter(truth.acting.values())
    found_in = Counter(truth.acting[child] for child in found)
    tokens, errors = Counter(token[0] for token in released), Counter(token[0] for token in wrong)
    return {
        authority: {
            "children_true": children[authority],
            "tokens_released": tokens[authority],
            "tokens_wrong": errors[authority],
            "children_missed": children[authority] - found_in[authority],
        }
        for authority in sorted(children | tokens)
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _rows(path: Path) -> Iterable[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
