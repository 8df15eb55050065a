"""What planted controls say of a round: tallies by class and list of names, and the figures on them with exact limits. Pure.

A match is planted where both the prison service and an authority planted it; a look-alike, where the prison service did. Figures
are on controls: their mix of classes is the agreed one, not the round's. Classes harder than a round's people are shown by themselves.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, Self

from schemas.controls import HARDER, NON_MATCHES, ControlClass
from validation.quality.limits import interval, misidentification

MILLE: Final = 1_000
MILLION: Final = 1_000_000


class Tally(NamedTuple):
    """Of the controls of one class and list of names: how many, and what became of them.

    `looked_at` had a pair of both sides opened; a look-alike, a pair with anybody. Of matches, `right` would be released and `review` came near; `wrong` counts
    findings that would be released and join a control with somebody else.
    """

    planted: int = 0
    looked_at: int = 0
    right: int = 0
    review: int = 0
    wrong: int = 0

    def plus(self, other: "Tally") -> Self:
        """Return both together."""
        return type(self)(*(one + two for one, two in zip(self, other, strict=True)))


Tallies = Mapping[str, Tally]  # by class and list of names, as `tally_key` joins them
_SEPARATOR: Final = "|"


def tally_key(kind: ControlClass, name_list: str) -> str:
    """Return the key of one class and list of names."""
    return f"{kind}{_SEPARATOR}{name_list}"


def pooled(rounds: Iterable[Tallies]) -> dict[str, Tally]:
    """Return the tallies of several rounds together."""
    total: dict[str, Tally] = {}
    for tallies in rounds:
        for key, tally in tallies.items():
            total[key] = total.get(key, Tally()).plus(tally)
    return total


def summed(tallies: Iterable[Tally]) -> Tally:
    """Return the sum of tallies."""
    total = Tally()
    for tally in tallies:
        total = total.plus(tally)
    return total


def summed_like_people(tallies: Tallies) -> Tally:
    """Return the sum over the classes that are no harder than a round's people: what shares of released controls are of."""
    return summed(tally for key, tally in tallies.items() if _class(key) not in HARDER)


def figures(tallies: Tallies, *, misidentified_per_million: int) -> dict[str, Any]:
    """Return precision, recall, misidentification and share in review with limits at 95 %, in all, by class and by list of names."""
    like_people, matches = summed_like_people(tallies), summed(tally for key, tally in tallies.items() if _class(key) not in NON_MATCHES)
    released = like_people.right + like_people.wrong
    return {
        "controls": summed(tallies.values()).planted,
        "matches": matches.planted,
        "precision": _share(like_people.right, released),
        "recall": _share(matches.right, matches.planted),
        "review": _share(matches.review, matches.planted),
        "misidentification": misidentification(released, like_people.wrong, misidentified_per_million / MILLION),
        "by_class": {kind.value: _group(_of(tallies, 0, kind), is_match=kind not in NON_MATCHES) for kind in _classes(tallies)},
        "by_names": {name: _group(_matches(tallies, name), is_match=True) for name in sorted({_names(key) for key in tallies})},
    }


def groups_below(found: Mapping[str, Any], recall_floor_per_mille: int) -> list[str]:
    """Return in words each group of matches whose recall is below the agreed floor, out of what `figures` returned."""
    return [
        f"{group}: recall {said['recall']['share']:.0%} of {said['planted']} on controls "
        f"({said['recall']['lower_95']:.0%} to {said['recall']['upper_95']:.0%}), agreed at least {recall_floor_per_mille / MILLE:.0%}"
        for by in ("by_class", "by_names")
        for group, said in found[by].items()
        if "recall" in said and said["planted"] and said["right"] * MILLE < recall_floor_per_mille * said["planted"]
    ]


def _group(tally: Tally, *, is_match: bool) -> dict[str, Any]:
    counted = tally._asdict()
    if not is_match:
        return {name: counted[name] for name in ("planted", "looked_at", "wrong")}
    return {**counted, "recall": _share(tally.right, tally.planted)}


def _share(count: int, of: int) -> dict[str, float | int | None]:
    lower, upper = interval(count, of)
    return {
        "count": count,
        "of": of,
        "share": round(count / of, 4) if of else None,
        "lower_95": round(lower, 4),
        "upper_95": round(upper, 4),
    }


def _classes(tallies: Tallies) -> Sequence[ControlClass]:
    present = {_class(key) for key in tallies}
    return [kind for kind in ControlClass if kind in present]


def _of(tallies: Tallies, part: int, value: str) -> Tally:
    return summed(tally for key, tally in tallies.items() if key.split(_SEPARATOR)[part] == value)


def _matches(tallies: Tallies, name_list: str) -> Tally:
    return summed(tally for key, tally in tallies.items() if _names(key) == name_list and _class(key) not in NON_MATCHES)


def _class(key: str) -> ControlClass:
    return ControlClass(key.split(_SEPARATOR, maxsplit=1)[0])


def _names(key: str) -> str:
    return key.split(_SEPARATOR)[1]
