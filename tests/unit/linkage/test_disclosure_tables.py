"""A round's noised table: before findings, first asked, asked again, beyond the budget; and no exact count anywhere."""

import json
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from linkage.agreed import load_agreed
from linkage.disclosure import noise
from linkage.disclosure.ledger import NoisedRelease, Refusal
from linkage.disclosure.tables import LINKS_BLOB, noised_table
from linkage.inbox.vault import Vault
from linkage.settings import ServiceSettings
from linkage.storage_keys import give_key, make_first_master
from linkage.store.audit import broken_at
from linkage.store.engine import migrate, open_store
from linkage.store.models import AuditEntry, Round
from schemas import agreement, roster
from schemas.aggregate import NATION
from schemas.canonical import canonical_json, digest_of
from schemas.encoding_set import write_table
from schemas.errors import AgreementError, BudgetError, RoundError
from schemas.signature import SignedDocument, public_text, sign
from tests.passphrases import passphrase_in

NOW = datetime(2026, 9, 14, 8, 0, tzinfo=UTC)
AUTHORITIES = {"northshire": "E10000001", "southshire": "E10000002", "emptyshire": "W06000015"}
NORTH, SOUTH = 173, 59


@pytest.fixture(scope="module")
def roots():
    return {name: Ed25519PrivateKey.generate() for name in ("root/one", "root/two")}


def organisation(name, kind, *identities, gss_code=None):
    keys = [{"key_id": f"{name}/{key}", "role": role, "signing_key": public_text(Ed25519PrivateKey.generate())} for key, role in identities]
    return {"organisation": name, "name": name.title(), "kind": kind, "controller": name, "gss_code": gss_code, "identities": keys}


def signed_by(roots, context, body):
    return SignedDocument(body=body, signatures=[sign(key, name, context, body) for name, key in roots.items()])


def install(directory, roots, *, total=48_712, areas=AUTHORITIES):
    organisations = [
        organisation("service", "linkage-service", ("service", "service"), ("one", "operator"), ("two", "operator")),
        organisation("holder-one", "key-holder", ("key-holder", "key-holder")),
        organisation("holder-two", "key-holder", ("key-holder", "key-holder")),
        *(organisation(name, "local-authority", ("desk", "desk"), gss_code=code) for name, code in areas.items()),
    ]
    names = signed_by(roots, roster.CONTEXT, {"version": 1, "expires_on": "2027-01-01", "organisations": organisations})
    body = {
        "version": 1,
        "purpose": "support",
        "scope": "test",
        "roster_digest": names.digest,
        "expires_on": "2027-01-01",
        "lawful_bases": [],
        "encoding": {"schemas_digest": "0" * 64, "normaliser": "n/1", "normaliser_digest": "0" * 64},
        "statistics": {"total_micro_rho": total},
    }
    agreed = signed_by(roots, agreement.CONTEXT, body)
    (directory / "roster.json").write_bytes(canonical_json(names.model_dump()))
    (directory / "agreement.json").write_bytes(canonical_json(agreed.model_dump()))
    (directory / "roots.json").write_text(json.dumps({name: public_text(key) for name, key in roots.items()}))


def links():
    rows = [(f"n{number}", f"n{number}", "northshire") for number in range(NORTH)]
    rows += [(f"s{number}", f"s{number}", "southshire") for number in range(SOUTH)]
    ids = [pa.array([f"{row[column]:16}".encode() for row in rows], pa.binary(16)) for column in (0, 1)]
    return pa.table([*ids, pa.array([row[2] for row in rows])], names=["prisoner", "child", "authority"])


def add_round(store, settings, round_id="round-1", *, found=True):
    digest = load_agreed(settings.directory).agreement_digest
    with Session(store) as session, session.begin():
        round_ = Round(
            round_id=round_id,
            digest=digest_of(round_id),
            manifest={"body": {"agreement_digest": digest}, "signatures": []},
            state="awaiting-approval",
            opened_at="x",
            findings_digest="f" * 64 if found else None,
            counts=None,
        )
        make_first_master(settings)
        give_key(settings, round_, b"k" * 32)
        session.add(round_)
        Vault(settings, round_).write_blob(LINKS_BLOB, write_table(links()))


@pytest.fixture
def service(database_url, tmp_path, roots):
    settings = ServiceSettings(
        organisation="service", database_url=database_url, directory=tmp_path / "service", **passphrase_in(tmp_path).model_dump()
    )
    settings.directory.mkdir()
    store = open_store(database_url)
    migrate(store)
    install(settings.directory, roots)
    add_round(store, settings)
    yield settings, store
    store.dispose()


def ask(service, round_id="round-1"):
    settings, store = service
    with Session(store) as session, session.begin():
        return noised_table(session, settings, round_id, actor="statistics/one", now=NOW)


def test_the_table_covers_the_nation_and_every_rostered_authority(service):
    table = ask(service)
    assert [cell.area for cell in table.cells] == [NATION, *AUTHORITIES.values()]
    assert table.micro_rho == 24_356
    assert table.epsilon_per_mille == 1_001
    assert all(abs(cell.value - exact) < 400 for cell, exact in zip(table.cells, [NORTH + SOUTH, NORTH, SOUTH, 0], strict=True))


def test_what_is_published_adds_up_and_stays_near_what_was_measured(service, monkeypatch):
    monkeypatch.setattr(noise, "draw", lambda values, _scale: [300] if len(values) == 1 else [182, 90, -60])
    table = ask(service)
    assert [cell.value for cell in table.cells] == [300, 182, 90, -60]
    # three areas' noise is as much as the nation's: 256 is halfway from 212 to 300, and the area below 0 is cut off the others
    assert [cell.value for cell in table.adjusted] == [256, 174, 82, 0]
    assert [cell.mark for cell in table.adjusted] == ["", "", "", "u"]
    assert [cell.area for cell in table.adjusted] == [cell.area for cell in table.cells]
    assert all(a.upper - a.lower <= c.upper - c.lower for a, c in zip(table.adjusted, table.cells, strict=True))
    assert table.epsilon_per_mille_at == {"1e-6": 1_001, "1e-7": 1_105, "1e-10": 1_374}


def test_asking_again_gives_the_same_table_and_one_audit_event(service):
    assert ask(service) == ask(service)
    with Session(service[1]) as session:
        assert [entry.event["kind"] for entry in session.scalars(select(AuditEntry))] == ["table-noised"]
        assert broken_at(session) is None


def test_before_findings_exist_there_is_no_table(service):
    settings, store = service
    add_round(store, settings, "round-2", found=False)
    for round_id in ("round-2", "round-3"):
        with pytest.raises(RoundError, match="no findings yet"):
            ask(service, round_id)


def test_rounds_share_the_agreement_s_budget_until_it_is_spent(service):
    settings, store = service
    for round_id in ("round-2", "round-3"):
        add_round(store, settings, round_id)
    ask(service)
    ask(service, "round-2")
    with pytest.raises(BudgetError, match="costs 24356 millionths of rho and 0 of 48712 are left"):
        ask(service, "round-3")
    with Session(store) as session:
        assert len(session.scalars(select(Refusal)).all()) == 1


def test_a_new_agreement_does_not_open_a_new_budget_for_an_old_round(service, roots):
    install(service[0].directory, roots, total=10**9)
    with pytest.raises(AgreementError, match="another agreement"):
        ask(service)


def test_an_authority_without_an_area_code_is_named(service, roots):
    settings, store = service
    install(settings.directory, roots, areas={"nowhere": None})
    add_round(store, settings, "round-2")
    with pytest.raises(AgreementError, match="nowhere has no GSS code"):
        ask(service, "round-2")


def test_no_exact_count_is_stored_or_logged(service, monkeypatch, caplog, tmp_path):
    monkeypatch.setattr(noise, "draw", lambda values, _scale: [100_000 + 7 * place for place, _ in enumerate(values)])
    ask(service)
    with service[1].connect() as connection:
        stored = [
            str(row)
            for name in ("noised_release", "audit_entry", "budget", "refusal")
            for row in connection.execute(text(f"SELECT * FROM {name}"))
        ]
    for exact in (NORTH, SOUTH, NORTH + SOUTH):
        assert not any(f": {exact}," in row or f": {exact}}}" in row for row in stored)
        assert str(exact) not in caplog.text
    assert any("100007" in row for row in stored)


def test_the_answer_that_is_kept_is_the_one_that_was_given(service):
    table = ask(service)
    with Session(service[1]) as session:
        assert session.scalars(select(NoisedRelease.answer)).one() == table.model_dump(exclude={"adjusted", "epsilon_per_mille_at"})
