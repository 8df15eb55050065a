"""Requests: the best candidates get slots, what has none is counted, and every filter is asked as often as any other."""

import numpy as np
import pytest

from linkage.search.engine import FilterPairs
from linkage.second_look.requests import assign, request_table, slot_nonces
from schemas.byte_columns import by_bytes
from schemas.errors import SubmissionError
from schemas.slots import byte_columns
from tests.acceptance.second_look import random_ids

FILTERS, EACH = 5, 3


def candidates(*pairs):
    rows = np.array([pair[:2] for pair in pairs], dtype=np.int64).reshape(-1, 2)
    return FilterPairs(rows[:, 0], rows[:, 1], np.array([pair[2] for pair in pairs], dtype=np.float64))


def assigned(made):
    return list(zip(made.left.tolist(), made.right.tolist(), made.slot.tolist(), strict=True))


def drawn(size):
    return random_ids(99, size // 16).tobytes()


def table(right, nonces, *, each=EACH, filters=FILTERS):
    return byte_columns(request_table(np.array(right, dtype=np.int64), nonces, random_ids(1, filters), each=each, draw=drawn))


def test_the_best_candidates_get_slots_first_and_the_others_are_counted():
    made = assign(candidates((0, 0, 0.7), (0, 1, 0.9), (0, 2, 0.8), (1, 0, 0.6)), slots=2, each=3)
    assert assigned(made) == [(0, 1, 0), (0, 2, 1), (1, 0, 0)]
    assert (made.no_slot, made.no_room) == (1, 0)


def test_a_right_filter_is_asked_no_more_often_than_it_may_be():
    made = assign(candidates((0, 0, 0.7), (1, 0, 0.9), (2, 0, 0.8)), slots=2, each=2)
    assert assigned(made) == [(1, 0, 0), (2, 0, 0)]
    assert (made.no_slot, made.no_room) == (0, 1)


def test_a_candidate_without_room_leaves_the_slot_to_the_next():
    made = assign(candidates((0, 0, 0.9), (1, 0, 0.8), (1, 1, 0.7)), slots=1, each=1)
    assert assigned(made) == [(0, 0, 0), (1, 1, 0)]


def test_equal_scores_are_served_by_their_rows_in_whatever_order_they_come():
    pairs = [(left, right, 0.8) for left in range(3) for right in range(3)]
    assert assigned(assign(candidates(*pairs), slots=2, each=2)) == assigned(assign(candidates(*pairs[::-1]), slots=2, each=2))


def test_no_candidates_need_no_slots():
    assert assigned(assign(candidates(), slots=2, each=2)) == []


def test_a_filter_is_asked_equally_often_with_and_without_candidates():
    none, some = table([], random_ids(2, 0)), table([0, 0, 4], random_ids(2, 3))
    for made in (none, some):
        _, counts = np.unique(made["pseudonym"], axis=0, return_counts=True)
        assert counts.tolist() == [EACH] * FILTERS
        assert len(np.unique(made["nonce"], axis=0)) == EACH * FILTERS


def test_every_candidates_nonce_is_asked_of_its_own_filter():
    nonces, pseudonyms = random_ids(2, 3), random_ids(1, FILTERS)
    made = table([0, 0, 4], nonces)
    of = {nonce.tobytes(): pseudonym.tobytes() for nonce, pseudonym in zip(made["nonce"], made["pseudonym"], strict=True)}
    assert [of[nonce.tobytes()] for nonce in nonces] == [pseudonyms[row].tobytes() for row in (0, 0, 4)]


def test_requests_lie_in_the_order_of_their_nonces():
    made = table([0, 4], random_ids(2, 2))
    assert (by_bytes(made["nonce"]) == np.arange(EACH * FILTERS)).all()


def test_more_candidates_than_a_filter_may_be_asked_for_are_a_fault():
    with pytest.raises(ValueError, match="negative"):
        table([0, 0], random_ids(2, 2), each=1)


def slots(filters=FILTERS, each=EACH):
    pseudonyms = random_ids(1, filters)
    order = by_bytes(random_ids(5, filters * each))
    return {"pseudonym": np.repeat(pseudonyms, each, axis=0)[order], "nonce": random_ids(5, filters * each)[order]}


def test_a_filters_slots_are_its_own_in_the_order_of_their_nonces():
    made, pseudonyms = slots(), random_ids(1, FILTERS)
    nonces = slot_nonces(made, pseudonyms, each=EACH)
    owner = {nonce.tobytes(): pseudonym.tobytes() for nonce, pseudonym in zip(made["nonce"], made["pseudonym"], strict=True)}
    for row, own in enumerate(nonces):
        named = [nonce.tobytes() for nonce in own]
        assert named == sorted(named)
        assert {owner[nonce] for nonce in named} == {pseudonyms[row].tobytes()}


def without_a_slot(made):
    return {name: column[1:] for name, column in made.items()}


def with_a_slot_of_another(made):
    return {**made, "pseudonym": np.concatenate([made["pseudonym"][1:2], made["pseudonym"][1:]])}


def of_a_stranger(made):
    return {**made, "pseudonym": np.where(made["pseudonym"] == made["pseudonym"][0], random_ids(66, 1), made["pseudonym"])}


def with_a_nonce_twice(made):
    return {**made, "nonce": np.concatenate([made["nonce"][1:2], made["nonce"][1:]])}


@pytest.mark.parametrize("spoil", [without_a_slot, of_a_stranger, with_a_nonce_twice])
def test_slots_that_are_not_as_agreed_are_refused(spoil):
    with pytest.raises(SubmissionError, match=r"^slots: "):
        slot_nonces(spoil(slots()), random_ids(1, FILTERS), each=EACH)


def test_a_slot_that_stands_under_another_filter_is_refused():
    made = slots()
    other = int(np.flatnonzero((made["pseudonym"] != made["pseudonym"][0]).any(axis=1))[0])
    made["pseudonym"][0] = made["pseudonym"][other]
    with pytest.raises(SubmissionError, match="want 3 for every pseudonym"):
        slot_nonces(made, random_ids(1, FILTERS), each=EACH)
