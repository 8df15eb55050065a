"""Malformed requests, by the thousand: no fault, nothing stored, nothing of what was sent in the answer.

Requests are made from the service's own OpenAPI document, and by breaking valid documents, which are then signed as they should be, so that what is
behind the signature is reached. All of it runs against the service itself, without a socket.
"""

import json
import os
import random
import resource
from collections import Counter

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.core import NotSet

from linkage.store.engine import migrate, open_store
from schemas.canonical import canonical_json, digest_of
from schemas.errors import AgreementError
from tests.integration.service_world import HOLDER, NORTH, PRISON, ROUND, SERVICE, STATISTICS, Sender, make_world, parts_of

MARKER = "Markername"
KEYS = [
    f"{SERVICE}/operator-1",
    f"{HOLDER}/key-holder",
    f"{PRISON}/custodian",
    f"{NORTH}/custodian",
    f"{NORTH}/desk",
    f"{STATISTICS}/statistician",
]
EACH = 700 if os.environ.get("KINLINK_PROVE") else 40
MOST_GROWTH_KIB = 200 * 1024
SIGNED = {
    "round": ("round/1", KEYS[0]),
    "submission": ("submission/1", KEYS[2]),
    "approval": ("approval/1", KEYS[0]),
    "deletion": ("deletion/1", KEYS[1]),
}
JUNK = [
    None,
    True,
    -1,
    2**70,
    1e308,
    "",
    MARKER * 40,
    "\x00\ud7ff\u202e",
    [],
    {},
    [[[[]]]],
    {MARKER: MARKER},
    ["a"] * 300,
    {"a": {"a": {"a": None}}},
]
pytestmark = pytest.mark.slow
seen: Counter[int] = Counter()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def world(request, tmp_path_factory):
    """A service with an open round that has a submission."""
    directory = tmp_path_factory.mktemp("malformed")
    url = f"sqlite:///{directory / 'test.sqlite'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_database").render_as_string(hide_password=False)
    store = open_store(url)
    if request.param == "postgresql":
        with store.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")
    migrate(store)
    store.dispose()
    made = make_world(directory, url)
    made.open_round()
    assert Sender(made).submit(parts_of())[1].status_code == 200
    yield made
    made.store.dispose()


def operations():
    """Return the operations of the OpenAPI document, read without a service."""
    from fastapi import FastAPI

    from linkage.api import envelopes, questions, readiness, rounds, shares, submissions, tables, waves

    app = FastAPI()
    for noun in (readiness, rounds, shares, submissions, waves, envelopes, questions, tables):
        app.include_router(noun.router)
    schema = schemathesis.openapi.from_dict(app.openapi())
    return {f"{made.ok().method.upper()} {made.ok().path}": made.ok() for made in schema.get_all_operations()}


OPERATIONS = operations()


def check(world, before, response):
    """Check one answer: no fault, no echo, and of what was refused nothing kept."""
    seen[response.status_code] += 1
    assert response.status_code < 500, response.text
    if response.status_code < 400:
        return
    problem = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert problem["status"] == response.status_code
    assert MARKER not in response.text
    assert len(problem["detail"]) < 600
    assert world.snapshot() == before


@pytest.mark.parametrize("name", OPERATIONS)
def test_requests_of_the_openapi_document_meet_no_fault(world, name):
    # These change a round of this name when they are valid.
    ends_it = name.endswith(("/close", "/cancel", "/expire", "/release"))

    @settings(max_examples=EACH, suppress_health_check=list(HealthCheck), derandomize=True, deadline=None, database=None)
    @given(case=OPERATIONS[name].as_strategy(), key=st.sampled_from([None, *KEYS]), known=st.booleans())
    def run(case, key, known):
        parameters = {k: str(v) for k, v in (case.path_parameters or {}).items()}
        if known and "round_id" in parameters and not ends_it:
            parameters["round_id"] = ROUND
        path = "/".join(parameters.get(part[1:-1], "x") if part.startswith("{") else part for part in case.path.split("/"))
        body = b"" if isinstance(case.body, NotSet) else case.body if isinstance(case.body, bytes) else as_bytes(case.body)
        before = world.snapshot()
        if key is None:
            response = world.client.request(case.method, path, content=body)
            assert response.status_code in (200, 401, 404, 405, 307) if path.startswith("/v1/") else True
        else:
            response = world.send(key, case.method, path, body, params=case.query or None)
        check(world, before, response)

    run()


def as_bytes(body):
    """Return a body as JSON."""
    return json.dumps(body, default=str).encode("utf-8", errors="replace")


def valid(world, kind):
    """Return a valid body of a kind of document, and where it goes."""
    if kind == "round":
        return world.round_body(round_id="round-2"), "PUT", "/v1/rounds/round-2"
    if kind == "submission":
        body = Sender(world).manifest(parts_of())
        return body, "PUT", f"/v1/rounds/{ROUND}/submissions/{{digest}}"
    if kind == "approval":
        return {"round_id": ROUND, "findings_digest": "a" * 64, "action": "release"}, "POST", f"/v1/rounds/{ROUND}/approvals"
    body = {
        "round_id": ROUND,
        "round_digest": digest_of(world.round_body()),
        "organisation": HOLDER,
        "deleted_at": world.round_body()["opens_at"],
        "deleted": [{"material": "sealed-shares", "sha256": "a" * 64}],
    }
    return body, "PUT", f"/v1/rounds/{ROUND}/deletion"


def broken(body, draws):
    """Return a copy of a body with one to three places broken; a place is anywhere in it."""
    made = json.loads(json.dumps(body))
    for _ in range(draws.randint(1, 3)):
        inside = made
        while True:
            keys = list(inside) if isinstance(inside, dict) else list(range(len(inside)))
            if not keys:
                break
            key = draws.choice(keys)
            if isinstance(inside[key], dict | list) and draws.random() < 0.6:
                inside = inside[key]
                continue
            how = draws.random()
            if how < 0.25:
                del inside[key]
            elif how < 0.35 and isinstance(inside, dict):
                inside[MARKER] = inside.pop(key)
            else:
                inside[key] = draws.choice(JUNK)
            break
    return made


@pytest.mark.parametrize("kind", SIGNED)
def test_broken_documents_that_are_signed_meet_no_fault(world, kind):
    body, method, path = valid(world, kind)
    context, key = SIGNED[kind]
    draws = random.Random(kind)
    for _ in range(5 * EACH):
        made = broken(body, draws)
        if made == body or (kind == "submission" and draws.random() < 0.1):
            continue
        try:
            document = world.sign(key, context, made)
            content = canonical_json(document)
        except (ValueError, TypeError, OverflowError, AgreementError):  # not even its sender can sign it
            continue
        before = world.snapshot()
        check(world, before, world.send(key, method, path.format(digest=digest_of(made)), content))


@pytest.mark.parametrize("kind", SIGNED)
def test_broken_signatures_and_envelopes_of_documents_meet_no_fault(world, kind):
    body, method, path = valid(world, kind)
    context, key = SIGNED[kind]
    draws = random.Random(f"outside {kind}")
    document = world.sign(key, context, body)
    for _ in range(2 * EACH):
        made = broken(document, draws)
        content = json.dumps(made).encode()
        if draws.random() < 0.3:
            place = draws.randrange(len(content))
            content = content[:place] + bytes([draws.randrange(256)]) + content[place + draws.randrange(3) :]
        if content == canonical_json(document):
            continue
        before = world.snapshot()
        response = world.send(key, method, path.format(digest=digest_of(body)), content)
        if response.status_code >= 400:
            check(world, before, response)


def test_memory_does_not_grow_with_what_is_refused(world, figure):
    def most():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    content = b'{"body": ' + b"[" * 100_000
    for _ in range(50):
        world.send(KEYS[2], "PUT", f"/v1/rounds/{ROUND}/submissions/{'a' * 64}", content[:60_000])
    before = most()
    for _ in range(20 * EACH):
        response = world.send(KEYS[2], "PUT", f"/v1/rounds/{ROUND}/submissions/{'a' * 64}", content[:60_000])
        assert response.status_code == 422, response.text
    assert most() - before < MOST_GROWTH_KIB
    figure("malformed requests met by a fault or stored", "0", f"0 of {sum(seen.values()):,}")
