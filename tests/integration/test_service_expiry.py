"""The end of a round at the service, on both databases: what is destroyed, when, and who said so."""

import asyncio
import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from linkage.api import expiring
from linkage.api.app import create_app
from linkage.expiry import expire_due
from linkage.inbox.vault import Vault
from linkage.store.audit import broken_at
from linkage.store.models import Round
from schemas.audit import AuditEvent
from schemas.canonical import digest_of
from schemas.deletion import CONTEXT, Deleted, DeletionStatement, Material
from schemas.errors import RoundError
from schemas.signature import SignedDocument, check_signed_by
from tests.integration.service_world import HOLDER, NORTH, NOW, PRISON, ROUND, SERVICE, Sender, b64, make_world, parts_of, refusal, text

OPERATOR, OTHER_OPERATOR = f"{SERVICE}/operator-1", f"{SERVICE}/operator-2"
CHILD = "c" * 32
ENDED = NOW + timedelta(days=7 + 28)  # the window and the agreement's days of retention
GONE = ("key_share", "chunk", "asked", "finding", "envelope", "questions")


@pytest.fixture
def world(tmp_path, migrated_url):
    """A service that has a submission, a share and a result of an open round."""
    made = make_world(tmp_path, migrated_url)
    made.open_round()
    made.send(f"{HOLDER}/key-holder", "PUT", f"/v1/rounds/{ROUND}/shares/{PRISON}", {"sealed": b64(b"sealed share")})
    assert Sender(made).submit(parts_of())[1].status_code == 200
    with Session(made.store) as session:
        Vault(made.settings, session.get_one(Round, ROUND)).write_blob("plan.arrow", b"who is asked for what")
    yield made
    made.store.dispose()


def release(world):
    digest = world.set_findings([(NORTH, CHILD)])
    world.approve(1, digest)
    world.approve(2, digest)
    assert world.post(OPERATOR, f"/v1/rounds/{ROUND}/release").json() == {"state": "released", "waiting": 0}


def expire(world, **asked):
    return world.post(OPERATOR, f"/v1/rounds/{ROUND}/expire", asked)


def end_what_is_due(world, now):
    service = world.app.state.service
    return expire_due(world.store, world.settings, service.agreed.agreement, signer=service.signer, now=now)


def status(world):
    return world.send(OPERATOR, "GET", f"/v1/rounds/{ROUND}").json()


def statement(world, organisation=HOLDER, role="key-holder", **changes):
    body = DeletionStatement(
        round_id=ROUND,
        round_digest=digest_of(world.round_body()),
        organisation=organisation,
        deleted_at=text(NOW),
        deleted=[Deleted(material=Material.SEALED_SHARES, sha256="a" * 64)],
    ).model_dump(mode="json")
    return world.sign(f"{organisation}/{role}", CONTEXT, body | changes)


def test_what_the_service_had_of_an_expired_round_can_never_be_read_again(world):
    release(world)
    vault = world.settings.path("vault")
    assert len([file for file in vault.rglob("*") if file.is_file()]) > 1
    assert [name for name in GONE if world.snapshot()[name]] == [name for name in GONE if name != "asked"]
    assert end_what_is_due(world, ENDED) == [ROUND]
    after = world.snapshot()
    assert [name for name in GONE if after[name]] == []
    assert [file for file in vault.rglob("*") if file.is_file()] == []
    with Session(world.store) as session:
        round_ = session.get_one(Round, ROUND)
        assert (round_.storage_key, round_.counts, round_.state) == (b"", None, "expired")
        with pytest.raises(RoundError, match="destroyed"):
            Vault(world.settings, round_)


def test_the_storage_key_leaves_the_file_of_sqlite_too(tmp_path, migrated_file):
    import shutil

    shutil.copy(migrated_file, tmp_path / "file.sqlite")
    world = make_world(tmp_path, f"sqlite:///{tmp_path / 'file.sqlite'}")
    world.open_round()
    with Session(world.store) as session:
        storage_key = session.get_one(Round, ROUND).storage_key
    files = lambda: b"".join(file.read_bytes() for file in tmp_path.glob("file.sqlite*"))  # noqa: E731 - read anew each time
    assert storage_key in files()
    end_what_is_due(world, ENDED)
    assert storage_key not in files()
    world.store.dispose()


def test_shares_of_an_expired_round_cannot_be_fetched(world):
    assert len(world.send(f"{PRISON}/custodian", "GET", f"/v1/rounds/{ROUND}/shares").json()["shares"]) == 1
    end_what_is_due(world, ENDED)
    refused = world.send(f"{PRISON}/custodian", "GET", f"/v1/rounds/{ROUND}/shares")
    assert "expired" in refusal(refused, 409, "RoundError")
    assert world.send(f"{PRISON}/custodian", "GET", f"/v1/rounds/{ROUND}").json()["state"] == "expired"


@pytest.mark.slow
def test_audit_log_and_manifests_stay_and_say_why_it_ended(world):
    end_what_is_due(world, ENDED)
    with Session(world.store) as session:
        assert broken_at(session) is None
    assert world.snapshot()["submission"]
    event = world.send(OPERATOR, "GET", "/v1/audit?after=0").json()["events"][-1]["event"]
    said = SignedDocument.model_validate(event["detail"]["statement"])
    service = world.app.state.service.signer
    check_signed_by(said, CONTEXT, service.key_id, world.agreements.agreed.roster.identity(service.key_id)[1].signing_key)
    assert {item["material"] for item in said.body["deleted"]} >= {"storage-key", "vault", "sealed-shares"}
    assert (event["kind"], status(world)["ended_because"]) == ("round-expired", "its days of retention are over")


def test_a_round_ends_by_itself_after_its_days_and_not_before(world):
    assert end_what_is_due(world, ENDED - timedelta(seconds=1)) == []
    assert end_what_is_due(world, ENDED) == [ROUND]
    assert end_what_is_due(world, ENDED) == []


@pytest.mark.parametrize("children", [[], [(NORTH, CHILD)]])
def test_when_a_round_ends_says_nothing_of_what_was_found(world, children):
    world.now = NOW + timedelta(days=10)
    digest = world.set_findings(children)
    world.approve(1, digest)
    world.approve(2, digest)
    world.post(OPERATOR, f"/v1/rounds/{ROUND}/release")
    days = world.agreements.agreed.agreement.release.token_days
    assert end_what_is_due(world, world.now + timedelta(days=days, seconds=-1)) == []
    assert end_what_is_due(world, world.now + timedelta(days=days)) == [ROUND]


def test_an_operator_ends_a_round_early_only_by_saying_so(world):
    release(world)
    before = world.snapshot()
    assert "--early" in refusal(expire(world), 409, "RoundError")
    assert world.snapshot() == before
    assert expire(world, early=True).json() == {"state": "expired"}
    assert status(world)["ended_because"] == "an operator had it destroyed early"
    once = world.snapshot()
    assert expire(world).json() == {"state": "expired"}
    assert world.snapshot() == once


@pytest.mark.slow
def test_nobody_but_an_operator_ends_a_round(world):
    for key_id in (f"{PRISON}/custodian", f"{HOLDER}/key-holder", f"{NORTH}/desk"):
        refusal(world.post(key_id, f"/v1/rounds/{ROUND}/expire", {"early": True}), 403, "NotPermittedError")


def test_an_expired_round_takes_nothing_more(world):
    expire(world, early=True)
    refusal(world.send(f"{HOLDER}/key-holder", "PUT", f"/v1/rounds/{ROUND}/shares/{NORTH}", {"sealed": b64(b"x")}), 409, "RoundError")
    sender = Sender(world)
    refusal(sender.announce(sender.manifest(parts_of("two"))), 409, "RoundError")
    assert world.post(OPERATOR, f"/v1/rounds/{ROUND}/close").json() == {"state": "expired"}


def test_a_signed_statement_is_kept_and_shown_and_does_not_change(world):
    path = f"/v1/rounds/{ROUND}/deletion"
    for _ in range(2):
        assert world.send(f"{HOLDER}/key-holder", "PUT", path, statement(world)).status_code == 200
    assert status(world)["deletions"] == [HOLDER]
    shown = world.send(OPERATOR, "GET", f"/v1/rounds/{ROUND}/deletions").json()["deletions"]
    assert shown == {HOLDER: statement(world)}
    assert sum("deletion-stated" in item for item in world.snapshot()["audit_entry"]) == 1
    refusal(world.send(f"{HOLDER}/key-holder", "PUT", path, statement(world, deleted_at="2026-01-01T00:00:00Z")), 409, "SubmissionError")


@pytest.mark.slow
def test_a_statement_of_another_or_with_a_key_in_it_is_refused(world):
    path = f"/v1/rounds/{ROUND}/deletion"
    for document in (
        statement(world, round_digest="0" * 64),
        statement(world, organisation=PRISON, role="custodian"),
        statement(world, share="AAAA"),
        statement(world, deleted=[{"material": "sealed-shares"}] * 17),
    ):
        answer = world.send(f"{HOLDER}/key-holder", "PUT", path, document)
        assert answer.status_code in (401, 422), answer.text
    refusal(world.send(f"{NORTH}/desk", "PUT", path, statement(world, NORTH, "desk")), 403, "NotPermittedError")
    assert status(world)["deletions"] == []


@pytest.mark.slow
def test_what_a_crash_left_of_an_expired_round_goes_at_the_next_start(world):
    expire(world, early=True)
    left = world.settings.path("vault", ROUND, "results", "plan.arrow")
    left.parent.mkdir(parents=True)
    left.write_bytes(b"left over")
    assert end_what_is_due(world, NOW) == []
    assert not left.exists()


@pytest.mark.slow
def test_the_end_is_one_transaction_with_its_event(world, monkeypatch):
    before = world.snapshot()
    monkeypatch.setattr("linkage.expiry.advance", lambda *_: (_ for _ in ()).throw(RuntimeError("the machine stops here")))
    with pytest.raises(RuntimeError):
        end_what_is_due(world, ENDED)
    assert world.snapshot() == before
    assert AuditEvent.model_validate(world.send(OPERATOR, "GET", "/v1/audit?after=0").json()["events"][-1]["event"]).kind != "round-expired"


def expired_while_it_is_served(world, *, at, seconds=5.0):
    """Serve, move the clock to `at`, and say whether the round ends while nobody asks for it."""
    app = create_app(world.settings, world.store, clock=lambda: world.now, expire_every=0.01)

    async def serve():
        async with app.router.lifespan_context(app):
            await asyncio.sleep(0.1)
            before = await asyncio.to_thread(status, world)
            assert before["state"] != "expired"
            world.now = at
            deadline = time.monotonic() + seconds
            while (await asyncio.to_thread(status, world))["state"] != "expired":
                if time.monotonic() > deadline:
                    return False
                await asyncio.sleep(0.01)
            return True

    return asyncio.run(serve())


@pytest.mark.slow
def test_a_service_that_runs_on_ends_a_round_when_its_time_comes(world):
    assert not expired_while_it_is_served(world, at=ENDED - timedelta(seconds=1), seconds=0.2)
    assert status(world)["state"] == "closed"  # the window was over long before
    assert expired_while_it_is_served(world, at=ENDED)


def test_a_service_that_stops_waits_for_what_its_timer_is_at(world, monkeypatch):
    begun, may_end, ended = threading.Event(), threading.Event(), []

    def slow(*_, **__):
        begun.set()
        may_end.wait()
        ended.append(1)

    monkeypatch.setattr(expiring, "expire_due", slow)
    app = create_app(world.settings, world.store, expire_every=0.01)

    async def serve():
        async with app.router.lifespan_context(app):
            await asyncio.to_thread(begun.wait)
            asyncio.get_running_loop().call_later(0.1, may_end.set)
        assert ended == [1]

    asyncio.run(serve())


def test_a_fault_at_one_time_does_not_stop_the_timer(world, monkeypatch, caplog):
    calls = []

    def failing_once(*given, **terms):
        calls.append(1)
        if len(calls) == 1:
            raise OSError("the disk was away")
        return expire_due(*given, **terms)

    monkeypatch.setattr(expiring, "expire_due", failing_once)
    assert expired_while_it_is_served(world, at=ENDED)
    assert "could not be done; tried again" in caplog.text
