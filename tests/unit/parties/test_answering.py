"""A custodian answering the second look: what it keeps, what it sends, what it refuses, and what a stop leaves behind."""

import os
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from parties.answering import respond
from parties.answering.kept import KeptFilters, forget_old, write_filters
from parties.answering.respond import answer_waves, answered_waves, wanted_tables
from parties.answering.sending import ChunkSink
from parties.controls.families import controls_opener
from parties.settings import NodeSettings
from schemas.agreement import PROJECTIONS, Controls
from schemas.canonical import digest
from schemas.encoding_set import CHUNK_BYTES, write_table
from schemas.errors import NotPermittedError, RoundError, ServiceError, SubmissionError
from schemas.roster import Kind
from schemas.slots import ANSWERS, NONCE_BYTES, REQUESTS, VOLUMES, WAVES, byte_table, read_byte_table
from tests.acceptance.second_look import invented, party

ROUND = "round-1"
PEOPLE = 6
TABLES = [f"adults.{projection}.prison-service" for projection in PROJECTIONS]


def answer_of(content):
    return SimpleNamespace(json=lambda: content, content=content)


class FakeService:
    """A linkage service that asks of `own`; `until` is after how many chunks of answers the line goes dead."""

    def __init__(self, own):
        self.own, self.open, self.until, self.received, self.posted = own, {1}, 10**9, {}, []
        self.tables = {(wave, name): self.requests(wave, name) for wave in range(1, WAVES + 1) for name in TABLES}

    def requests(self, wave, name):
        pseudonyms = self.own[name.split(".")[1]].pseudonyms
        asked = np.repeat(pseudonyms, VOLUMES["referral"]["A"][wave - 1], axis=0)
        nonces = np.frombuffer(os.urandom(len(asked) * NONCE_BYTES), dtype=np.uint8).reshape(-1, NONCE_BYTES)
        return write_table(byte_table(REQUESTS, {"pseudonym": asked, "nonce": nonces}))

    def get(self, path):
        wave, *rest = path.removeprefix(f"/v1/rounds/{ROUND}/requests/").split("/")
        if int(wave) not in self.open:
            raise RoundError("not open yet; answer when it is")
        if rest:
            return answer_of(self.tables[int(wave), rest[0]][int(rest[2]) * CHUNK_BYTES :][:CHUNK_BYTES])
        listed = [
            {"name": name, "rows": pa.ipc.open_file(content).read_all().num_rows, "size": len(content), "sha256": digest(content)}
            for (of, name), content in self.tables.items()
            if of == int(wave)
        ]
        return answer_of({"requests": listed})

    def put(self, path, *, content):
        if len(self.received) >= self.until:
            raise ServiceError("the line went dead; answer again")
        self.received[path] = content

    def post(self, path, *, json):
        self.posted.append((path, json))
        return SimpleNamespace(content=b'{"answered": true}')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


@pytest.fixture
def node(tmp_path):
    (tmp_path / "receipts").mkdir()
    return NodeSettings(kind="police", organisation="police-a", directory=tmp_path)


@pytest.fixture
def service(node, monkeypatch):
    own = party(invented(PEOPLE, 3), 20).own
    made = FakeService(own)
    keep(node, own)
    monkeypatch.setattr(respond, "ServiceClient", lambda *_: made)
    monkeypatch.setattr(respond, "load_agreed", lambda _: SimpleNamespace(agreement=TERMS))
    monkeypatch.setattr(respond, "fetch_round", lambda *_: SimpleNamespace(round_id=ROUND))
    monkeypatch.setattr(respond, "fetch_round_key", lambda *_: bytes(32))
    return made


TERMS = SimpleNamespace(retention_days=28, controls=Controls(families=16))


def keep(node, own, round_id=ROUND):
    write_filters(node.path("filters.npz"), {"adults": own})
    KeptFilters(node, round_id).take_over(node.path("filters.npz"))


def kept_file(node, round_id=ROUND):
    return node.path("second-look", f"{round_id}.npz")


def test_what_is_kept_is_read_back_as_it_was_and_is_its_owners_alone(node):
    own = party(invented(PEOPLE, 3), 20, fills=2).own
    keep(node, own)
    for projection in PROJECTIONS:
        read = KeptFilters(node, ROUND).read("adults", projection)
        for field in ("pseudonyms", "record", "digests", "joins"):
            assert np.array_equal(getattr(read, field), getattr(own[projection], field))
    assert kept_file(node).stat().st_mode & 0o077 == 0
    with pytest.raises(SubmissionError, match="nothing to answer children with"):
        KeptFilters(node, ROUND).read("children", "A")


def test_what_is_kept_of_expired_rounds_is_removed_and_of_others_not(node):
    own = party(invented(PEOPLE, 3), 20).own
    now = datetime.now(UTC)
    for name, days in (("old", 29), ("new", 27)):
        keep(node, own, name)
        then = (now - timedelta(days=days)).timestamp()
        os.utime(kept_file(node, name), (then, then))
    forget_old(node, now, days=28)
    assert [path.stem for path in kept_file(node).parent.iterdir()] == ["new"]


def test_a_file_leaves_in_chunks_of_the_agreed_size_whatever_is_written_at_once():
    sent, content = [], os.urandom(2 * CHUNK_BYTES + 5)
    sink = ChunkSink(lambda index, chunk: sent.append((index, chunk)))
    for start in range(0, len(content), 1_000_003):
        sink.write(memoryview(content)[start : start + 1_000_003])
    assert sink.finish() == digest(content)
    assert [(index, len(chunk)) for index, chunk in sent] == [(0, CHUNK_BYTES), (1, CHUNK_BYTES), (2, 5)]
    assert b"".join(chunk for _, chunk in sent) == content
    assert sink.size == len(content)


def test_who_is_asked_and_of_which_filters_follows_from_the_searches():
    assert not wanted_tables(Kind.PRISON_SERVICE)
    assert sorted(wanted_tables(Kind.POLICE)) == sorted(TABLES)
    assert {(asked.population, asked.uploader) for asked in wanted_tables(Kind.LOCAL_AUTHORITY).values()} == {
        ("adults", Kind.PRISON_SERVICE),
        ("children", Kind.PRISON_SERVICE),
        ("children", Kind.POLICE),
    }


def test_the_prison_service_is_asked_nothing(node):
    with pytest.raises(NotPermittedError, match="asked nothing"):
        answer_waves(node.model_copy(update={"kind": "prison-service"}), ROUND)


def test_a_wave_is_answered_once_it_is_open_and_each_one_once(node, service):
    service.open = set()
    assert answer_waves(node, ROUND) == 0
    assert answered_waves(node, ROUND) == []
    service.open = {1}
    assert answer_waves(node, ROUND) == 3 * PEOPLE * len(TABLES)
    assert answer_waves(node, ROUND) == 0
    assert answered_waves(node, ROUND) == [1]
    service.open = {1, 2}
    assert answer_waves(node, ROUND) == PEOPLE * len(TABLES)
    assert answered_waves(node, ROUND) == [1, 2]
    assert [path for path, _ in service.posted] == [f"/v1/rounds/{ROUND}/answers/{wave}" for wave in (1, 2)]
    assert [said.get("controls_opener") for _, said in service.posted] == [None, controls_opener(bytes(32)).hex()]


def test_the_second_wave_is_answered_where_the_first_was_missed(node, service):
    service.open = {2}
    assert answer_waves(node, ROUND) == PEOPLE * len(TABLES)
    assert answered_waves(node, ROUND) == [2]


def test_a_node_that_waits_looks_again_until_the_last_wave_is_answered(node, service, monkeypatch):
    monkeypatch.setattr(respond.time, "sleep", lambda _: service.open.add(2))
    assert answer_waves(node, ROUND, wait=60) == 4 * PEOPLE * len(TABLES)


def test_nothing_is_kept_once_the_last_wave_is_answered(node, service):
    answer_waves(node, ROUND)
    assert kept_file(node).exists()
    service.open = {1, 2}
    answer_waves(node, ROUND)
    assert not kept_file(node).exists()


def test_every_request_is_answered_and_the_summary_says_what_was_sent(node, service):
    answer_waves(node, ROUND)
    ((_, said),) = service.posted
    assert [part["name"] for part in said["parts"]] == TABLES
    for part in said["parts"]:
        content = service.received[f"/v1/rounds/{ROUND}/answers/1/{part['name']}/chunks/0"]
        assert (len(content), digest(content)) == (part["size"], part["sha256"])
        answers = read_byte_table(content, ANSWERS, part=part["name"], rows=part["rows"])
        asked = read_byte_table(service.tables[1, part["name"]], REQUESTS, part="requests", rows=part["rows"])
        assert np.array_equal(answers["nonce"], asked["nonce"])


def test_a_wave_that_broke_off_is_answered_again_with_the_same_bytes(node, service):
    service.until = 2
    with pytest.raises(ServiceError):
        answer_waves(node, ROUND)
    before, service.until = dict(service.received), 10**9
    assert answered_waves(node, ROUND) == []
    answer_waves(node, ROUND)
    assert len(before) == 2
    assert {path: service.received[path] for path in before} == before
    assert answered_waves(node, ROUND) == [1]


def test_other_requests_for_a_wave_that_was_begun_are_refused(node, service):
    service.until = 2
    with pytest.raises(ServiceError):
        answer_waves(node, ROUND)
    service.until = 10**9
    service.tables[1, TABLES[0]] = service.requests(1, TABLES[0])
    with pytest.raises(NotPermittedError, match="others were answered before"):
        answer_waves(node, ROUND)


def test_a_nonce_of_the_first_wave_is_refused_in_the_second(node, service):
    answer_waves(node, ROUND)
    first = pa.ipc.open_file(service.tables[1, TABLES[0]]).read_all()
    service.tables[2, TABLES[0]] = write_table(first.take(list(range(0, 3 * PEOPLE, 3))))
    service.open = {1, 2}
    with pytest.raises(NotPermittedError, match="a nonce was answered before"):
        answer_waves(node, ROUND)
    assert answered_waves(node, ROUND) == [1]


def test_fewer_tables_than_agreed_are_refused_before_any_is_answered(node, service):
    del service.tables[1, TABLES[2]]
    with pytest.raises(SubmissionError, match="not those agreed"):
        answer_waves(node, ROUND)
    assert not service.received


def test_who_submitted_nothing_is_asked_nothing_and_says_so(node, service):
    service.tables.clear()
    assert answer_waves(node, ROUND) == 0
    assert service.posted == [(f"/v1/rounds/{ROUND}/answers/1", {"parts": []})]
    assert answered_waves(node, ROUND) == [1]


def test_requests_damaged_on_their_way_are_not_answered(node, service):
    content = service.get
    service.get = lambda path: answer_of(b"x" + content(path).content[1:]) if "/chunks/" in path else content(path)
    with pytest.raises(ServiceError, match="damaged on their way"):
        answer_waves(node, ROUND)
    assert not service.received


def test_answers_that_the_service_does_not_acknowledge_are_not_taken_for_answered(node, service):
    service.post = lambda path, *, json: SimpleNamespace(content=b'{"answered": false}')
    with pytest.raises(ServiceError, match="did not say"):
        answer_waves(node, ROUND)
    assert answered_waves(node, ROUND) == []
