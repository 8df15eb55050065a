"""Recall by group of people: who is found, and who is not. Pure.

A group is of true pairs, by what the two records of one person say. Groups of fewer than ten are named and not counted.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypedDict

import jellyfish
import numpy as np

from validation.quality.limits import interval
from validation.quality.pairs import Mask, Rows

FEWEST: Final = 10  # true pairs of a group that is counted
SLIPS: Final = 2  # letters by which a surname may differ and still be the same one, spelt otherwise
BORN: Final = ((2010, "2010 or later"), (2000, "2000 to 2009"), (1980, "1980 to 1999"), (1960, "1960 to 1979"), (1940, "1940 to 1959"))
SEXES: Final = {"F": "female", "M": "male"}
UNKNOWN: Final = "not known on both sides"
WATCHED: Final = {
    "forename": "forename", "surname": "surname", "dob": "date of birth", "sex": "sex", "postcode": "postcode", "address": "address",
}  # fmt: skip

Fields = Mapping[str, Sequence[str]]  # one file's normalised fields by name, a value for each row; missing is ""


class GroupRecall(TypedDict):
    """One group: its true pairs and, by rule, the share found with both limits at 95 %. All None where there are too few.

    `search_missed` is the share whose filters were not alike enough to be candidates; `no_slot` the share that were, and were
    looked at in no projection, for every slot was another's.
    """

    true_pairs: int | None
    search_missed: float | None
    no_slot: float | None
    link: float | None
    link_95: tuple[float, float] | None
    release: float | None
    release_95: tuple[float, float] | None


TOO_FEW: Final[GroupRecall] = {
    "true_pairs": None, "search_missed": None, "no_slot": None, "link": None, "link_95": None, "release": None, "release_95": None,
}  # fmt: skip


def recall_by_group(
    left: Fields, right: Fields, pairs: tuple[Rows, Rows], found: Mapping[str, Mask], lists: Mapping[str, str]
) -> dict[str, dict[str, GroupRecall]]:
    """Return each rule's recall by group, under what the groups tell apart.

    Args:
        left: fields named in `WATCHED`.
        right: the same of the right file.
        pairs: left and right rows of the true pairs.
        found: by stage, in order (`near`, `looked_at`, `link`, `release`), whether each true pair came through it.
        lists: which list of names a surname is on.
    """
    told = {name: [(left[name][one], right[name][other]) for one, other in zip(*pairs, strict=True)] for name in WATCHED}
    by_kind = {
        "sex": [_sex(*both) for both in told["sex"]],
        "born": [_born(*both) for both in told["dob"]],
        "postcode": [_postcode(*both) for both in told["postcode"]],
        "surname": [_surname(*both) for both in told["surname"]],
        "surname_list": [_list(*both, lists) for both in told["surname"]],
    }
    counted = {kind: {name: _recall(mask, found) for name, mask in _masks(labels)} for kind, labels in by_kind.items()}
    return {**counted, "missing": {name: _recall(mask, found) for name, mask in _missing(told)}}


def _masks(labels: Sequence[str]) -> Iterator[tuple[str, Mask]]:
    array = np.array(labels, dtype=object)
    for name in sorted(set(labels)):
        yield name, array == name


def _missing(told: Mapping[str, Sequence[tuple[str, str]]]) -> Iterator[tuple[str, Mask]]:
    """Yield the pairs that miss each field on either side, then those that miss none."""
    masks = {words: np.array([not all(both) for both in told[name]], dtype=np.bool_) for name, words in WATCHED.items()}
    yield from ((words, mask) for words, mask in masks.items() if mask.any())
    nothing = ~np.logical_or.reduce(list(masks.values()))
    if nothing.any():
        yield "nothing", nothing


def _recall(mask: Mask, found: Mapping[str, Mask]) -> GroupRecall:
    size = int(mask.sum())
    if size < FEWEST:
        return TOO_FEW
    near, looked_at, link, release = (int((mask & found[stage]).sum()) for stage in ("near", "looked_at", "link", "release"))
    return {
        "true_pairs": size,
        "search_missed": round(1 - near / size, 4),
        "no_slot": round((near - looked_at) / size, 4),
        "link": round(link / size, 4),
        "link_95": _limits(link, size),
        "release": round(release / size, 4),
        "release_95": _limits(release, size),
    }


def _limits(count: int, size: int) -> tuple[float, float]:
    low, high = interval(count, size)
    return round(low, 4), round(high, 4)


def _sex(one: str, other: str) -> str:
    said = {one, other} - {""}
    return SEXES.get(said.pop(), "other") if len(said) == 1 else "recorded differently" if said else "not recorded"


def _born(one: str, other: str) -> str:
    year = (one or other)[:4]
    if not year.isdigit():
        return "not known"
    return next((words for start, words in BORN if int(year) >= start), "1939 or earlier")


def _postcode(one: str, other: str) -> str:
    if not (one and other):
        return UNKNOWN
    return "same" if one == other else "another, moved"


def _surname(one: str, other: str) -> str:
    if not (one and other):
        return UNKNOWN
    if one == other:
        return "same"
    return "spelt otherwise" if jellyfish.damerau_levenshtein_distance(one, other) <= SLIPS else "changed"


def _list(one: str, other: str, lists: Mapping[str, str]) -> str:
    return lists.get(one) or lists.get(other) or "on no list"
