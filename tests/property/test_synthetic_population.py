"""A population is a function of its seed, and its blocks do not depend on each other."""

import hashlib

from hypothesis import given, settings
from hypothesis import strategies as st

from validation.synthetic import write_population
from validation.synthetic.population import BLOCK_PEOPLE


def digests(out):
    """Return the digest of every file."""
    return {str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest() for path in out.rglob("*.csv")}


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**64), people=st.integers(1, 600), prevalence=st.floats(0, 1))
def test_the_same_seed_gives_the_same_bytes(tmp_path_factory, seed, people, prevalence):
    made = [tmp_path_factory.mktemp("made") for _ in range(2)]
    first, second = (write_population(out, people=people, seed=seed, prevalence=prevalence) for out in made)
    assert first == second
    assert first.people == people
    assert digests(made[0]) == digests(made[1])


def test_another_seed_gives_other_people(tmp_path):
    for seed in (1, 2):
        write_population(tmp_path / str(seed), people=300, seed=seed)
    assert digests(tmp_path / "1")["truth/people.csv"] != digests(tmp_path / "2")["truth/people.csv"]


def test_a_smaller_population_is_the_beginning_of_a_larger_one(tmp_path):
    for blocks in (1, 3):
        write_population(tmp_path / str(blocks), people=blocks * BLOCK_PEOPLE, seed=5)
    for path in (tmp_path / "1").rglob("*.csv"):
        larger = (tmp_path / "3" / path.relative_to(tmp_path / "1")).read_bytes()
        assert larger.startswith(path.read_bytes())
