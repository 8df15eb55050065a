"""Which of an authority's own records it is asked about: always as many, the fewer part of them in review. Pure.

The rest are drawn at random from its children's filters, of whom there is no finding. One with a finding is never among those: an
authority knows which were released to it, and leaving them out would make the others likelier to be in review. Some filters stand for
nobody, or for another name of a child; the desk skips them. So at most two of five are in review: with up to a third of filters such, no record
is likelier to be in review than not. Of an authority with few children fewer in review are asked about; ids of nobody make up the number.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa

from linkage.findings.people import People
from linkage.release.policy import Decided
from schemas.byte_columns import Bytes2D
from schemas.joins import PERSON_BYTES

Draw = Callable[[int], bytes]  # random bytes, as many as asked for
ASKED = pa.schema([pa.field("authority", pa.string(), nullable=False), pa.field("child", pa.binary(PERSON_BYTES), nullable=False)])


def asked_table(
    frames: Mapping[str, Bytes2D],
    people: People,
    decided: Iterable[Decided],
    *,
    number: int,
    draw: Draw,
    never: Mapping[str, Collection[bytes]],
) -> pa.Table:
    """Return whom to ask each authority about: `number` rows for each, whatever was found.

    Args:
        frames: ids of every authority's children to draw from, shape (ids, 16); of no row where it sent nothing.
        people: of the round's findings.
        decided: what the policy says of the children of whom there are findings.
        number: of the agreement.
        draw: what chooses at random.
        never: ids that nobody may be asked about, by authority.
    """
    found: dict[str, list[tuple[bytes, bool]]] = defaultdict(list)
    for item in sorted(decided, key=lambda item: (-item.weight_centibits, item.child)):
        found[item.child.organisation].append((people.id("children", item.child), item.decision == "review"))
    asked: list[tuple[str, bytes]] = []
    for name, frame in frames.items():
        review = [child for child, is_review in found[name] if is_review and _is_in(child, frame)]
        skip = {child for child, _ in found[name]} | {*never.get(name, ())}
        asked += [(name, child) for child in choose(review, frame, skip, number=number, draw=draw)]
    return pa.Table.from_pylist([{"authority": name, "child": child} for name, child in asked], schema=ASKED)


def choose(review: Sequence[bytes], frame: Bytes2D, skip: Collection[bytes], *, number: int, draw: Draw) -> list[bytes]:
    """Return `number` ids in random order: the first of `review`, at most two of five; of `frame`, none of `skip`; ids of nobody.

    Never more of `review` than others were found.
    """
    others = _drawn(frame, skip, number, draw)
    chosen = review[: min(2 * number // 5, len(others))]
    wanted = [*chosen, *others[: number - len(chosen)]]
    wanted += nobody(number - len(wanted), draw)
    return [wanted[place] for place in _places(len(wanted), draw)]


def nobody(number: int, draw: Draw) -> list[bytes]:
    """Return ids that stand for nobody."""
    return [draw(PERSON_BYTES) for _ in range(number)]


def _drawn(frame: Bytes2D, skip: Collection[bytes], number: int, draw: Draw) -> list[bytes]:
    """Return up to `number` different ids of `frame` at random, none of `skip`."""
    found: list[bytes] = []
    for place in _places(len(frame), draw):
        if len(found) == number:
            break
        if (own := frame[place].tobytes()) not in skip:
            found.append(own)
    return found


def _places(size: int, draw: Draw) -> Iterable[int]:
    """Yield every place below `size` once, in random order."""
    seen: set[int] = set()
    while len(seen) < size:
        place = int.from_bytes(draw(PERSON_BYTES)) % size
        if place not in seen:
            seen.add(place)
            yield place


def _is_in(child: bytes, frame: Bytes2D) -> bool:
    return bool((frame == np.frombuffer(child, dtype=np.uint8)).all(axis=1).any())
