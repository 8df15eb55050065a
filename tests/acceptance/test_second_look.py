"""A second look from slots to opened pairs, by the real code of both sides."""

from collections import Counter

import numpy as np
import pytest

from linkage.search.engine import FilterPairs
from linkage.second_look.opening import Outcome, open_pairs
from linkage.second_look.requests import assign, request_table, slot_nonces
from schemas.agreement import PROJECTIONS
from schemas.second_look import N_TAGS
from schemas.slots import VOLUMES, byte_columns
from tests.acceptance.second_look import Party, answers_of, invented, party, random_ids, slots_of

SLOTS, EACH, FILLS = sum(VOLUMES["referral"]["A"]), VOLUMES["referral"]["A"].first, 2
PEOPLE = invented(40, 5)
LEFT, RIGHT = PEOPLE[:25], PEOPLE[15:]  # ten in common
LAST = PROJECTIONS[-1]


def drawn(size):
    return random_ids(88, size // 16).tobytes()


class Look:
    """One wave between two parties."""

    def __init__(self, left: Party, right: Party, pairs, projection=LAST):
        self.left, self.right, self.projection = left, right, projection
        ours, theirs = left.own[projection], right.own[projection]
        self.slots = slots_of(ours, each=SLOTS)
        rows = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        self.assigned = assign(FilterPairs(rows[:, 0], rows[:, 1], np.linspace(1, 0.6, len(rows))), slots=EACH, each=EACH)
        nonces = slot_nonces(self.slots, ours.pseudonyms, each=SLOTS)[self.assigned.left, self.assigned.slot]
        self.requests = byte_columns(request_table(self.assigned.right, nonces, theirs.pseudonyms, each=EACH, draw=drawn))
        self.answers = answers_of(theirs, self.requests, each=EACH)

    def opened(self, answers=None):
        return open_pairs(self.slots, self.requests, answers or self.answers)


@pytest.fixture(scope="module")
def parties():
    return party(LEFT, 30, fills=FILLS), party(RIGHT, 50, fills=FILLS)


@pytest.fixture(scope="module")
def look(parties):
    pairs = [(15 + at, at) for at in range(10)] + [(0, 3), (15, 7), (len(LEFT), 5), (6, len(RIGHT))]  # the last two with a fill
    return Look(*parties, pairs)


def people(opened, look):
    """Return the rows of the persons that pairs stand for."""
    number = [{person.tobytes(): row for row, person in enumerate(side.persons)} for side in (look.left, look.right)]
    return {(number[0][one.person], number[1][other.person]) for one, other in zip(opened.left_joins, opened.right_joins, strict=True)}


def test_every_candidate_of_two_people_opens_and_stands_for_them(look):
    opened = look.opened()
    assert people(opened, look) == {(15 + at, at) for at in range(10)} | {(0, 3), (15, 7)}
    assert opened.counts == {
        Outcome.OPENED: 12,
        Outcome.FILL: 2,
        Outcome.SHUT: EACH * (len(RIGHT) + FILLS) - 14,
        Outcome.UNANSWERED: 0,
    }


def test_opened_pairs_carry_the_pseudonyms_of_the_candidates(look):
    opened = look.opened()
    ours, theirs = look.left.own[LAST].pseudonyms, look.right.own[LAST].pseudonyms
    wanted = {(ours[one].tobytes(), theirs[other].tobytes()) for one, other in zip(look.assigned.left, look.assigned.right, strict=True)}
    assert {(one.tobytes(), other.tobytes()) for one, other in zip(opened.left, opened.right, strict=True)} < wanted


def test_one_person_has_more_equal_tags_than_two(look):
    opened = look.opened()
    equal = (opened.left_tags == opened.right_tags).sum(axis=1)
    number = {person.tobytes(): row for row, person in enumerate(look.left.persons)}
    others = {person.tobytes(): row for row, person in enumerate(look.right.persons)}
    same = np.array(
        [number[one.person] == 15 + others[other.person] for one, other in zip(opened.left_joins, opened.right_joins, strict=True)]
    )
    assert opened.left_tags.shape == (12, N_TAGS)
    assert equal[same].min() > 25 > equal[~same].max()


def test_pairs_come_in_the_order_of_their_nonces_whatever_the_answers_order(look):
    turned = {name: column[::-1] for name, column in look.answers.items()}
    assert np.array_equal(look.opened().left, look.opened(turned).left)


def test_requests_and_answers_are_as_many_with_no_match_as_with_all(parties):
    none, some = Look(*parties, []), Look(*parties, [(15 + at, at) for at in range(10)])
    for name in ("requests", "answers"):
        shapes = [{column: getattr(made, name)[column].shape for column in getattr(made, name)} for made in (none, some)]
        assert shapes[0] == shapes[1]
    asked = [Counter(pseudonym.tobytes() for pseudonym in made.requests["pseudonym"]) for made in (none, some)]
    assert asked[0] == asked[1]
    assert none.opened().counts[Outcome.OPENED] == 0


def test_a_dummys_answer_stays_shut_with_everything_that_the_service_has(parties):
    made = Look(*parties, [])
    assert made.opened().counts == {Outcome.OPENED: 0, Outcome.SHUT: EACH * (len(RIGHT) + FILLS), Outcome.UNANSWERED: 0}
    foreign_slots = {**made.slots, "nonce": made.requests["nonce"][: len(made.slots["nonce"])].copy()}
    tried = open_pairs({name: column[: len(foreign_slots["nonce"])] for name, column in foreign_slots.items()}, made.requests, made.answers)
    assert tried.counts[Outcome.OPENED] == 0
    assert tried.counts[Outcome.DAMAGED] == len(foreign_slots["nonce"])


@pytest.mark.parametrize("name", ["opener", "join"])
def test_a_damaged_half_is_counted_and_the_others_open(look, name):
    spoilt = {column: rows.copy() for column, rows in look.answers.items()}
    real = {nonce.tobytes() for nonce in look.slots["nonce"]}
    row = next(at for at, nonce in enumerate(look.answers["nonce"]) if nonce.tobytes() in real)
    spoilt[name][row, 5] ^= 1
    opened = look.opened(spoilt)
    assert opened.counts[Outcome.DAMAGED] == 1
    assert opened.counts[Outcome.OPENED] + opened.counts[Outcome.FILL] == 13


def test_answers_that_are_missing_foreign_or_given_twice_are_counted_and_stop_nothing(look):
    stranger = {name: np.roll(column[:1], 1, axis=1) for name, column in look.answers.items()}
    made = {name: np.concatenate([column[3:], column[-2:], stranger[name]]) for name, column in look.answers.items()}
    opened = look.opened(made)
    assert (opened.counts[Outcome.UNANSWERED], opened.counts[Outcome.FOREIGN]) == (3, 3)
    assert opened.counts[Outcome.OPENED] >= 12 - 3


def test_no_answers_open_nothing(look):
    opened = look.opened({name: column[:0] for name, column in look.answers.items()})
    assert opened.counts == {Outcome.OPENED: 0, Outcome.SHUT: 0, Outcome.UNANSWERED: EACH * (len(RIGHT) + FILLS)}
    assert opened.left_tags.shape == (0, N_TAGS)


def test_answers_of_a_responder_under_another_round_key_open_nothing(parties, look):
    answers = answers_of(parties[1].own[LAST], look.requests, each=EACH, key=bytes(32))
    opened = look.opened(answers)
    assert opened.counts[Outcome.OPENED] == 0
    assert opened.counts[Outcome.DAMAGED] == 14
