"""What holds of requests and opened pairs whatever the candidates are."""

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.search.engine import FilterPairs
from linkage.second_look.opening import Outcome, open_pairs
from linkage.second_look.requests import assign, request_table, slot_nonces
from schemas.slots import byte_columns
from tests.acceptance.second_look import answers_of, invented, party, random_ids, slots_of

PEOPLE, SLOTS, EACH = 6, 3, 2
LEFT, RIGHT = party(invented(PEOPLE, 21), 100), party(invented(PEOPLE, 22), 120)
OURS, THEIRS = LEFT.own["A"], RIGHT.own["A"]
SENT = slots_of(OURS, each=SLOTS)

ROW = st.integers(0, PEOPLE - 1)
PAIRS = st.dictionaries(st.tuples(ROW, ROW), st.sampled_from([0.6, 0.7, 0.8, 1.0]))


def wave(found):
    pairs = np.array(list(found), dtype=np.int64).reshape(-1, 2)
    made = assign(FilterPairs(pairs[:, 0], pairs[:, 1], np.array(list(found.values()), dtype=np.float64)), slots=SLOTS, each=EACH)
    nonces = slot_nonces(SENT, OURS.pseudonyms, each=SLOTS)[made.left, made.slot]
    table = request_table(made.right, nonces, THEIRS.pseudonyms, each=EACH, draw=lambda size: random_ids(33, size // 16).tobytes())
    return made, byte_columns(table)


@given(PAIRS)
def test_no_filter_has_more_candidates_than_slots_and_none_is_lost_uncounted(found):
    made, _ = wave(found)
    assert max(Counter(made.left.tolist()).values(), default=0) <= SLOTS
    assert max(Counter(made.right.tolist()).values(), default=0) <= EACH
    assert len(made.left) + made.no_slot + made.no_room == len(found)
    assert len(set(zip(made.left.tolist(), made.slot.tolist(), strict=True))) == len(made.left)


@given(PAIRS)
def test_the_responder_sees_the_same_volume_whatever_was_found(found):
    _, requests = wave(found)
    asked = Counter(pseudonym.tobytes() for pseudonym in requests["pseudonym"])
    assert asked == dict.fromkeys((pseudonym.tobytes() for pseudonym in THEIRS.pseudonyms), EACH)
    assert [nonce.tobytes() for nonce in requests["nonce"]] == sorted(nonce.tobytes() for nonce in requests["nonce"])


@given(PAIRS)
def test_a_candidate_that_was_left_out_was_no_better_than_those_kept_beside_it(found):
    made, _ = wave(found)
    kept = set(zip(made.left.tolist(), made.right.tolist(), strict=True))
    for pair in found.keys() - kept:
        beside = [[found[other] for other in kept if other[side] == pair[side]] for side in (0, 1)]
        full = [scores for scores, room in zip(beside, (SLOTS, EACH), strict=True) if len(scores) == room]
        assert any(min(scores) >= found[pair] for scores in full)


@settings(max_examples=20)
@given(PAIRS)
def test_exactly_the_assigned_candidates_open(found):
    made, requests = wave(found)
    opened = open_pairs(SENT, requests, answers_of(THEIRS, requests, each=EACH))
    number = [{person.tobytes(): row for row, person in enumerate(side.persons)} for side in (LEFT, RIGHT)]
    people = {(number[0][one.person], number[1][other.person]) for one, other in zip(opened.left_joins, opened.right_joins, strict=True)}
    assert people == set(zip(made.left.tolist(), made.right.tolist(), strict=True))
    assert opened.counts[Outcome.SHUT] == EACH * PEOPLE - len(people)
