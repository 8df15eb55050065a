"""Police data goes in, nothing about matches comes out: the same for the prison service and for an authority's submission identity.

Rounds are run in which these custodians submit the same and the others do not: with matches, without any, with more than there
are slots for, with a search that fails, without the prison service. At every stage each asks for everything there is to ask for.
Every answer and every file of its own must be the same bytes in all of them; but nonces are drawn, so of requests, and of the
nonces that a node has answered, how many there are of each filter.
"""

import functools
import json
import shutil
from collections import Counter
from contextlib import suppress

import pyarrow as pa
import pytest
from sqlalchemy import inspect, text

from linkage.search.anonlink_engine import AnonlinkEngine
from parties.answering.respond import wanted_tables
from parties.store.engine import open_node_store
from parties.submission.prepare import prepare
from schemas.encoding_set import CHUNK_BYTES
from schemas.errors import UserError
from schemas.receipt import RECEIPT_BYTES
from schemas.roster import Kind, Role
from schemas.signature import SignedDocument
from schemas.slots import WAVES
from tests.acceptance.planted import AUTHORITY, POLICE, PRISON
from tests.acceptance.round import ROUND, copy_linkage
from tests.acceptance.test_interruptions import Cut, CutEngine
from validation.synthetic.population import write_population

pytestmark = pytest.mark.slow  # many rounds

OBSERVERS = (PRISON, POLICE, AUTHORITY)
STAGES = ("submitted", "first wave", "answered", "found", "released")
RECEIPT, OWN_MANIFEST = f"receipts/{ROUND}.receipt", f"receipts/{ROUND}.manifest.json"
WAVE_RECEIPTS = {f"receipts/{ROUND}.wave-{wave}" for wave in range(1, WAVES + 1)}
KEPT = f"second-look/{ROUND}.npz"
STORE = "node.sqlite"
HIDDEN = "0" * 64
PART = "canaries.arrow"
STRANGERS, STRANGERS_SEED = 150, 77
HERE = f"/v1/rounds/{ROUND}"


def submission_of(directory, organisation):
    """Return the signed manifest of what a custodian has encoded, and one chunk."""
    outbox = directory / organisation / "outbox" / ROUND
    return SignedDocument.model_validate_json((outbox / "manifest.json").read_bytes()), (outbox / PART).read_bytes()[:CHUNK_BYTES]


def requests_of(own, other):
    """Return everything a custodian may ask for, and what it may not: template of the address, method, address, body."""
    document, chunk = own
    mine, theirs = f"{HERE}/submissions/{document.digest}", f"{HERE}/submissions/{other.digest}"
    round_, submission = "/v1/rounds/{round_id}", "/v1/rounds/{round_id}/submissions/{digest}"
    feed = "/v1/events/{organisation}/{number}"
    return [
        ("/v1/health", "GET", "/v1/health", b""),
        ("/v1/ready", "GET", "/v1/ready", b""),
        ("/v1/openapi.json", "GET", "/v1/openapi.json", b""),
        ("/v1/rounds", "GET", "/v1/rounds", b""),
        (round_, "GET", HERE, b""),
        (round_, "GET", "/v1/rounds/no-such-round", b""),
        (round_, "PUT", HERE, b"{}"),
        (f"{round_}/close", "POST", f"{HERE}/close", b""),
        (f"{round_}/cancel", "POST", f"{HERE}/cancel", b'{"reason": "a-party-asked"}'),
        (f"{round_}/approvals", "POST", f"{HERE}/approvals", b"{}"),
        (f"{round_}/release", "POST", f"{HERE}/release", b""),
        (f"{round_}/shares", "GET", f"{HERE}/shares", b""),
        (f"{round_}/shares/{{recipient}}", "PUT", f"{HERE}/shares/{PRISON}", b"{}"),
        (submission, "PUT", mine, document.model_dump_json().encode()),
        (submission, "GET", mine, b""),
        (submission, "GET", theirs, b""),
        (f"{submission}/parts/{{name}}/chunks/{{index}}", "PUT", f"{mine}/parts/{PART}/chunks/0", chunk),
        (f"{submission}/parts/{{name}}/chunks/{{index}}", "PUT", f"{mine}/parts/{PART}/chunks/0", b"other bytes"),
        (f"{submission}/accept", "POST", f"{mine}/accept", b""),
        (f"{submission}/accept", "POST", f"{theirs}/accept", b""),
        (f"{round_}/envelopes", "GET", f"{HERE}/envelopes", b""),
        (f"{round_}/envelopes/{{envelope_id}}", "GET", f"{HERE}/envelopes/{HIDDEN}", b""),
        ("/v1/tokens/redeem", "POST", "/v1/tokens/redeem", b'{"token": "%s"}' % HIDDEN.encode()),
        (f"{round_}/acknowledgements", "POST", f"{HERE}/acknowledgements", b'{"envelopes": {"%s": "moved"}}' % HIDDEN.encode()),
        (f"{round_}/tables", "POST", f"{HERE}/tables", b"{}"),
        (f"{round_}/quality", "GET", f"{HERE}/quality", b""),
        (f"{round_}/questions", "GET", f"{HERE}/questions", b""),
        (f"{round_}/expire", "POST", f"{HERE}/expire", b"{}"),
        (f"{round_}/deletion", "PUT", f"{HERE}/deletion", b"{}"),
        (f"{round_}/deletions", "GET", f"{HERE}/deletions", b""),
        ("/v1/audit", "GET", "/v1/audit?after=0", b""),
        ("/v1/ledger", "GET", "/v1/ledger", b""),
        ("/v1/heads", "GET", "/v1/heads", b""),
        ("/v1/events", "GET", "/v1/events", b""),
        (feed, "GET", f"/v1/events/{PRISON}/1", b""),
        (feed, "PUT", f"/v1/events/{PRISON}/1", b"{}"),
        (f"{submission}/proof", "GET", f"{mine}/proof", b""),
        (f"{submission}/proof", "GET", f"{theirs}/proof", b""),
        (f"{round_}/proof", "GET", f"{HERE}/proof", b""),
        (f"{round_}/waves/{{wave}}", "POST", f"{HERE}/waves/1", b""),
        *(item for wave in range(1, WAVES + 2) for item in wave_requests_of(round_, wave)),
    ]


def wave_requests_of(round_, wave):
    """Return what a custodian may ask for in a wave, and what no wave has."""
    for name in (*wanted_tables(Kind.LOCAL_AUTHORITY), "adults.A.local-authority"):
        yield f"{round_}/requests/{{wave}}/{{name}}/chunks/{{index}}", "GET", f"{HERE}/requests/{wave}/{name}/chunks/0", b""
    yield f"{round_}/requests/{{wave}}", "GET", f"{HERE}/requests/{wave}", b""
    yield f"{round_}/requests/{{wave}}/{{name}}/chunks/{{index}}", "GET", f"{HERE}/requests/{wave}/{name}/chunks/1", b""
    yield f"{round_}/answers/{{wave}}/{{name}}/chunks/{{index}}", "PUT", f"{HERE}/answers/{wave}/{name}/chunks/0", b"other bytes"
    yield f"{round_}/answers/{{wave}}", "POST", f"{HERE}/answers/{wave}", b'{"parts": []}'


def answers(linkage, organisation, wanted):
    """Return status, headers and body of every answer, by request. The web server's own wall clock is left out."""
    found = {}
    with linkage.raw(organisation, Role.CUSTODIAN) as custodian:
        for number, (_, method, path, body) in enumerate(wanted):
            answer = custodian.request(method, path, content=body)
            left_out = {"date", "content-length"} if path.endswith(("/heads", "/proof")) else {"date"}
            headers = [(name, value) for name, value in answer.headers.multi_items() if name not in left_out]
            found[number, method, path] = (answer.status_code, headers, without_nonces(method, path, answer))
    return found


def without_nonces(method, path, answer):
    """Return what an answer holds but for the nonces of requests: how often each filter is asked, and how large the tables are.

    Of heads and proofs, when they were signed and what they have: they commit to everybody's submissions, whose number their length
    tells, and by random bytes to what was released.
    """
    if path == "/v1/heads":
        return [(head["body"]["at"], head["body"]["restored"], sorted(head["body"])) for head in json.loads(answer.content)["heads"]]
    if path.endswith("/proof") and answer.is_success:
        return sorted(json.loads(answer.content))
    if method != "GET" or "/requests/" not in path or not answer.is_success:
        return answer.content
    if path.endswith("/chunks/0"):
        return Counter(pa.ipc.open_file(answer.content).read_all()["pseudonym"].to_pylist()), len(answer.content)
    return [(table["name"], table["rows"], table["size"]) for table in json.loads(answer.content)["requests"]]


def files_of(linkage, organisation):
    """Return the files of a node; of its database, whose answered nonces are others every time, how many rows each table has."""
    store = open_node_store(linkage.settings(organisation))
    with store.connect() as connection:
        names = inspect(connection).get_table_names()
        rows = {name: connection.execute(text(f'SELECT count(*) FROM "{name}"')).scalar() for name in names}
    store.dispose()
    files = {path: content for path, content in linkage.files(organisation).items() if not path.startswith(STORE)}
    return {**files, STORE: rows}


def observe(linkage, observers=OBSERVERS, *, absent=(), engine=None):
    """Run a round and return, by observer and stage, the answers it gets and the files it has; and how many children were released."""
    submissions = {name: submission_of(linkage.founded.directory, name) for name in OBSERVERS}
    others = dict(zip(OBSERVERS, OBSERVERS[1:] + OBSERVERS[:1], strict=True))
    wanted = {name: requests_of(submissions[name], submissions[others[name]][0]) for name in OBSERVERS}
    seen = {(name, "before"): ({}, files_of(linkage, name)) for name in OBSERVERS}

    def look(stage):
        linkage.sign_head(hours=STAGES.index(stage))
        for name in observers:
            seen[name, stage] = (answers(linkage, name, wanted[name]), files_of(linkage, name))

    linkage.open()
    linkage.send(*(name for name in linkage.custodians() if name not in absent))
    look("submitted")
    linkage.close()
    for stage, steps in (
        ("first wave", [lambda: linkage.search(engine), lambda: linkage.look(1)]),
        ("answered", [linkage.answer, lambda: linkage.look(2), linkage.answer]),
        ("found", [linkage.find]),
        ("released", [lambda: linkage.approve(0), lambda: linkage.approve(1), linkage.release, linkage.tables]),
    ):
        for step in steps:
            with suppress(*((Cut, UserError) if engine else ())):
                step()
        look(stage)
    return seen, len(linkage.released())


def keep_the_header_alone(files):
    for file in files:
        file.write_text(file.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")


@functools.cache
def without_matches(founded, directory):
    """Run a round in which one authority knows other children only, and the rest know nobody."""
    with copy_linkage(founded, directory / "nodes", f"sqlite:///{directory / 'service.sqlite'}") as linkage:
        write_population(directory / "strangers", people=STRANGERS, seed=STRANGERS_SEED, prevalence=0.0)
        linkage.open()
        for folder in (directory / "strangers").glob("local-authority-*"):
            name = folder.name.lower()
            if name in linkage.authorities():
                extract = shutil.copytree(folder, linkage.directory / name / "extract", dirs_exist_ok=True)
                if name != AUTHORITY:
                    keep_the_header_alone(extract / f"{file}.csv" for file in ("children", "carers", "ties"))
                prepare(linkage.settings(name), ROUND)
        assert submission_of(linkage.directory, AUTHORITY) != submission_of(founded.directory, AUTHORITY)
        return observe(linkage, OTHER_ROUNDS[without_matches])


@functools.cache
def with_a_search_that_fails(founded, directory):
    with copy_linkage(founded, directory / "nodes", f"sqlite:///{directory / 'service.sqlite'}") as linkage:
        return observe(linkage, engine=CutEngine())


class EverythingEngine(AnonlinkEngine):
    """Finds every filter like many others, so that no slot is left."""

    def candidate_pairs(self, left, right, **given):
        return super().candidate_pairs(left, right, **{**given, "cut": 0.3, "top_k": 12})


@functools.cache
def with_more_candidates_than_slots(founded, directory):
    with copy_linkage(founded, directory / "nodes", f"sqlite:///{directory / 'service.sqlite'}") as linkage:
        return observe(linkage, engine=EverythingEngine())


@functools.cache
def without_the_prison_service(founded, directory):
    with copy_linkage(founded, directory / "nodes", f"sqlite:///{directory / 'service.sqlite'}") as linkage:
        return observe(linkage, OTHER_ROUNDS[without_the_prison_service], absent=(PRISON,))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.getbasetemp()


def made(place, name):
    directory = place / name
    directory.mkdir(exist_ok=True)
    return directory


OTHER_ROUNDS = {
    without_matches: (PRISON, POLICE),
    with_more_candidates_than_slots: OBSERVERS,
    with_a_search_that_fails: OBSERVERS,
    without_the_prison_service: (POLICE, AUTHORITY),
}


def test_what_a_custodian_is_told_and_keeps_is_the_same_bytes_whatever_matches(linkage, founded, place):
    seen, released = observe(linkage)
    assert released >= 10
    linkage.kill()  # the other rounds' services listen where this one did
    for other_round, observers in OTHER_ROUNDS.items():
        other, found = other_round(founded, made(place, other_round.__name__))
        assert (found == 0) is (other_round is not with_more_candidates_than_slots)
        for name in observers:
            for stage in STAGES:
                for part, mine, theirs in zip(("answer", "file"), seen[name, stage], other[name, stage], strict=True):
                    differing = {item for item in mine.keys() | theirs.keys() if mine.get(item) != theirs.get(item)}
                    assert not differing, f"{name}, {stage}, {part}, {other_round.__name__}"


def test_a_custodian_holds_receipts_of_fixed_size_and_nothing_else_once_it_has_answered(founded, place):
    seen, _ = with_a_search_that_fails(founded, made(place, with_a_search_that_fails.__name__))
    for name in OBSERVERS:
        before, submitted, answered = (seen[name, stage][1] for stage in ("before", "submitted", "answered"))
        answers = set() if name == PRISON else WAVE_RECEIPTS
        assert submitted.keys() - before.keys() == {RECEIPT, OWN_MANIFEST} | (set() if name == PRISON else {KEPT})
        assert answered.keys() - before.keys() == {RECEIPT, OWN_MANIFEST} | answers
        assert len(answered[RECEIPT]) == RECEIPT_BYTES
        assert answered[OWN_MANIFEST] == submitted[OWN_MANIFEST]
        assert {answered[path] for path in answers} <= {b'{"answered":true}'}
        gone = before.keys() - answered.keys()
        assert gone
        assert all(path.startswith("outbox/") for path in gone)
        staying = before.keys() - gone - {STORE}
        assert {path: answered[path] for path in staying} == {path: before[path] for path in staying}
        for stage in ("found", "released"):
            assert seen[name, stage][1] == answered


def test_the_answers_are_those_of_a_service_at_work(founded, place):
    """Else the comparison above could be of refusals alone."""
    seen, _ = with_a_search_that_fails(founded, made(place, with_a_search_that_fails.__name__))
    for name in OBSERVERS:
        found, files = seen[name, "released"]
        codes = {status for status, _, _ in found.values()}
        assert {200, 403, 404, 409} <= codes
        assert not codes & {401, 500}
        accepted = next(body for (_, _, path), (status, _, body) in found.items() if path.endswith("/accept") and status == 200)
        assert accepted == files[RECEIPT]


def test_everything_that_the_service_offers_was_asked_for(linkage):
    own, other = (submission_of(linkage.directory, name) for name in (PRISON, POLICE))
    asked = {(template, method) for template, method, _, _ in requests_of(own, other[0])}
    offered = {(path, method.upper()) for path, methods in linkage.app.openapi()["paths"].items() for method in methods}
    assert len(offered) >= 21
    assert asked == offered | {("/v1/openapi.json", "GET")}
