"""Which of an authority's own records it is asked about: always as many, at most half of them in review. Pure.

The rest are drawn at random from all its children of whom there is no finding. One with a finding is never among those: an
authority knows which were released to it, and leaving them out would make the others likelier to be in review. Of an
authority with few children fewer in review are asked about, so that none is likelier than not to be one; ids of nobody make up the number.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

import pyarrow as pa

from linkage.findings.people import People
from linkage.release.policy import Decided
from schemas.joins import PERSON_BYTES

Draw = Callable[[int], bytes]  # random bytes, as many as asked for
ASKED = pa.schema([pa.field("authority", pa.string(), nullable=False), pa.field("child", pa.binary(PERSON_BYTES), nullable=False)])


def asked_table(
    children: Mapping[str, Sequence[bytes]], people: People, decided: Iterable[Decided], *, number: int, draw: Draw
) -> pa.Table:
    """Return whom to ask each authority about: `number` rows for each, whatever was found.

    Args:
        children: person ids of all children of every authority; none of one that sent nothing.
        people: of the round's findings.
        decided: what the policy says of the children of whom there are findings.
        number: of the agreement.
        draw: what chooses at random.
    """
    found: dict[str, list[tuple[bytes, bool]]] = {name: [] for name in children}
    for item in sorted(decided, key=lambda item: (-item.weight_centibits, item.child)):
        found[item.child.organisation].append((people.id("children", item.child), item.decision == "review"))
    asked: list[tuple[str, bytes]] = []
    for name, own in children.items():
        with_finding = dict(found[name])
        review = [child for child, is_review in found[name] if is_review]
        others = [child for child in own if child not in with_finding]
        asked += [(name, child) for child in choose(review, others, number=number, draw=draw)]
    return pa.Table.from_pylist([{"authority": name, "child": child} for name, child in asked], schema=ASKED)


def choose(review: Sequence[bytes], others: Sequence[bytes], *, number: int, draw: Draw) -> list[bytes]:
    """Return `number` ids in random order: the first of `review`, at most half and no more than there are others; others; ids of nobody."""
    wanted = list(review[: min(number // 2, len(others))])
    wanted += _picked(others, number - len(wanted), draw)
    wanted += nobody(number - len(wanted), draw)
    return _picked(wanted, number, draw)


def nobody(number: int, draw: Draw) -> list[bytes]:
    """Return ids that stand for nobody."""
    return [draw(PERSON_BYTES) for _ in range(number)]


def _picked(ids: Sequence[bytes], number: int, draw: Draw) -> list[bytes]:
    """Return as many of `ids`, at random and in random order; all, where there are fewer."""
    places = dict[int, None]()
    while len(places) < min(number, len(ids)):
        places[int.from_bytes(draw(PERSON_BYTES)) % len(ids)] = None
    return [ids[place] for place in places]
