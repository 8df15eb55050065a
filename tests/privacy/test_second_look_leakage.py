"""What slots, requests and answers tell somebody without a key: nothing about values, blanks, lengths, fills or matches.

Each attack is also made on what is protected worse, where it must succeed: an attack that never works proves nothing.
"""

import numpy as np
import pytest

from parties.risk.alignment import frequency_guesses, graph_guesses
from parties.risk.separation import auc, linear_guesses
from parties.second_look.evidence import tags
from schemas.agreement import PROJECTIONS
from schemas.second_look import LABELS, N_TAGS, POSITIONS, PRESENT
from tests.acceptance.second_look import components_of, invented, party, random_ids, slots_of

PEOPLE, FILLS, PAIRS, RIDGE = 3_000, 400, 10_000, 500.0
CHANCE = (0.48, 0.52)
SURNAME = [place for name in ("surname", "surname.sound", "surname.near") for place in range(N_TAGS)[POSITIONS[name]]]
MIDDLE = [place for name in ("middle", "middle.initial") for place in range(N_TAGS)[POSITIONS[name]]]
TELLING = [place for place, label in enumerate(LABELS) if label != "sex" and not label.startswith(PRESENT)]
BAND = range(N_TAGS)[POSITIONS["surname"]]


class Sent:
    """What one uploader sends, in the order of its records, and what it never sends."""

    def __init__(self):
        self.party = party(invented(PEOPLE, 11), 60, fills=FILLS)
        self.own = self.party.own[PROJECTIONS[-1]]
        self.slots = slots_of(self.own, each=1)
        row = {pseudonym.tobytes(): at for at, pseudonym in enumerate(self.own.pseudonyms)}
        order = np.argsort([row[pseudonym.tobytes()] for pseudonym in self.slots["pseudonym"]])
        self.slots = {name: column[order] for name, column in self.slots.items()}
        self.words = np.ascontiguousarray(self.slots["tags"]).view("<u8")[:PEOPLE]
        self.under_one_key = tags(self.own.digests[:PEOPLE], [bytes(32)] * PEOPLE).view("<u8")
        self.surnames = [record["surname"] for record in self.party.records]


@pytest.fixture(scope="module")
def sent():
    return Sent()


def bits(words):
    """Return the bits of words as numbers, shape (rows, bits)."""
    return np.unpackbits(np.ascontiguousarray(words).view(np.uint8), axis=1).astype(np.float64)


def pairs_by_surname(surnames):
    """Return pairs of records with equal surnames, and pairs with different ones."""
    draw, named = np.random.default_rng(5), np.array(surnames)
    order = np.argsort(named, kind="stable")
    equal = [
        (order[at], order[at + step])
        for step in (1, 2, 3, 5, 9, 17)
        for at in range(PEOPLE - step)
        if named[order[at]] == named[order[at + step]]
    ]
    other = draw.integers(0, PEOPLE, (2 * PAIRS, 2))
    return np.array(equal)[:PAIRS], other[named[other[:, 0]] != named[other[:, 1]]][:PAIRS]


def likeness(words, pairs):
    """Return how many bits of the surname's tags the records of each pair have in common."""
    made = bits(words[:, SURNAME]).astype(np.int8)
    return (made[pairs[:, 0]] == made[pairs[:, 1]]).sum(axis=1)


def test_equal_surnames_in_different_pairs_are_at_chance(sent, figure):
    equal, other = pairs_by_surname(sent.surnames)
    assert min(len(equal), len(other)) > 4_000
    found = auc(likeness(sent.words, equal), likeness(sent.words, other))
    figure("second look, AUC of equal surnames in different pairs", ".48 to .52", f"{found:.3f}")
    assert CHANCE[0] <= found <= CHANCE[1]
    assert auc(likeness(sent.under_one_key, equal), likeness(sent.under_one_key, other)) > 0.99


def share_guessed(features, classes):
    """Return how many classes a classifier gets right that learned on half of the rows, and how many the commonest class would."""
    half = len(classes) // 2
    guesses = linear_guesses(features[:half], classes[:half], features[half:], ridge=RIDGE)
    return float((guesses == classes[half:]).mean()), float(np.bincount(classes[half:]).max() / len(classes[half:]))


def shown(words):
    """Return all that a slot's tags show by themselves: their bits, and how large they are."""
    return np.hstack([bits(words), words / 2.0**64])


def test_the_length_of_a_value_cannot_be_read(sent, figure):
    lengths = np.array([min(len(surname), 12) for surname in sent.surnames])
    found, baseline = share_guessed(shown(sent.words[:, SURNAME]), lengths)
    figure("second look, surname lengths read", f"baseline {baseline:.3f}", f"{found:.3f}")
    assert found < baseline + 0.03


def test_how_many_tags_of_equal_names_are_equal_does_not_count_letters():
    short, long = ({"forename": name, "surname": name + "S"} for name in ("BO", "MAXIMILIANA"))
    ours, theirs = party([short, long], 70).own["A"], party([short, long], 80).own["A"]
    same = tags(ours.digests, [bytes(32)] * 2).view("<u8") == tags(theirs.digests, [bytes(32)] * 2).view("<u8")
    assert same[0].sum() == same[1].sum() > 20


def test_a_blank_cannot_be_told_from_a_value_without_the_partner(sent, figure):
    has = np.array([int(bool(record["middle_names"])) for record in sent.party.records])
    found, baseline = share_guessed(shown(sent.words[:, MIDDLE]), has)
    figure("second look, blanks told from values", f"baseline {baseline:.3f}", f"{found:.3f}")
    assert found < baseline + 0.03
    zeroed = np.where(has[:, None] == 1, sent.words[:, MIDDLE], np.uint64(0))
    assert share_guessed(shown(zeroed), has)[0] > 0.99


def test_a_fills_slot_cannot_be_told_from_a_persons(sent, figure):
    rows = np.concatenate([np.arange(FILLS), PEOPLE + np.arange(FILLS)])
    mixed = np.random.default_rng(2).permutation(len(rows))
    features = np.hstack([bits(sent.slots[name][rows][:, :128]) for name in ("nonce", "tags", "opener", "join")])[mixed]
    found, baseline = share_guessed(features, (rows >= PEOPLE).astype(np.int64)[mixed])
    figure("second look, fills told from people", f"baseline {baseline:.3f}", f"{found:.3f}")
    assert abs(found - 0.5) < 0.08
    assert {sent.slots[name].shape[0] for name in sent.slots} == {PEOPLE + FILLS}


def test_tags_within_one_slot_are_all_different(sent):
    assert min(len(set(row)) for row in sent.words.tolist()) == N_TAGS


def read_by_frequency(words, surnames):
    """Return the share of surnames that the best of the exact name's positions gives away."""
    guesses = [frequency_guesses(words[:, place].tolist(), surnames) for place in BAND]
    return max(float(np.mean([guess == own for guess, own in zip(column, surnames, strict=True)])) for column in guesses)


def test_a_frequency_attack_is_at_chance(sent, figure):
    chance = max(sent.surnames.count(surname) for surname in set(sent.surnames)) / PEOPLE
    found = read_by_frequency(sent.words, sent.surnames)
    figure("second look, surnames read by frequency", f"chance {chance:.4f}", f"{found:.4f}")
    assert found <= chance + 0.005
    assert read_by_frequency(sent.under_one_key, sent.surnames) > 4 * chance


def in_common(rows):
    """Return how many members each two sets have in common, and none with themselves."""
    return np.array([[len(one & other) * (one is not other) for other in rows] for one in rows], dtype=float)


def test_a_graph_attack_is_at_chance(sent, figure):
    size, draw = 60, np.random.default_rng(7)
    texts = components_of(sent.party.records[:size])
    public = in_common([{(LABELS[place], one[place]) for place in TELLING if one[place]} for one in texts])

    def recovered(similarity, starts):
        shuffled = draw.permutation(size)
        return (graph_guesses(similarity[np.ix_(shuffled, shuffled)], public, starts=starts, rng=draw) == shuffled).mean()

    made = bits(sent.words[:size, TELLING]) * 2 - 1
    found = float(np.mean([recovered(made @ made.T, 3) for _ in range(5)]))
    figure("second look, people found by graph matching", f"chance {1 / size:.3f}", f"{found:.3f}")
    assert found <= 3 / size
    assert recovered(in_common([set(row) for row in sent.under_one_key[:size, TELLING].tolist()]), 20) > 0.3


def test_a_dummys_nonce_cannot_be_told_from_a_slots(sent):
    own, dummies = sent.slots["nonce"][:PEOPLE], random_ids(9, PEOPLE)
    mixed = np.random.default_rng(3).permutation(2 * PEOPLE)
    features, classes = bits(np.concatenate([own, dummies]))[mixed], np.repeat([0, 1], PEOPLE)[mixed]
    assert abs(share_guessed(features, classes)[0] - 0.5) < 0.03
