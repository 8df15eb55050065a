"""What a party deletes at the end of a round, and what it says of that, against the real service over TLS."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from linkage_in_miniature import make_linkage, open_round, running_service
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from flows.command import main
from linkage.operator import OperatorClient
from parties.audit import worklist_file
from parties.client import ServiceClient
from parties.deleting import delete_closed_shares, delete_round
from parties.initialise import load_agreed
from parties.keyholder import issue_shares
from parties.keys.fetching import fetch_round_key
from parties.keys.identity_keys import load_signing_key
from parties.rounds import fetch_round
from parties.store.engine import open_node_store
from parties.store.models import AnsweredNonce, Person, RedeemedToken
from parties.store.nonces import spend_nonces
from parties.submission.submit import submit
from schemas.deletion import CONTEXT, Material
from schemas.errors import RoundError
from schemas.roster import Role
from schemas.signature import SignedDocument, check_signed_by, public_text

ROUND = "r-ends"


@pytest.fixture(scope="module")
def linkage(tmp_path_factory):
    """A round in which an authority has submitted and answered; it is open."""
    directory = tmp_path_factory.mktemp("linkage")
    nodes = make_linkage(directory)
    with running_service(directory):
        open_round(directory, ROUND)
        for holder in ("holder-1", "holder-2"):
            issue_shares(nodes[holder], ROUND)
        submit(nodes["authority-a"], ROUND)
        store = open_node_store(nodes["authority-a"])
        spend_nonces(store, ROUND, "wave", "0" * 64, [b"n" * 16])
        spend_nonces(store, "r-other", "wave", "0" * 64, [b"n" * 16])
        store.dispose()
        yield directory, nodes


def operate(directory, step):
    with OperatorClient(directory / "operator-1") as operator:
        return step(operator)


def waits(settings, referral):
    """Let the desk hold a redeemed envelope whose document waits, or no longer does."""
    store = open_node_store(settings)
    with Session(store) as session, session.begin():
        session.merge(RedeemedToken(envelope_id="e", round_id=ROUND, child="c", redeemed_at="2026-11-23T00:00:00Z", referral=referral))
    store.dispose()


def rows(settings, table, round_id=ROUND):
    store = open_node_store(settings)
    with Session(store) as session:
        count = session.scalar(select(func.count()).select_from(table).where(table.round_id == round_id))
    store.dispose()
    return count


def files(settings, folder):
    return [path for path in settings.path(folder).rglob("*") if path.is_file()]


def check_statement(settings, role, materials):
    """Check that the one statement on disk is signed by the node's own key, and is what the operators see."""
    (file,) = files(settings, "statements")
    document = SignedDocument.model_validate_json(file.read_bytes())
    check_signed_by(document, CONTEXT, f"{settings.organisation}/{role}", public_text(load_signing_key(settings, role)))
    assert [item["material"] for item in document.body["deleted"]] == materials
    assert file.stat().st_mode & 0o077 == 0
    return document


@pytest.mark.slow
def test_the_end_of_a_round_at_every_party(linkage, capsys):
    """In order: nothing while it is open; a key holder once it is closed; a custodian once it has expired."""
    directory, nodes = linkage
    holder, authority = nodes["holder-1"], nodes["authority-a"]
    sealed = files(holder, "shares")[0].read_bytes()
    for settings in (holder, authority):
        with pytest.raises(RoundError, match="still needed"):
            delete_round(settings, ROUND)
    operate(directory, lambda operator: operator.close_round(ROUND))
    assert main(["keys", "delete", "--dir", str(holder.directory), "--round", ROUND, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)["statement"]
    assert files(holder, "shares") == []
    document = check_statement(holder, Role.KEY_HOLDER, [Material.SEALED_SHARES])
    assert document.body == said
    text = json.dumps(said)
    assert [share for share in json.loads(sealed).values() if share in text] == []
    assert delete_round(holder, ROUND).model_dump(mode="json") == said

    with pytest.raises(RoundError, match="still needed"):
        delete_round(authority, ROUND)
    authority.path("audits").mkdir(exist_ok=True)
    authority.path(worklist_file(ROUND)).write_text("what an auditor looked up", encoding="utf-8")
    assert (rows(authority, Person) > 0, rows(authority, AnsweredNonce), len(files(authority, "second-look"))) == (True, 1, 1)
    operate(directory, lambda operator: operator.expire(ROUND, early=True))
    waits(authority, referral=None)
    with pytest.raises(RoundError, match="1 documents wait for approval"):
        delete_round(authority, ROUND)
    assert rows(authority, Person) > 0
    waits(authority, referral="referral-0.json")
    delete_round(authority, ROUND)
    assert files(authority, "audits") == []
    assert (rows(authority, Person), rows(authority, AnsweredNonce), files(authority, "second-look"), files(authority, "outbox")) == (
        0,
        0,
        [],
        [],
    )
    assert rows(authority, AnsweredNonce, "r-other") == 1
    check_statement(authority, Role.CUSTODIAN, [Material.KEPT_FILTERS, Material.OUTBOX, Material.ANSWERED_NONCES, Material.PERSON_MAP])
    assert operate(directory, lambda operator: operator.status(ROUND))["deletions"] == ["authority-a", "holder-1"]

    agreed = load_agreed(authority)
    with ServiceClient(authority, Role.CUSTODIAN) as client, pytest.raises(RoundError, match="expired"):
        fetch_round_key(authority, client, agreed, fetch_round(client, agreed, ROUND))
    with pytest.raises(RoundError, match="nothing to delete"):
        delete_round(nodes["statistics"], ROUND)


def test_an_interrupted_deletion_says_the_same_when_it_goes_on(linkage, monkeypatch):
    directory, nodes = linkage
    holder, name = nodes["holder-2"], "r-cut"
    open_round(directory, name)
    issue_shares(holder, name)
    operate(directory, lambda operator: operator.close_round(name))
    with monkeypatch.context() as patch:
        patch.setattr("parties.deleting.ServiceClient.put", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            delete_round(holder, name)
    before = {path.name: path.read_bytes() for path in files(holder, "statements")}
    assert delete_round(holder, name).deleted[0].sha256 is not None
    assert {path.name: path.read_bytes() for path in files(holder, "statements")} == before


def test_shares_of_closed_rounds_go_by_themselves_with_their_statements(linkage):
    directory, nodes = linkage
    holder = nodes["holder-2"]
    for name in ("r-old", "r-new"):
        open_round(directory, name)
        issue_shares(holder, name)
    operate(directory, lambda operator: operator.close_round("r-old"))
    assert "r-old" in delete_closed_shares(holder)
    assert {path.name.partition(".")[0] for path in files(holder, "shares")} & {"r-old", "r-new"} == {"r-new"}
    assert operate(directory, lambda operator: operator.status("r-old"))["deletions"] == ["holder-2"]
    assert datetime.now(UTC) - timedelta(days=1) < datetime.fromisoformat(delete_round(holder, "r-old").deleted_at)
