"""Every role at every route, in every state of a round, with its own things and with others': who may not is refused in each, and nothing changes."""

import re
from datetime import timedelta
from itertools import product

import pytest
from sqlalchemy.orm import Session

from linkage.api.permissions import Action, Caller, can
from linkage.heads import sign_due
from linkage.release.minting import mint_tokens
from linkage.states import State
from linkage.store.models import Round
from schemas.canonical import canonical_json
from schemas.roster import Role
from tests.integration.service_world import (
    HOLDER,
    NORTH,
    NOW,
    POLICE,
    PRISON,
    ROUND,
    SERVICE,
    SOUTH,
    STATISTICS,
    Sender,
    make_world,
    parts_of,
)

pytestmark = pytest.mark.slow  # some thousands of requests

ROUND_, SUBMISSION = "/v1/rounds/{round_id}", "/v1/rounds/{round_id}/submissions/{digest}"
FEED = "/v1/events/{organisation}/{number}"
ROUTES = {
    ("GET", "/v1/rounds"): Action.SEE_ROUND,
    ("GET", ROUND_): Action.SEE_ROUND,
    ("PUT", ROUND_): Action.OPEN_ROUND,
    ("GET", f"{ROUND_}/quality"): Action.SEE_PROGRESS,
    ("POST", f"{ROUND_}/close"): Action.CLOSE_ROUND,
    ("POST", f"{ROUND_}/cancel"): Action.CANCEL,
    ("POST", f"{ROUND_}/waves/{{wave}}"): Action.OPEN_WAVE,
    ("POST", f"{ROUND_}/approvals"): Action.APPROVE,
    ("POST", f"{ROUND_}/release"): Action.RELEASE,
    ("POST", f"{ROUND_}/expire"): Action.EXPIRE,
    ("PUT", f"{ROUND_}/deletion"): Action.STATE_DELETION,
    ("GET", f"{ROUND_}/deletions"): Action.SEE_PROGRESS,
    ("PUT", f"{ROUND_}/shares/{{recipient}}"): Action.SEND_SHARE,
    ("GET", f"{ROUND_}/shares"): Action.COLLECT_SHARES,
    ("PUT", SUBMISSION): Action.SUBMIT,
    ("GET", SUBMISSION): Action.SUBMIT,
    ("PUT", f"{SUBMISSION}/parts/{{name}}/chunks/{{index}}"): Action.SUBMIT,
    ("POST", f"{SUBMISSION}/accept"): Action.SUBMIT,
    ("GET", f"{SUBMISSION}/proof"): Action.SUBMIT,
    ("GET", f"{ROUND_}/requests/{{wave}}"): Action.ANSWER,
    ("GET", f"{ROUND_}/requests/{{wave}}/{{name}}/chunks/{{index}}"): Action.ANSWER,
    ("PUT", f"{ROUND_}/answers/{{wave}}/{{name}}/chunks/{{index}}"): Action.ANSWER,
    ("POST", f"{ROUND_}/answers/{{wave}}"): Action.ANSWER,
    ("GET", f"{ROUND_}/envelopes"): Action.COLLECT_ENVELOPE,
    ("GET", f"{ROUND_}/envelopes/{{envelope_id}}"): Action.COLLECT_ENVELOPE,
    ("GET", f"{ROUND_}/proof"): Action.COLLECT_ENVELOPE,
    ("POST", f"{ROUND_}/acknowledgements"): Action.ACKNOWLEDGE,
    ("POST", "/v1/tokens/redeem"): Action.REDEEM,
    ("GET", f"{ROUND_}/questions"): Action.COLLECT_QUESTIONS,
    ("POST", f"{ROUND_}/tables"): Action.COUNT,
    ("GET", "/v1/ledger"): Action.SEE_LEDGER,
    ("GET", "/v1/audit"): Action.READ_AUDIT,
    ("GET", "/v1/heads"): Action.SEE_HEADS,
    ("PUT", FEED): Action.PUBLISH_EVENTS,
    ("GET", "/v1/events"): Action.COLLECT_EVENTS,
    ("GET", FEED): Action.COLLECT_EVENTS,
}
UNSIGNED = {("GET", "/v1/health"), ("GET", "/v1/ready")}
KEYS = {
    Role.OPERATOR: f"{SERVICE}/operator-1",
    Role.SERVICE: f"{SERVICE}/service",
    Role.CUSTODIAN: f"{POLICE}/custodian",
    Role.DATA_PROTECTION: f"{NORTH}/data-protection",
    Role.DESK: f"{SOUTH}/desk",
    Role.KEY_HOLDER: f"{HOLDER}/key-holder",
    Role.STATISTICIAN: f"{STATISTICS}/statistician",
}


@pytest.fixture
def world(tmp_path, migrated_url):
    """A round with an accepted submission of the prison service, and envelopes of the north's."""
    made = make_world(tmp_path, migrated_url)
    assert made.open_round().is_success
    made.digest, answer = Sender(made).submit(parts_of())
    assert answer.is_success
    made.set_findings([(NORTH, f"{1:032x}")])
    with Session(made.store) as session, session.begin():
        mint_tokens(session, made.settings, ROUND, now=NOW)
    sign_due(made.store, made.app.state.service.signer, now=NOW, every=timedelta())
    made.envelope = next(item.envelope_id for item in made.envelopes() if item.authority == NORTH)
    yield made
    made.store.dispose()


def set_state(world, state):
    with Session(world.store) as session, session.begin():
        session.get_one(Round, ROUND).state = state


def path_of(world, template):
    """Return an address of things that are the prison service's, or the north's."""
    given = {
        "round_id": ROUND,
        "digest": world.digest,
        "wave": 1,
        "recipient": PRISON,
        "name": "adults.A.arrow",
        "index": 0,
        "organisation": PRISON,
        "number": 1,
    }
    return template.format(**given, envelope_id=world.envelope)


def ask(world, role, method, path, body=b"{}"):
    key = {"key": world.app.state.service.signer.key} if role is Role.SERVICE else {}
    sender = world.sender(KEYS[role], **key)
    return world.client.request(method, path, content=b"" if method == "GET" else body, auth=sender)


def test_the_routes_are_all_that_there_are(world):
    offered = {(method.upper(), path) for path, methods in world.app.openapi()["paths"].items() for method in methods}
    assert offered == ROUTES.keys() | UNSIGNED
    assert set(ROUTES.values()) == set(Action)
    assert set(KEYS) == set(Role)


def test_who_may_not_is_refused_in_every_state_and_nothing_changes(world):
    refusals = 0
    for state in State:
        set_state(world, state)
        before = world.snapshot()
        for (method, template), role in product(ROUTES, Role):
            if can(Caller("", "", role, ""), ROUTES[method, template]):
                continue
            answer = ask(world, role, method, path_of(world, template))
            assert answer.status_code == 403, (state, role, method, template)
            assert answer.json()["title"] == "NotPermittedError"
            assert re.match(rf"{role}: may not ", answer.json()["detail"])
            refusals += 1
        assert world.snapshot() == before
    assert refusals > 1_000


OTHERS = {  # a role that may, with somebody else's: a submission is not there, an envelope is another's
    ("GET", SUBMISSION): (Role.CUSTODIAN, 404),
    ("PUT", f"{SUBMISSION}/parts/{{name}}/chunks/{{index}}"): (Role.CUSTODIAN, 404),
    ("POST", f"{SUBMISSION}/accept"): (Role.CUSTODIAN, 404),
    ("GET", f"{SUBMISSION}/proof"): (Role.CUSTODIAN, 404),
    ("GET", f"{ROUND_}/envelopes/{{envelope_id}}"): (Role.DESK, 403),
    ("POST", f"{ROUND_}/acknowledgements"): (Role.DESK, 403),
    ("PUT", FEED): (Role.CUSTODIAN, 403),
}


def test_others_things_are_refused_in_every_state_and_nothing_changes(world):
    acknowledging = canonical_json({"envelopes": {world.envelope: "keeps"}})
    for state in State:
        set_state(world, state)
        before = world.snapshot()
        for (method, template), (role, status) in OTHERS.items():
            answer = ask(world, role, method, path_of(world, template), acknowledging)
            late = state is not State.OPEN and template.endswith("{index}")  # a closed round takes nothing, whoever's it is
            assert answer.status_code == (409 if late else status), (state, method, template, answer.text)
        assert world.snapshot() == before


def test_lists_hold_the_caller_s_own_alone(world):
    set_state(world, State.RELEASED)
    own = {item["envelope_id"] for item in ask(world, Role.DESK, "GET", f"/v1/rounds/{ROUND}/envelopes").json()["envelopes"]}
    assert own == {item.envelope_id for item in world.envelopes() if item.authority == SOUTH}
    assert world.envelope not in own
    proof = ask(world, Role.DESK, "GET", f"/v1/rounds/{ROUND}/proof").json()
    assert {name for batch in proof["batches"] for name in batch["envelopes"]} == own
    assert ask(world, Role.CUSTODIAN, "GET", f"/v1/rounds/{ROUND}/shares").json() == {"shares": []}


def test_whoever_is_on_no_roster_or_was_revoked_is_refused_everywhere(world):
    for (method, template), key_id in product(ROUTES, ("north-police/old", f"{POLICE}/nobody")):
        key = world.agreements.keys["north-police/old"]
        answer = world.client.request(method, path_of(world, template), auth=world.sender(key_id, key=key))
        assert answer.status_code == 401, (method, template)
