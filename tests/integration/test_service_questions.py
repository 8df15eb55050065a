"""Questions to authorities at the service: as many and as large for everyone, whatever was found; minted once; for the desk alone."""

import pyarrow as pa
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from linkage.inbox.vault import QUESTIONS_BLOB, Vault
from linkage.release import questions
from linkage.release.asking import ASKED
from linkage.store.audit import entries
from linkage.store.models import Questions, Round
from schemas.agreement import Release
from schemas.canonical import digest_of
from schemas.encoding_set import write_table
from schemas.questions import QUESTIONS, QUESTIONS_BYTES, questions_context, read_questions
from schemas.sealed import OVERHEAD
from tests.integration.service_world import (
    ENVELOPES,
    HOLDER,
    NORTH,
    POLICE,
    PRISON,
    ROUND,
    SERVICE,
    SOUTH,
    STATISTICS,
    make_world,
    random_bytes,
    refusal,
)

NUMBER = Release().questions
QUESTIONS_PATH = f"/v1/rounds/{ROUND}/questions"
CHILDREN = [random_bytes(16, str(number)) for number in range(NUMBER)]


@pytest.fixture
def world(tmp_path, migrated_url):
    """A service whose round awaits approval."""
    made = make_world(tmp_path, migrated_url)
    assert made.open_round().status_code == 200
    yield made
    made.store.dispose()


def choose(world, authority, children):
    """Stand in for the worker: whom an authority is asked about."""
    table = pa.Table.from_pylist([{"authority": authority, "child": child} for child in children], schema=ASKED)
    with Session(world.store) as session:
        Vault(world.settings, session.get_one(Round, ROUND)).write_blob(QUESTIONS_BLOB, write_table(table))


def release(world, findings=()):
    findings_digest = world.set_findings(list(findings))
    for number in (1, 2):
        assert world.approve(number, findings_digest).status_code == 200
    return world.post(f"{SERVICE}/operator-1", f"/v1/rounds/{ROUND}/release")


def collect(world, authority):
    return world.send(f"{authority}/desk", "GET", QUESTIONS_PATH)


def opened(world, authority):
    context = questions_context(digest_of(world.round_body()), authority)
    return read_questions(world.agreements.sealing[f"{authority}/desk"].open(collect(world, authority).content, context))


def kinds(world):
    with Session(world.store) as session:
        return [item.event["kind"] for item in entries(session)]


def test_every_authority_gets_one_message_of_one_size_with_as_many_questions_whatever_was_found(world):
    choose(world, NORTH, CHILDREN)
    release(world, [(NORTH, "ab" * 16)])
    assert {len(collect(world, authority).content) for authority in (NORTH, SOUTH)} == {QUESTIONS_BYTES + OVERHEAD}
    bodies = {authority: opened(world, authority) for authority in (NORTH, SOUTH)}
    assert {len(set(body.children)) for body in bodies.values()} == {NUMBER}
    assert {body.questions for body in bodies.values()} == {QUESTIONS}
    assert set(bodies[NORTH].children) == {child.hex() for child in CHILDREN}


def test_a_round_that_found_nothing_asks_as_much(world):
    release(world)
    assert len(opened(world, NORTH).children) == len(opened(world, SOUTH).children) == NUMBER


def test_before_a_release_there_are_no_questions(world):
    world.set_findings([])
    refusal(collect(world, NORTH), 409, "RoundError")


@pytest.mark.parametrize(
    "key_id",
    [
        f"{NORTH}/custodian",
        f"{PRISON}/custodian",
        f"{POLICE}/custodian",
        f"{HOLDER}/key-holder",
        f"{STATISTICS}/statistician",
        f"{SERVICE}/operator-1",
    ],
)
def test_nobody_but_a_desk_collects_questions(world, key_id):
    release(world)
    refusal(world.send(key_id, "GET", QUESTIONS_PATH), 403, "NotPermittedError")


def test_an_authoritys_questions_do_not_open_for_another(world):
    release(world)
    assert collect(world, NORTH).content != collect(world, SOUTH).content
    with pytest.raises(Exception, match="sealed to another organisation"):
        world.agreements.sealing[f"{SOUTH}/desk"].open(
            collect(world, NORTH).content, questions_context(digest_of(world.round_body()), NORTH)
        )


def test_questions_are_minted_once_and_the_log_says_so_and_who_collected_them(world):
    choose(world, NORTH, CHILDREN)
    release(world)
    before = collect(world, NORTH).content
    assert world.post(f"{SERVICE}/operator-2", f"/v1/rounds/{ROUND}/release").status_code == 200
    assert collect(world, NORTH).content == before
    assert kinds(world).count("questions-minted") == 1
    assert kinds(world).count("questions-collected") == 2


def test_a_crash_while_questions_are_minted_leaves_neither_token_nor_release(world, monkeypatch):
    choose(world, NORTH, CHILDREN)
    with monkeypatch.context() as patch:
        patch.setattr(questions, "write_questions", _crash)
        assert release(world, [(NORTH, "ab" * 16)]).status_code == 500
    with Session(world.store) as session:
        assert session.scalars(select(Questions)).all() == []
        assert session.get_one(Round, ROUND).state == "awaiting-approval"
    assert world.envelopes() == []
    assert world.post(f"{SERVICE}/operator-1", f"/v1/rounds/{ROUND}/release").status_code == 200
    assert set(opened(world, NORTH).children) == {child.hex() for child in CHILDREN}
    assert len(world.envelopes()) == 2 * ENVELOPES


def _crash(*_):
    raise RuntimeError("gone")


def test_the_database_does_not_say_whom_an_authority_is_asked_about(world):
    choose(world, NORTH, CHILDREN)
    release(world)
    stored = repr(world.snapshot()).encode()
    assert [child for child in CHILDREN if child.hex().encode() in stored or repr(child).encode()[2:-1] in stored] == []
