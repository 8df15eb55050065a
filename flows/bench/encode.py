"""Encoding beside clkhash: the three shipped schemas, one worker each, the same filters bit for bit.

Each side gets people as its own reader would give them: ours Arrow columns, clkhash rows. clkhash is spared its validation of
values, which ours does not do at this place either. Both remember the tokens they met. Cold: they have met nobody. Warm: they have
met the first people before; clkhash then gets the very same ones again, ours ten times as many.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

import numpy as np
import pyarrow as pa
from bitarray import bitarray
from clkhash import bloomfilter
from clkhash.clk import generate_clks

from flows.bench.people import LARGER_SITE, Filters, Values, people, recorded, values
from flows.bench.race import OURS, Arrays, Pairing, Race, Runner, scaled
from parties.encoding.clk import linkage_schema
from parties.encoding.clk_encoder import ClkEncoder
from schemas.agreement import PROJECTIONS, Projection

COLD, WARM = 40_000, 400_000
GROWTH = (10_000, 40_000, 100_000, 400_000)
PEER, WARM_PEER, WARM_OURS = "clkhash", "clkhash, warm", "kinlink, warm"
SECRET = bytes(32)

Encoders = Mapping[Projection, ClkEncoder]


@dataclass(frozen=True, repr=False)
class Read:
    """What one projection reads of some people: the same as rows and as columns."""

    rows: Values
    columns: Sequence[pa.Array]

    def first(self, size: int) -> "Read":
        """Return the first of them."""
        return Read(self.rows[:size], [column.slice(0, size) for column in self.columns])


People = Mapping[Projection, Read]


def made_people(seed: int, share: float) -> People:
    """Return what each projection reads of invented people; one passes over those that lack a field."""
    rows = recorded(islice(people(seed), scaled(WARM, share)), LARGER_SITE, seed)
    return {projection: read(values(rows, projection)) for projection in PROJECTIONS}


def read(rows: Values) -> Read:
    """Return rows with their columns."""
    return Read(rows, [pa.array([row[at] for row in rows], pa.large_string()) for at in range(len(rows[0]))])


def races(many: People, share: float) -> Iterator[Race]:
    """Yield the one race of encoding."""
    few = first(many, scaled(COLD, share))
    warm_ours = Runner(WARM_OURS, total(many), partial(encode, many), partial(read_first, few), ready=lambda: (warm(few),))
    warm_peer = Runner(WARM_PEER, total(few), partial(encode_as_peer, few), read_peer)
    pairings = (Pairing("encode cold 40,000", OURS, PEER), Pairing("encode warm 400,000", WARM_OURS, WARM_PEER))
    yield Race("filters", (ours(few), peer(few), warm_ours, warm_peer), pairings)


def growth(many: People, share: float) -> Iterator[tuple[int, Race]]:
    """Yield a cold race for each number of people."""
    for size in (scaled(full, share) for full in GROWTH):
        found = first(many, size)
        yield size, Race("filters", (ours(found), peer(found)), (Pairing(f"encode {size:,}", OURS, PEER),))


def ours(found: People) -> Runner:
    """Return our encoder, with empty tables at each lap."""
    return Runner(OURS, total(found), partial(encode, found), partial(read_first, found), ready=lambda: (cold(),))


def peer(found: People) -> Runner:
    """Return clkhash, with empty caches at each lap."""
    return Runner(PEER, total(found), partial(encode_as_peer, found), read_peer, ready=forget)


def encode(found: People, encoders: Encoders) -> list[Filters]:
    """Encode with this project's encoder."""
    return [encoders[projection].encode(item.columns) for projection, item in found.items()]


def encode_as_peer(found: People) -> list[list[bitarray]]:
    """Encode with clkhash."""
    return [
        generate_clks(item.rows, linkage_schema(projection), SECRET, validate=False, max_workers=1) for projection, item in found.items()
    ]


def forget() -> tuple[()]:
    """Empty clkhash's caches."""
    for function in vars(bloomfilter).values():
        if hasattr(function, "cache_clear"):
            function.cache_clear()
    return ()


def read_first(found: People, clks: list[Filters]) -> Arrays:
    """Return our filters of those in `found`, who come first."""
    return tuple(filters[: len(item.rows)] for item, filters in zip(found.values(), clks, strict=True))


def read_peer(clks: list[list[bitarray]]) -> Arrays:
    """Return clkhash's filters as rows of bytes."""
    return tuple(np.frombuffer(b"".join(item.tobytes() for item in rows), dtype=np.uint8).reshape(len(rows), -1) for rows in clks)


def cold() -> Encoders:
    """Return encoders that have met nobody."""
    return {projection: ClkEncoder(linkage_schema(projection), SECRET) for projection in PROJECTIONS}


def warm(met: People) -> Encoders:
    """Return encoders that have met some people."""
    encoders = cold()
    encode(met, encoders)
    return encoders


def first(found: People, size: int) -> People:
    """Return the first of each projection."""
    return {projection: item.first(size) for projection, item in found.items()}


def total(found: People) -> int:
    """Return how many filters there are to make."""
    return sum(len(item.rows) for item in found.values())
