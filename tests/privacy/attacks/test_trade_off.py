"""What bits and t cost and buy: attacks beside candidate recall, on invented people nobody tuned on. With KINLINK_PROVE=1 the whole table."""

import os
from itertools import islice

import numpy as np
import pytest

from flows.bench.people import people, recorded
from parties.encoding.keystream import Keystream
from parties.risk.attacked import PLAIN, Strength, expected_likeness, signs
from parties.risk.attacks import attack
from parties.risk.samples import values_of
from schemas.agreement import PROJECTIONS, Search
from tests.privacy.attacks.people import SEED, dense, key, target, values

SCHEMAS_BITS, TOP = 150, 10
SHOWN = ("graph", "fifty_seeds", "known_1000", "dense_graph", "dense_fifty_seeds")
WHOLE_TABLE = [(bits, t) for bits in (200, 150, 100, 67) for t in (9, 11, 13)]
TABLE = WHOLE_TABLE if os.environ.get("KINLINK_PROVE") else [(150, 11), (67, 9)]
PEOPLE = 3_000


def strength(bits, t):
    return Strength(t, -(-bits * 1_000 // SCHEMAS_BITS))


def recall(made):
    """Return the share of people whose records at two sites are candidates in some projection: at the cut, among the best ten."""
    found = set()
    for projection in PROJECTIONS:
        left, right = (
            values_of(recorded(islice(people(SEED), PEOPLE), site, SEED), projection) for site in ("reception", "authority_child")
        )
        seen = [signs(target(projection, made).filters(list(side.values()))) for side in (left, right)]
        dice = coefficients(*seen)
        best = np.argpartition(-dice, TOP, axis=1)[:, :TOP]
        whose = np.array(list(right))
        for person, row, others in zip(left, dice, best, strict=True):
            found |= {person} & set(whose[others[row[others] >= Search().cut_per_mille / 1_000]].tolist())
    return len(found) / PEOPLE


def coefficients(left, right):
    """Return the Dice coefficients of all pairs of filters."""
    agreed = expected_likeness(left, right, PLAIN) * left.shape[1]
    weights = (left.sum(axis=1)[:, None] + right.sum(axis=1) + 2 * left.shape[1]) / 2
    return (agreed + 2 * weights - left.shape[1]) / (2 * weights)


def read(name, made):
    """Return the share that an attack reads of names and dates of birth."""
    return attack(name, target("A", made), values("A"), dense(), Keystream(key(name))).share


@pytest.mark.slow
@pytest.mark.parametrize(("bits", "t"), TABLE)
def test_a_strength_has_its_price(bits, t, figure):
    made = strength(bits, t)
    shares = {name: read(name, made) for name in SHOWN}
    figure(
        f"{bits} bits, t = {t}",
        "ADR 0021",
        ", ".join(f"{name} {share:.3f}" for name, share in shares.items()) + f", recall {recall(made):.3f}",
    )
    assert recall(made) > 0.8
    if bits * t < 1_000:
        assert shares["known_1000"] > 0.95
    if bits * t >= 2_000:
        assert shares["known_1000"] < 0.10
