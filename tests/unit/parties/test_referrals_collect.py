"""Collecting at the desk: exactly once, whatever crashes; nobody else's envelope; nothing lost."""

import atexit
import base64
import functools
import json
import re
import shutil
import stat
import tempfile
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from linkage.release.minting import envelope_id as minted_id
from parties.client import ServiceClient
from parties.controls.names import record_key
from parties.initialise import init_node, install
from parties.referrals import collect as collecting
from parties.referrals.collect import Collected, approve, collect, open_envelope
from parties.referrals.directory import RecipientRole
from parties.referrals.listing import referrals
from parties.settings import load_settings
from parties.store.engine import open_node_store
from parties.store.models import Alarm, DocumentApproval, Person, ProtectedOpening
from parties.store.people import remember_people
from schemas import agreement, roster, round_manifest
from schemas.errors import AlarmError, ConfigurationError, ExtractError, SealError, ServiceError, TokenError
from schemas.roster import Role, identity_of
from schemas.sealed import seal
from schemas.signature import SignedDocument, public_text, sign, signed
from schemas.token import TokenBody, token_context, write_token
from tests.passphrases import passphrase_in

ROUND = "round-1"
CHILDREN = """child_id,upn,forename,middle_names,surname,date_of_birth,sex,address,town,postcode,school_urn,under_five_area,legal_status,standing
C-1,,Siân,,Example,2016-05-01,F,1 Any Road,Town,AB1 2CD,123456,,none,resident
C-2,,Tom,,Sample,2024-02-01,M,2 Any Road,Town,AB1 2CE,,N1,none,resident
C-3,,Una,,Other,2010-02-01,F,3 Any Road,Town,AB1 2CF,,,none,looked_after
"""
DIRECTORY = """role,area_or_school,name,telephone
dsl,123456,Dee Lead,01632 960002
health_visitor,N1,Vi Visitor,01632 960003
single_point_of_contact,,Sam Point,01632 960001
"""
PERSONS = {"C-1": b"\x01" * 16, "C-2": b"\x02" * 16, "C-3": b"\x03" * 16}


class Service:
    """The service as a desk sees it: lists, hands out and redeems; may lose the answer to a redemption."""

    def __init__(self, manifest):
        self.manifest, self.envelopes, self.redeemed, self.loses_the_answer, self.acknowledged = manifest, {}, {}, False, {}

    @property
    def round_id(self):
        return self.manifest.body["round_id"]

    def __call__(self, request):
        path = request.url.path
        if path.endswith("/envelopes"):
            return httpx.Response(200, json={"envelopes": [{"envelope_id": item, "size": 1} for item in self.envelopes]})
        if "/envelopes/" in path:
            return httpx.Response(200, content=self.envelopes[path.rsplit("/", 1)[1]])
        if path.endswith("/acknowledgements"):
            self.acknowledged |= json.loads(request.content)["envelopes"]
            return httpx.Response(200, json={"acknowledged": True})
        if path.endswith("/redeem"):
            return self.redeem(json.loads(request.content)["token"])
        return httpx.Response(
            200,
            json={
                "round_id": self.round_id,
                "round_digest": self.manifest.digest,
                "manifest": self.manifest.model_dump(),
                "state": "closed",
            },
        )

    def redeem(self, token):
        if token in self.redeemed:
            detail = f"token: already redeemed on {self.redeemed[token]}; look for its referral before doing anything twice"
            return httpx.Response(409, json={"title": "TokenError", "detail": detail, "status": 409})
        self.redeemed[token] = "2026-09-14T08:00:00Z"
        if self.loses_the_answer:
            raise httpx.ConnectError("gone")
        return httpx.Response(200, json={"redeemed": True})


@pytest.fixture
def node(tmp_path):
    """Return an authority's settings and the service it talks to, each time as if new."""
    made, manifest_of, own, other = founded()
    shutil.copytree(made, tmp_path / "north")
    return load_settings(tmp_path / "north"), Service(manifest_of(ROUND)), own, other


def next_round(node, round_id):
    """Let the service and the desk's map be those of another round, with the same people."""
    settings, service, *_ = node
    service.manifest = founded()[1](round_id)
    store = open_node_store(settings)
    remember_people(store, round_id, "children", [(person, record_id) for record_id, person in PERSONS.items()])
    store.dispose()


@functools.cache
def founded():
    """Make the authority's node once in a process; return its directory, what signs a round's manifest, and both authorities' rostered entries."""
    tmp_path = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, tmp_path)
    roots = {name: Ed25519PrivateKey.generate() for name in ("root/one", "root/two")}
    operator = Ed25519PrivateKey.generate()
    own = init_node(
        tmp_path / "north", "local-authority", "northshire", "Northshire Council", gss_code="E10000001", passphrase=passphrase_in(tmp_path)
    )
    other = init_node(tmp_path / "south", "local-authority", "southshire", "Southshire Council", gss_code="E10000002")
    holders = [init_node(tmp_path / name, "key-holder", name, name) for name in ("holder-one", "holder-two")]
    service = {
        "organisation": "service", "name": "Service", "kind": "linkage-service", "controller": "service",
        "identities": [
            {"key_id": "service/one", "role": "operator", "signing_key": public_text(operator)},
            *({"key_id": f"service/{name}", "role": role, "signing_key": public_text(Ed25519PrivateKey.generate())} for name, role in [("two", "operator"), ("service", "service")]),
        ],
    }  # fmt: skip
    names = {"version": 1, "expires_on": "2099-01-01", "organisations": [*(item.model_dump() for item in (own, other, *holders)), service]}
    roster_document = by_all(roots, roster.CONTEXT, names)
    agreed = by_all(
        roots,
        agreement.CONTEXT,
        {
            "version": 1, "purpose": "support", "scope": "test", "roster_digest": roster_document.digest, "expires_on": "2099-01-01",
            "lawful_bases": [], "encoding": {"schemas_digest": "0" * 64, "normaliser": "n/1", "normaliser_digest": "0" * 64},
        },
    )  # fmt: skip
    for name in ("north", "south"):
        install(tmp_path / name, roster_document, agreed, {key_id: public_text(key) for key_id, key in roots.items()}, b"")
    manifest = {
        "roster_digest": roster_document.digest, "agreement_digest": agreed.digest, "purpose": "support",
        "scope": "test", "opens_at": "2026-09-07T00:00:00Z", "closes_at": "2026-09-14T00:00:00Z",
    }  # fmt: skip
    settings = load_settings(tmp_path / "north")
    settings.path("extract", "children.csv").write_text(CHILDREN, encoding="utf-8")
    settings.path("extract", "directory.csv").write_text(DIRECTORY, encoding="utf-8")
    store = open_node_store(settings)
    remember_people(store, ROUND, "children", [(person, record_id) for record_id, person in PERSONS.items()])
    store.dispose()
    sign_manifest = functools.cache(
        lambda round_id: signed(operator, "service/one", round_manifest.CONTEXT, {"round_id": round_id, **manifest})
    )
    return settings.directory, sign_manifest, own, other


def by_all(roots, context, body):
    return SignedDocument(body=body, signatures=[sign(key, name, context, body) for name, key in roots.items()])


def token_of(round_id, person):
    return sha256(f"{round_id}{person}".encode()).hexdigest()


def envelope(node, child, *, grade="A", to="own", authority=None, person=None, is_dummy=False, own_carer="ef" * 16, attributes=()):
    """Seal a token as the service would, put it at the service, and return its id."""
    _, service, own, other = node
    addressee = own if to == "own" else other
    person = (person or PERSONS[child]).hex()
    name = authority or addressee.organisation
    body = TokenBody(
        token=token_of(service.round_id, person),
        round_id=service.round_id,
        authority=name,
        child=person,
        own_carer=own_carer,
        grade=grade,
        expires_at="2099-01-01T00:00:00Z",
        is_dummy=is_dummy,
        attributes=attributes,
    )
    key = identity_of(addressee, Role.DESK).sealing_key
    envelope_id = minted_id(service.round_id, name, person)
    service.envelopes[envelope_id] = seal(write_token(body), key, token_context(service.manifest.digest, addressee.organisation))
    return envelope_id


def run(node, **options):
    settings, service, *_ = node
    return collect(settings, service.round_id, client=client(settings, service), **options)


def client(settings, service):
    return ServiceClient(settings, Role.DESK, transport=httpx.MockTransport(service))


def documents(node):
    return sorted(path.name for path in node[0].path("referrals").iterdir())


def test_each_child_reaches_its_own_recipient_in_documents_for_the_owner_alone(node):
    ids = [envelope(node, "C-1"), envelope(node, "C-2", grade="B"), envelope(node, "C-3")]
    told = []
    done = run(node, progress=lambda *step: told.append(step))
    assert done == Collected(3, 3, {RecipientRole.DSL: 1, RecipientRole.HEALTH_VISITOR: 1, RecipientRole.SINGLE_POINT_OF_CONTACT: 1})
    assert documents(node) == sorted(f"referral-{item[:12]}{ending}" for item in ids for ending in (".html", ".json"))
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in node[0].path("referrals").iterdir())
    assert told[-1] == ("envelopes", 3, 3)
    document = json.loads(node[0].path("referrals", f"referral-{ids[0][:12]}.json").read_text(encoding="utf-8"))
    assert (document["child_name"], document["recipient"]["name"]) == ("Siân Example", "Dee Lead")


def test_a_dummy_is_redeemed_once_and_leaves_no_document(node):
    dummy, real = envelope(node, None, person=b"\x09" * 16, is_dummy=True), envelope(node, "C-1")
    done = run(node)
    assert (done.opened, done.written, done.problems) == (1, 1, ())
    assert documents(node) == [f"referral-{real[:12]}{ending}" for ending in (".html", ".json")]
    assert len(node[1].redeemed) == 2
    assert len(referrals(node[0], ROUND)) == 1
    assert run(node) == Collected(0, 0, {})
    file = node[0].path("dummy.kls")
    file.write_bytes(node[1].envelopes[dummy])
    with pytest.raises(TokenError, match=r"already opened on .*; nothing is to be done with it"):
        open_envelope(node[0], file, ROUND, client=client(*node[:2]))


def test_the_console_names_the_authority_s_own_record_post_and_grade(node):
    envelope(node, "C-1")
    envelope(node, "C-2", grade="B")
    run(node)
    assert sorted(referrals(node[0], ROUND)) == [("C-1", RecipientRole.DSL, "A"), ("C-2", RecipientRole.HEALTH_VISITOR, "B")]
    assert referrals(node[0], "round-2") == []


def test_a_document_says_by_when_to_act_by_the_authority_s_own_calendar(node):
    today = datetime.now(UTC).date()
    closed = f"first_day,last_day\n{today},{today + timedelta(days=400)}\n"
    node[0].path("extract", "closures.csv").write_text(closed, encoding="utf-8")
    name = f"referral-{envelope(node, 'C-1')[:12]}.json"
    run(node)
    document = json.loads(node[0].path("referrals", name).read_bytes())
    due = document["due"]
    assert document["also"]["name"] == "Sam Point"  # nobody is at school for so long
    assert due.endswith(" 08:30")
    assert today + timedelta(days=400) < date.fromisoformat(due[:10]) <= today + timedelta(days=405)


@pytest.mark.parametrize("row", ["2026-09-14,2026-09-13", "2026-09-14,", "tomorrow,2026-09-14"])
def test_closures_that_cannot_be_read_are_named_before_anything_is_redeemed(node, row):
    node[0].path("extract", "closures.csv").write_text(f"first_day,last_day\n{row}\n", encoding="utf-8")
    envelope(node, "C-1")
    with pytest.raises(ExtractError, match="closures, row 2: want first_day and last_day"):
        run(node)
    assert node[1].redeemed == {}


def test_collecting_again_does_nothing(node):
    envelope(node, "C-1")
    run(node)
    before = {path.name: path.stat().st_mtime_ns for path in node[0].path("referrals").iterdir()}
    assert run(node) == Collected(0, 0, {})
    assert before == {path.name: path.stat().st_mtime_ns for path in node[0].path("referrals").iterdir()}


def test_an_answer_lost_after_redeeming_loses_no_referral(node):
    envelope(node, "C-1")
    node[1].loses_the_answer = True
    with pytest.raises(ServiceError):
        run(node)
    assert documents(node) == []
    node[1].loses_the_answer = False
    assert run(node).written == 1
    assert len(documents(node)) == 2


@pytest.mark.parametrize("step", ["_write", "records.record_redeemed"])
def test_a_crash_between_any_two_steps_is_mended_by_the_next_run(node, step, monkeypatch):
    envelope(node, "C-1")
    with monkeypatch.context() as patch:
        patch.setattr(f"{collecting.__name__}.{step}", crash)
        with pytest.raises(KeyboardInterrupt):
            run(node)
    node[1].envelopes.clear()  # even if the service no longer lists it
    assert run(node).written == 1
    assert len(documents(node)) == 2
    assert len(referrals(node[0], ROUND)) == 1
    assert run(node) == Collected(0, 0, {})


def crash(*_):
    raise KeyboardInterrupt


def test_what_is_kept_before_redeeming_is_sealed_and_is_let_go_afterwards(node, monkeypatch):
    envelope(node, "C-1")
    with monkeypatch.context() as patch:
        patch.setattr(collecting, "_write", crash)
        with pytest.raises(KeyboardInterrupt):
            run(node)
    content = base64.b64encode(next(iter(node[1].envelopes.values())))
    store = b"".join(path.read_bytes() for path in node[0].directory.glob("node.sqlite*"))
    assert content in store
    assert (PERSONS["C-1"].hex() * 2).encode() not in store
    run(node)
    assert not collecting.records.kept(open_node_store(node[0]), ROUND)


def test_a_token_that_another_desk_of_the_authority_redeemed_is_not_referred_twice(node):
    envelope(node, "C-1")
    envelope(node, "C-2")
    node[1].redeemed[token_of(ROUND, PERSONS["C-1"].hex())] = "2026-09-13T08:00:00Z"
    for _ in range(2):
        done = run(node)
        assert len(done.problems) == 1
        assert re.search(r"^envelope [0-9a-f]{12}: .*already redeemed on 2026-09-13", done.problems[0])
    assert len(documents(node)) == 2


def test_another_authority_s_envelope_is_refused_and_says_whose_desk_this_is(node, tmp_path):
    envelope_id = envelope(node, "C-1", to="other")
    file = tmp_path / "some.sealed"
    file.write_bytes(node[1].envelopes[envelope_id])
    with pytest.raises(SealError, match=r"some\.sealed: .*sealed to another organisation or round.*northshire"):
        open_envelope(node[0], file, ROUND, client=client(*node[:2]))
    assert node[1].redeemed == {}
    assert "another organisation" in run(node).problems[0]


def test_an_envelope_that_is_ours_but_names_another_authority_is_refused(node):
    envelope(node, "C-1", authority="southshire")
    assert "names another authority" in run(node).problems[0]
    assert node[1].redeemed == {}


def test_one_envelope_from_a_file_is_dealt_with_once(node, tmp_path):
    file = tmp_path / "one.sealed"
    file.write_bytes(node[1].envelopes[envelope(node, "C-1")])
    assert open_envelope(node[0], file, ROUND, client=client(*node[:2])) == ("C-1", RecipientRole.DSL, "A")
    with pytest.raises(TokenError, match=rf"one\.sealed: already opened on {datetime.now(UTC).year}.*referrals/referral-"):
        open_envelope(node[0], file, ROUND, client=client(*node[:2]))


def test_a_file_that_cannot_be_read_or_is_cut_short_is_named(node, tmp_path):
    with pytest.raises(ConfigurationError, match="cannot be read"):
        open_envelope(node[0], tmp_path / "none", ROUND, client=client(*node[:2]))
    file = tmp_path / "cut.sealed"
    file.write_bytes(node[1].envelopes[envelope(node, "C-1")][:-1])
    with pytest.raises(SealError, match=r"cut\.sealed"):
        open_envelope(node[0], file, ROUND, client=client(*node[:2]))


def test_a_child_that_is_not_on_the_record_is_a_problem_and_its_token_stays_good(node, tmp_path):
    envelope_id = envelope(node, "C-1", person=b"\x09" * 16)
    envelope(node, "C-2")
    done = run(node)
    assert done.written == 1
    assert "not on this node's record" in done.problems[0]
    assert len(node[1].redeemed) == 1
    file = tmp_path / "stranger.sealed"
    file.write_bytes(node[1].envelopes[envelope_id])
    with pytest.raises(TokenError, match="not on this node's record"):
        open_envelope(node[0], file, ROUND, client=client(*node[:2]))


def test_an_envelope_for_a_planted_control_raises_an_alarm_and_is_never_routed(node):
    settings, service, *_ = node
    remember(settings, record_key(7), PERSONS["C-1"])
    envelope(node, "C-1")
    envelope(node, "C-2")
    for _ in range(2):
        done = run(node)
        assert (len(done.alarms), done.problems) == (1, ())
        with pytest.raises(AlarmError, match="its child is a planted control") as caught:
            done.check_no_alarm()
        assert caught.value.exit_code == 21
    assert len(documents(node)) == 2
    assert [item.child_id for item in referrals(settings, ROUND)] == ["C-2"]
    assert len(service.redeemed) == 1
    store = open_node_store(settings)
    with Session(store) as session:
        assert [(row.round_id, row.what) for row in session.scalars(select(Alarm))] == [(ROUND, "envelope for a control")]
    store.dispose()


def test_one_file_with_an_envelope_for_a_planted_control_raises_the_alarm_at_once(node, tmp_path):
    settings, service, *_ = node
    remember(settings, record_key(7), PERSONS["C-1"])
    file = tmp_path / "one.sealed"
    file.write_bytes(service.envelopes[envelope(node, "C-1")])
    with pytest.raises(AlarmError, match="it was not routed"):
        open_envelope(settings, file, ROUND, client=client(settings, service))
    assert not settings.path("referrals").exists() or not documents(node)
    assert not service.redeemed


def remember(settings, record, person):
    """Let the node know a person by another record key than before."""
    store = open_node_store(settings)
    with Session(store) as session, session.begin():
        session.execute(delete(Person).where(Person.person == person.hex()))
    remember_people(store, ROUND, "children", [(person, record)])
    store.dispose()


def test_an_authority_without_a_single_point_of_contact_is_told_before_anything_is_redeemed(node):
    envelope(node, "C-1")
    node[0].path("extract", "directory.csv").write_text(DIRECTORY.rsplit("single", 1)[0], encoding="utf-8")
    with pytest.raises(ConfigurationError, match="single_point_of_contact"):
        run(node)
    assert node[1].redeemed == {}


def test_only_an_authority_has_a_desk(node):
    with pytest.raises(ConfigurationError, match="this node is a police"):
        run((node[0].model_copy(update={"kind": "police"}), *node[1:]))


def protect(node, record, protection):
    """Let the authority's record say that a child is protected."""
    path = node[0].path("extract", "children.csv")
    header, *rows = path.read_text(encoding="utf-8").splitlines()
    if "protection" not in header:
        header, rows = f"{header},protection", [f"{row}," for row in rows]
    changed = [f"{row.rpartition(',')[0]},{protection}" if row.startswith(f"{record},") else row for row in rows]
    path.write_text("\n".join([header, *changed]) + "\n", encoding="utf-8")


def rows_of(node, model):
    store = open_node_store(node[0])
    with Session(store) as session:
        found = list(session.scalars(select(model)))
    store.dispose()
    return found


def test_a_child_whose_parent_the_authority_does_not_know_reaches_its_single_point_of_contact(node):
    envelope(node, "C-1", own_carer=None)
    assert run(node).routed_by_role == {RecipientRole.SINGLE_POINT_OF_CONTACT: 1}


@pytest.mark.parametrize(("authority", "role"), [("E10000001", RecipientRole.DSL), ("W06000015", RecipientRole.RESPONSIBLE_AUTHORITY)])
def test_an_authority_that_names_itself_as_responsible_keeps_the_child(node, authority, role):
    children, directory = node[0].path("extract", "children.csv"), node[0].path("extract", "directory.csv")
    header, first, *_ = children.read_text(encoding="utf-8").splitlines()
    children.write_text(f"{header},responsible_authority\n{first},{authority}\n", encoding="utf-8")
    directory.write_text(f"{DIRECTORY}responsible_authority,W06000015,Rhys Contact,01632 960009\n", encoding="utf-8")
    envelope(node, "C-1")
    assert run(node).routed_by_role == {role: 1}


@pytest.mark.parametrize("protection", ["adopted", "witness_protection", "objection_upheld", "with_parent_in_unit", "refuge adopted"])
def test_a_child_who_must_not_be_shown_leaves_a_used_token_and_one_audit_row(node, protection, tmp_path):
    protect(node, "C-1", protection)
    hidden, other = envelope(node, "C-1"), envelope(node, "C-2")
    done = run(node)
    assert (done.written, done.problems, done.held) == (1, (), ())
    assert documents(node) == [f"referral-{other[:12]}{ending}" for ending in (".html", ".json")]
    assert len(node[1].redeemed) == 2
    assert [(row.envelope_id, row.opening) for row in rows_of(node, ProtectedOpening)] == [(hidden, "NOT_SHOWN")]
    assert run(node) == Collected(0, 0, {})
    assert [item.child_id for item in referrals(node[0], ROUND)] == ["C-2"]
    store = b"".join(path.read_bytes() for path in node[0].directory.glob("node.sqlite*"))
    assert not [word for word in protection.split() if word.encode() in store]
    file = tmp_path / "one.sealed"
    file.write_bytes(node[1].envelopes[hidden])
    with pytest.raises(TokenError, match=r"already opened on .*; nothing is to be done with it"):
        open_envelope(node[0], file, ROUND, client=client(*node[:2]))


@pytest.mark.parametrize("protection", ["refuge", "contact_order", "domestic_abuse", "sensitive"])
def test_a_protected_child_s_document_is_written_once_two_people_approve_and_names_nobody(node, protection):
    protect(node, "C-1", protection)
    envelope_id = envelope(node, "C-1")
    name = f"referral-{envelope_id[:12]}"
    for _ in range(2):
        done = run(node)
        assert (done.written, done.held) == (0, (name,))
    assert len(node[1].redeemed) == 1
    assert documents(node) == referrals(node[0], ROUND) == []
    assert [(row.envelope_id, row.opening) for row in rows_of(node, ProtectedOpening)] == [(envelope_id, "RESTRICTED")]
    assert approving(node, name, "Sam Point") == approving(node, name, "  sam   POINT ") == 1
    assert documents(node) == []
    assert approving(node, name, "Ann Other") == 2
    document = json.loads(node[0].path("referrals", f"{name}.json").read_text(encoding="utf-8"))
    assert (document["child_record"], document["recipient"]["role"]) == (
        "C-1",
        "single_point_of_contact",
    )  # no social care in this directory
    assert not {"child_name", "date_of_birth", "school_urn", "area"} & set(document)
    assert "Example" not in node[0].path("referrals", f"{name}.html").read_text(encoding="utf-8")
    assert {row.approver for row in rows_of(node, DocumentApproval)} == {"sam point", "ann other"}
    assert run(node).held == ()
    with pytest.raises(TokenError, match="none of that name waits"):
        approving(node, name, "Third Person")


def approving(node, document, name):
    return approve(node[0], ROUND, document, name, client=client(*node[:2]))


def test_approval_does_what_the_record_says_by_then(node):
    protect(node, "C-1", "refuge")
    protect(node, "C-2", "refuge")
    names = [f"referral-{envelope(node, child)[:12]}" for child in ("C-1", "C-2")]
    run(node)
    protect(node, "C-1", "adopted")
    protect(node, "C-2", "")
    for name in names:
        approving(node, name, "Sam Point")
        assert approving(node, name, "Ann Other") == 2
    assert [path for path in documents(node) if path.endswith(".json")] == [f"{names[1]}.json"]
    assert json.loads(node[0].path("referrals", f"{names[1]}.json").read_bytes())["child_name"] == "Tom Sample"
    assert run(node).held == ()


@pytest.mark.parametrize("name", ["", " ", "x", "y" * 81])
def test_whoever_approves_has_a_name(node, name):
    with pytest.raises(ConfigurationError, match="approver"):
        approving(node, "referral-0", name)


def test_a_protection_that_nobody_knows_stops_one_envelope_and_its_token_stays_good(node):
    protect(node, "C-1", "refudge")
    envelope(node, "C-1")
    envelope(node, "C-2")
    done = run(node)
    assert done.written == len(done.problems) == len(node[1].redeemed) == 1
    assert "protection is no code" in done.problems[0]
    assert "refudge" not in done.problems[0]
    protect(node, "C-1", "")
    assert run(node).written == 1


@pytest.mark.parametrize("step", ["records.record_opening", "records.record_held"])
def test_a_crash_while_a_protected_child_is_dealt_with_is_mended_by_the_next_run(node, step, monkeypatch):
    protect(node, "C-1", "refuge")
    envelope(node, "C-1")
    with monkeypatch.context() as patch:
        patch.setattr(f"{collecting.__name__}.{step}", crash)
        with pytest.raises(KeyboardInterrupt):
            run(node)
    assert len(run(node).held) == 1
    assert len(rows_of(node, ProtectedOpening)) == 1
