"""Graph matching and known plaintext on filters as they are sent. The attacker has exactly these people on his list, and no key.

Each attack is made on undiffused filters too, where it must succeed. At the shipped strength several goals are missed (ADR 0021):
there the test holds what was reached. At the strength of `STRONGER` every goal must be met.
"""

import numpy as np
import pytest

from parties.encoding.keystream import Keystream
from parties.risk.attacked import attacked
from parties.risk.attacks import ATTACKS, Attack, Outcome, attack, outcome
from parties.risk.limits import bars
from schemas.agreement import PROJECTIONS, SelfCheck
from tests.privacy.attacks.people import SHIPPED, STRONGER, UNDIFFUSED, dense, key, target, values

SUCCEEDS = 0.95
GOALS = bars(SelfCheck())
QUICK = 120


# The most that an attack may read of shipped filters, of any projection by itself: a little above what was measured.
REACHED = {
    "graph": 0.04,
    "ten_seeds": 0.03,
    "fifty_seeds": 0.05,
    "known_100": 0.03,
    "known_1000": 0.30,
    "dense_graph": 0.50,
    "dense_fifty_seeds": 0.75,
}


def made(name, projection, strength):
    return attack(name, target(projection, strength), values(projection), dense(), Keystream(key(name)))


def small(strength, planned):
    """Return the outcome of an attack on a few people's names and dates of birth."""
    chosen = list(values("A", 1_000).values())[::3][: planned.asked + planned.known]  # of different families, mostly
    return outcome(attacked(chosen, target("A", strength), np.random.default_rng(1).permutation(len(chosen))), planned)


@pytest.mark.parametrize("planned", [Attack("random", QUICK), Attack("random", 200, 100, by_graph=False)], ids=["graph", "known"])
def test_a_few_people_are_read_off_plain_filters_and_hardly_off_shipped_ones(planned):
    assert small(UNDIFFUSED, planned).share >= SUCCEEDS
    assert small(SHIPPED, planned).share <= 0.20
    assert small(STRONGER, planned).share <= 0.10


def test_too_few_people_are_not_asked_about():
    few = dict(list(values("A", 1_000).items())[:40])
    assert attack("graph", target("A", SHIPPED), few, list(few), Keystream(key("few"))) == Outcome(0, 0)


@pytest.mark.slow
@pytest.mark.parametrize("projection", PROJECTIONS)
@pytest.mark.parametrize("name", REACHED)
def test_an_attack_reads_plain_filters_and_no_more_of_shipped_ones_than_is_stated(name, projection, figure):
    found = made(name, projection, SHIPPED)
    figure(
        f"{name}, projection {projection}, read",
        f"at most {GOALS[name]}",
        f"{found.share:.3f} ({found.lower_95:.3f} to {found.upper_95:.3f})",
    )
    assert found.lower_95 <= REACHED[name]
    assert made(name, projection, UNDIFFUSED).share >= 0.9


@pytest.mark.slow
@pytest.mark.parametrize("name", ATTACKS)
def test_a_stronger_encoding_meets_every_goal(name, figure):
    found = made(name, "A", STRONGER)
    figure(f"{name}, 200 bits and t = 13, read", f"at most {GOALS[name]}", f"{found.share:.3f}")
    assert found.lower_95 <= GOALS[name]
