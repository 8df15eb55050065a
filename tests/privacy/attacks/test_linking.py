"""Do filters tell which of them are one person's: across projections of one submission, or across rounds?"""

from functools import cache

import numpy as np
import pytest

from parties.encoding.encode import encode_population
from parties.encoding.normalise import NORMALISER, normaliser_digest
from parties.risk.attacked import signs
from parties.risk.traits import TRAITS, paired_by
from schemas.agreement import PROJECTIONS, Encoding
from schemas.linkage import schemas_digest
from tests.privacy.attacks.people import SHIPPED, UNDIFFUSED, dense, key, rows, target, values
from validation.quality.limits import lower_limit

PEOPLE, SUBMISSIONS = 1_500, 2
PAIRS = [(one, other) for at, one in enumerate(PROJECTIONS) for other in PROJECTIONS[at + 1 :]]
ENCODING = Encoding(schemas_digest=schemas_digest(), normaliser=NORMALISER, normaliser_digest=normaliser_digest())


@cache
def submitted(seed):
    """Return the filters of a submission by projection, and whose each is: the person's number, or -1 of a fill."""
    made = encode_population(
        rows(PEOPLE, seed), population="adults", round_key=key("round"), round_id="r", local_secret=key(f"local {seed}"), encoding=ENCODING
    )
    number = {person.tobytes(): at for at, person in enumerate(made.persons)}
    person = {pseudonym.tobytes(): number[whose.tobytes()] for whose, pseudonym in zip(*made.joins, strict=True)}
    whose = {projection: np.array([person.get(one.tobytes(), -1) for one in made.pseudonyms[projection]]) for projection in PROJECTIONS}
    return {projection: signs(made.clks[projection]) for projection in PROJECTIONS}, whose


def paired(trait, whose, filters):
    """Return how many filters of a person are paired with one of the same person's, over all pairs of projections, and of how many."""
    draw, right, asked = np.random.default_rng(3), 0, 0
    for one, other in PAIRS:
        guesses = whose[other][paired_by(trait(filters[one]), trait(filters[other]), draw)]
        genuine = whose[one] >= 0
        right, asked = right + int((guesses == whose[one])[genuine].sum()), asked + int(genuine.sum())
    return right, asked


@pytest.mark.slow
@pytest.mark.parametrize("trait", TRAITS)
def test_which_filters_of_a_submission_are_one_persons_is_at_chance(trait, figure):
    found = [paired(TRAITS[trait], whose, filters) for filters, whose in map(submitted, range(SUBMISSIONS))]
    right, asked = (sum(column) for column in zip(*found, strict=True))
    chance = 1 / (asked / len(PAIRS) / SUBMISSIONS)
    figure(f"one person's filters paired by {trait}", f"at most {2 * chance:.5f}, twice chance", f"{right / asked:.5f}")
    assert lower_limit(right, asked) <= 2 * chance


def test_in_one_order_for_all_projections_they_would_be_paired_by_their_places():
    filters, whose = submitted(0)
    everywhere = set.intersection(*(set(people.tolist()) for people in whose.values())) - {-1}
    order = {name: [at for at in np.argsort(people, kind="stable") if people[at] in everywhere] for name, people in whose.items()}
    first = {name: list(dict(reversed([(whose[name][at], at) for at in rows])).values())[::-1] for name, rows in order.items()}
    right, asked = paired(
        TRAITS["place"], {name: whose[name][at] for name, at in first.items()}, {name: filters[name][at] for name, at in first.items()}
    )
    assert asked == len(everywhere) * len(PAIRS)
    assert right / asked >= 0.95


def best(seen, others):
    """Return the most alike of `others` for each filter."""
    return (seen @ others.T).argmax(axis=1)


def test_the_same_people_in_another_round_are_at_chance(figure):
    chosen = list(values("A", 2_000).values())[:1_000]
    this, later = (signs(target("A", SHIPPED, number).filters(chosen)) for number in (0, 1))
    right = int((best(this, later) == np.arange(len(chosen))).sum())
    figure("the same people found in another round", "at most .003", f"{right / len(chosen):.3f}")
    assert right / len(chosen) <= 0.003
    assert (best(this, this) == np.arange(len(chosen))).mean() >= 0.95


def neighbourhoods(filters):
    """Return how alike each filter's five nearest are, in order: what a family of near filters shows under any key."""
    like = filters @ filters.T
    np.fill_diagonal(like, -np.inf)
    return np.sort(like, axis=1)[:, -5:]


def families_found(strength):
    """Return the share of people in family-dense households whom their neighbours' likeness, in another round, takes to their own household."""
    everybody, made = rows(), values("A")
    first = {person: at for at, person in reversed(list(enumerate(everybody.person)))}
    chosen = [person for person in dense() if person in made][:1_000]
    homes = [(everybody.address[first[person]], everybody.postcode[first[person]]) for person in chosen]
    this, later = (neighbourhoods(signs(target("A", strength, number).filters([made[person] for person in chosen]))) for number in (0, 1))
    guesses = ((this[:, None] - later[None]) ** 2).sum(axis=2).argmin(axis=1)
    return float(np.mean([homes[guess] == home for guess, home in zip(guesses, homes, strict=True)]))


def test_the_same_families_in_another_round_are_hardly_found(figure):
    found = {"undiffused": families_found(UNDIFFUSED), "shipped": families_found(SHIPPED)}
    figure("the same families found in another round, undiffused", "at least .06", f"{found['undiffused']:.3f}")
    figure("the same families found in another round", "at most .02 (chance .003)", f"{found['shipped']:.3f}")
    assert found["undiffused"] >= 0.06
    assert found["shipped"] <= 0.02


@pytest.mark.parametrize("strength", [UNDIFFUSED, SHIPPED])
def test_whoever_has_the_key_reads_everybody(strength):
    """The accepted limit: no encoding withstands its key. Keys of one round, and who holds them, are the defence."""
    made, chosen = target("A", strength), list(values("A", 2_000).values())[:1_000]
    seen = signs(made.filters(chosen))[::-1]
    assert (best(seen, signs(made.filters(chosen)))[::-1] == np.arange(len(chosen))).mean() >= 0.99
