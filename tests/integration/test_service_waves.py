"""The waves of the second look over the API: who opens them, who is asked, and what everyone is told before."""

import pyarrow as pa
import pytest

from schemas.canonical import digest
from schemas.encoding_set import CHUNK_BYTES, write_table
from schemas.roster import Kind
from schemas.slots import ANSWERS, REQUESTS, VOLUMES
from tests.integration.service_world import (
    NORTH,
    POLICE,
    PRISON,
    ROUND,
    ROWS,
    SERVICE,
    SOUTH,
    Sender,
    make_world,
    parts_of,
    random_bytes,
    refusal,
)

OPERATOR = f"{SERVICE}/operator-1"
CUSTODIANS = (PRISON, POLICE, NORTH, SOUTH)
KINDS = {PRISON: Kind.PRISON_SERVICE, POLICE: Kind.POLICE, NORTH: Kind.LOCAL_AUTHORITY}


@pytest.fixture
def world(tmp_path, migrated_url):
    """A closed round to which all but one authority have submitted."""
    made = make_world(tmp_path, migrated_url)
    made.open_round()
    for name, kind in KINDS.items():
        _, response = Sender(made, name).submit(parts_of(name, kind=kind))
        assert response.status_code == 200, response.text
    made.post(OPERATOR, f"/v1/rounds/{ROUND}/close")
    yield made
    made.store.dispose()


def open_wave(world, wave, key_id=OPERATOR):
    return world.post(key_id, f"/v1/rounds/{ROUND}/waves/{wave}")


def ask(world, name, place):
    return world.send(f"{name}/custodian", "GET", f"/v1/rounds/{ROUND}/requests/{place}")


def answer(world, name, wave):
    """Answer a wave with bytes of the right form; return the summary and the service's acknowledgement."""
    parts = []
    for table in ask(world, name, wave).json()["requests"]:
        requests = pa.ipc.open_file(ask(world, name, f"{wave}/{table['name']}/chunks/0").content).read_all()
        columns = {field.name: [random_bytes(field.type.byte_width, field.name)] * table["rows"] for field in ANSWERS}
        content = write_table(pa.table({**columns, "nonce": requests["nonce"]}, schema=ANSWERS))
        assert put(world, name, f"{wave}/{table['name']}/chunks/0", content).status_code == 204
        parts.append({**table, "size": len(content), "sha256": digest(content)})
    return {"parts": parts}, world.post(f"{name}/custodian", f"/v1/rounds/{ROUND}/answers/{wave}", {"parts": parts})


def put(world, name, place, content):
    return world.send(f"{name}/custodian", "PUT", f"/v1/rounds/{ROUND}/answers/{place}", content)


@pytest.mark.slow
def test_before_a_wave_is_open_everyone_is_told_the_same(world):
    told = {ask(world, name, 1).content for name in CUSTODIANS} | {answer_nothing(world, name).content for name in CUSTODIANS}
    assert len(told) == 1
    assert "wave 1: not open yet" in refusal(ask(world, NORTH, 1), 409, "RoundError")
    assert "there are 2" in refusal(ask(world, NORTH, 3), 409, "RoundError")


def answer_nothing(world, name):
    return world.post(f"{name}/custodian", f"/v1/rounds/{ROUND}/answers/1", {"parts": []})


def test_operators_alone_open_waves_and_in_their_order(world):
    for key_id in (f"{NORTH}/custodian", f"{NORTH}/desk", "holder-one/key-holder"):
        assert open_wave(world, 1, key_id).status_code in {401, 403}
    assert "does not lead to second-wave" in refusal(open_wave(world, 2), 409, "RoundError")
    assert open_wave(world, 1).json() == {"state": "first-wave"}
    before = world.snapshot()
    assert open_wave(world, 1).json() == {"state": "first-wave"}
    assert world.snapshot() == before
    assert open_wave(world, 2).json() == {"state": "second-wave"}
    assert open_wave(world, 1).json() == {"state": "second-wave"}


def test_custodians_see_a_closed_round_in_every_wave(world):
    seen = []
    for wave in (1, 2):
        open_wave(world, wave)
        seen.append(world.send(f"{NORTH}/custodian", "GET", f"/v1/rounds/{ROUND}").content)
    assert len(set(seen)) == 1
    assert b'"state":"closed"' in seen[0]


def test_every_filter_is_asked_equally_often_and_who_never_is_or_sent_nothing_is_asked_nothing(world):
    open_wave(world, 1)
    listed = {name: ask(world, name, 1).json()["requests"] for name in CUSTODIANS}
    assert {name: len(tables) for name, tables in listed.items()} == {PRISON: 0, POLICE: 4, NORTH: 12, SOUTH: 0}
    for table in listed[NORTH]:
        content = ask(world, NORTH, f"1/{table['name']}/chunks/0").content
        assert (len(content), digest(content)) == (table["size"], table["sha256"])
        requests = pa.ipc.open_file(content).read_all()
        assert requests.schema.equals(REQUESTS)
        projection = table["name"].split(".")[1]
        counts = requests["pseudonym"].value_counts().to_pylist()
        assert [item["counts"] for item in counts] == [VOLUMES["referral"][projection].first] * ROWS
    assert "none of that name for you" in refusal(ask(world, POLICE, "1/children.A.police/chunks/0"), 422, "SubmissionError")


def test_answers_are_acknowledged_in_the_same_words_ever_after(world):
    open_wave(world, 1)
    summary, response = answer(world, NORTH, 1)
    assert response.json() == {"answered": True}
    before = world.snapshot()
    again = world.post(f"{NORTH}/custodian", f"/v1/rounds/{ROUND}/answers/1", summary)
    assert again.content == response.content
    assert world.snapshot() == before
    assert answer_nothing(world, SOUTH).json() == {"answered": True}
    waves = world.send(OPERATOR, "GET", f"/v1/rounds/{ROUND}").json()["waves"]
    assert waves == [{"wave": 1, "answered": [NORTH], "unanswered": [POLICE]}]


@pytest.mark.slow
def test_answers_that_are_incomplete_other_or_too_large_are_refused(world):
    open_wave(world, 1)
    summary, _ = answer(world, NORTH, 1)
    place = f"1/{summary['parts'][0]['name']}/chunks/0"
    assert "answered before" in refusal(put(world, NORTH, place, b"other"), 409, "SubmissionError")
    assert "want one table for each" in refusal(answer_nothing(world, NORTH), 422, "SubmissionError")
    assert "malformed at parts" in refusal(world.post(f"{NORTH}/custodian", f"/v1/rounds/{ROUND}/answers/1", {}), 422, "SubmissionError")
    assert "want at most" in refusal(
        put(world, POLICE, "1/adults.A.prison-service/chunks/0", bytes(CHUNK_BYTES + 1)), 422, "SubmissionError"
    )
    missing = {"parts": [{**table, "size": 9, "sha256": "0" * 64} for table in ask(world, POLICE, 1).json()["requests"]]}
    response = world.post(f"{POLICE}/custodian", f"/v1/rounds/{ROUND}/answers/1", missing)
    assert "a chunk is missing" in refusal(response, 422, "SubmissionError")
