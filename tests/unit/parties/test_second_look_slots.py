"""Slots and answers: the same for every filter, made again alike, never one key for two values, and nothing answered twice."""

import numpy as np
import pytest

from parties.second_look.answers import asked_filters
from parties.settings import load_settings
from parties.store.engine import open_node_store
from parties.store.nonces import BATCH, spend_nonces
from schemas.agreement import PROJECTIONS
from schemas.byte_columns import by_bytes
from schemas.errors import NotPermittedError, SubmissionError
from schemas.sealed_join import Join, Tied, open_join, read_join, write_join
from schemas.slots import ANSWERS, SLOTS
from tests.acceptance.second_look import KEY, SECRET, answers_of, invented, party, random_ids, slots_of

EACH, FILLS = 4, 3
RECORDS = invented(6, 2)
LAST = PROJECTIONS[-1]
OTHER = bytes(32)


def nonces(slots):
    return {nonce.tobytes() for nonce in slots["nonce"]}


def requests(own, each, seed=7):
    pseudonyms = np.repeat(own.pseudonyms, each, axis=0)
    return {"pseudonym": pseudonyms, "nonce": random_ids(seed, len(pseudonyms))}


@pytest.fixture(scope="module")
def uploader():
    return party(RECORDS, 20, fills=FILLS)


def test_every_filter_has_the_same_number_of_slots_fills_as_well(uploader):
    for projection, own in uploader.own.items():
        slots = slots_of(own, each=EACH)
        _, counts = np.unique(slots["pseudonym"], axis=0, return_counts=True)
        assert counts.tolist() == [EACH] * (len(RECORDS) + (FILLS if projection == LAST else 0))
        assert {name: column.shape[1] for name, column in slots.items()} == {field.name: field.type.byte_width for field in SLOTS}
        assert len(nonces(slots)) == len(slots["nonce"])


def test_slots_lie_in_the_order_of_their_nonces(uploader):
    slots = slots_of(uploader.own["A"])
    assert (by_bytes(slots["nonce"]) == np.arange(len(slots["nonce"]))).all()


def test_the_same_submission_has_the_same_slots_byte_for_byte(uploader):
    one, other = slots_of(uploader.own[LAST]), slots_of(party(RECORDS, 20, fills=FILLS).own[LAST])
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_a_record_that_changed_has_new_nonces_and_the_others_keep_theirs():
    before = party(RECORDS, 20)
    after = party([{**RECORDS[0], "surname": "Changed"}, *RECORDS[1:]], 20)
    assert len(nonces(slots_of(before.own["A"])) & nonces(slots_of(after.own["A"]))) == EACH * (len(RECORDS) - 1)


def test_a_join_that_changed_has_new_nonces():
    plain = party(RECORDS, 20)
    tied = [write_join(Join(person=person.tobytes(), population="adults", tied=(Tied(b"t" * 16),))) for person in plain.persons]
    assert not nonces(slots_of(plain.own["A"])) & nonces(slots_of(party(RECORDS, 20, joins=tied).own["A"]))


def test_nonces_are_of_one_secret(uploader):
    assert not nonces(slots_of(uploader.own["A"])) & nonces(slots_of(uploader.own["A"], secret=OTHER))


def test_a_slot_opens_with_what_the_answer_releases_and_with_nothing_of_its_own(uploader):
    slots = slots_of(uploader.own["A"])
    own = {"pseudonym": uploader.own["A"].pseudonyms, "nonce": slots["nonce"][: len(RECORDS)]}
    answers = answers_of(uploader.own["A"], own, each=1)
    person = read_join(open_join(slots["join"][0].tobytes(), answers["opener"][0].tobytes())).person
    row = np.flatnonzero((uploader.own["A"].pseudonyms == slots["pseudonym"][0]).all(axis=1))[0]
    assert person == uploader.persons[row].tobytes()
    for key in (slots["opener"][0], answers["opener"][1]):
        with pytest.raises(Exception, match="join: damaged"):
            open_join(slots["join"][0].tobytes(), key.tobytes())


def test_every_request_is_answered_in_its_place_with_one_size(uploader):
    own = uploader.own[LAST]
    wave = requests(own, 3)
    answers = answers_of(own, wave, each=3)
    assert np.array_equal(answers["nonce"], wave["nonce"])
    assert {name: column.shape for name, column in answers.items()} == {
        field.name: (3 * (len(RECORDS) + FILLS), field.type.byte_width) for field in ANSWERS
    }


def test_a_wave_of_no_filters_has_no_answers():
    own = party(RECORDS[:0], 21).own["A"]
    assert len(asked_filters(requests(own, 3), own, each=3)) == 0


def test_a_pseudonym_of_somebody_else_is_refused(uploader):
    own = uploader.own["A"]
    wave = requests(own, 1)
    wave["pseudonym"] = np.concatenate([random_ids(77, 1), wave["pseudonym"][1:]])
    with pytest.raises(SubmissionError, match="not of this submission"):
        asked_filters(wave, own, each=1)


@pytest.mark.parametrize("rows", [slice(1, None), [0, *range(12)], [0, 1, 0, *range(3, 12)]])
def test_a_filter_asked_more_or_less_often_than_agreed_is_refused(uploader, rows):
    own = uploader.own["A"]
    wave = {name: column[rows] for name, column in requests(own, 2).items()}
    with pytest.raises(SubmissionError, match="want 2 for every pseudonym"):
        asked_filters(wave, own, each=2)


def test_a_nonce_that_stands_twice_in_a_wave_is_refused(uploader):
    own = uploader.own["A"]
    wave = requests(own, 2)
    wave["nonce"] = np.concatenate([wave["nonce"][:1], wave["nonce"][:1], wave["nonce"][2:]])
    with pytest.raises(NotPermittedError, match="a nonce stands twice"):
        asked_filters(wave, own, each=2)


def test_answers_under_another_key_release_nothing(uploader):
    slots = slots_of(uploader.own["A"])
    wave = {"pseudonym": uploader.own["A"].pseudonyms, "nonce": slots["nonce"][: len(RECORDS)]}
    answers = answers_of(uploader.own["A"], wave, each=1, key=SECRET)
    assert KEY != SECRET
    with pytest.raises(Exception, match="join: damaged"):
        open_join(slots["join"][0].tobytes(), answers["opener"][0].tobytes())


@pytest.fixture
def store(tmp_path):
    (tmp_path / "settings.json").write_text('{"kind": "police", "organisation": "force"}', encoding="utf-8")
    engine = open_node_store(load_settings(tmp_path))
    yield engine
    engine.dispose()


def test_a_nonce_is_answered_in_one_wave_only(store):
    spend_nonces(store, "r-1", "wave-1", "d1", [b"a" * 16, b"b" * 16])
    with pytest.raises(NotPermittedError, match="a nonce was answered before"):
        spend_nonces(store, "r-1", "wave-2", "d2", [b"c" * 16, b"b" * 16])
    spend_nonces(store, "r-1", "wave-2", "d3", [b"c" * 16, b"d" * 16])  # the refused wave left nothing behind
    spend_nonces(store, "r-2", "wave-1", "d2", [b"a" * 16])


def test_a_wave_may_be_answered_again_as_it_was_and_not_otherwise(store):
    spend_nonces(store, "r-1", "wave-1", "d1", [b"a" * 16])
    spend_nonces(store, "r-1", "wave-1", "d1", [b"a" * 16])
    with pytest.raises(NotPermittedError, match="others were answered before"):
        spend_nonces(store, "r-1", "wave-1", "d2", [b"z" * 16])


@pytest.mark.slow
def test_a_wave_longer_than_a_batch_is_kept_whole(store):
    nonces = [number.to_bytes(16, "big") for number in range(BATCH + 2)]
    spend_nonces(store, "r-1", "wave-1", "d1", nonces)
    with pytest.raises(NotPermittedError, match="a nonce was answered before"):
        spend_nonces(store, "r-1", "wave-2", "d2", nonces[-1:])
