"""Invented people for attacks: adults with families, and the sample that is hardest to hide."""

from functools import cache
from itertools import islice

from flows.bench.people import people, recorded
from parties.keys.derive import derive
from parties.risk.attacked import PLAIN, Strength, Target
from parties.risk.samples import dense_order, values_of
from schemas.agreement import Encoding

POOL, SEED = 20_000, 21
T = Encoding.model_fields["diffusion"].default
SHIPPED, UNDIFFUSED = Strength(T), Strength(PLAIN)
STRONGER = Strength(13, 1_333)


@cache
def rows(size=POOL, seed=SEED):
    return recorded(islice(people(seed), size), "authority_child", seed)


@cache
def values(projection, size=POOL, seed=SEED):
    return values_of(rows(size, seed), projection)


@cache
def dense(size=POOL, seed=SEED):
    return dense_order(rows(size, seed))


def target(projection, strength, number=0):
    """Return a target under keys of its own."""
    return Target("adults", projection, strength, key(f"sent {number}"), key(f"own {number}"))


def key(use):
    return derive(bytes(32), "attacks", use)
