"""A round's noised table: before findings, first asked, asked again, beyond the budget; and no exact count anywhere."""

import json
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from linkage.agreed import load_agreed
from linkage.disclosure import measuring, tables
from linkage.disclosure.statement import privacy_statement
from linkage.disclosure.tables import LINKS_BLOB, noised_table
from linkage.inbox.vault import Vault
from linkage.settings import ServiceSettings
from linkage.storage_keys import give_key, make_first_master
from linkage.store.audit import broken_at
from linkage.store.engine import migrate, open_store
from linkage.store.models import AuditEntry, Round
from schemas import agreement, roster
from schemas.aggregate import AGES, NATION
from schemas.canonical import canonical_json, digest_of
from schemas.encoding_set import write_table
from schemas.errors import AgreementError, BudgetError, RoundError
from schemas.joins import AgeBand
from schemas.signature import SignedDocument, public_text, sign
from tests.passphrases import passphrase_in
from validation.disclosure.ledger import Budget, NoisedRelease, Refusal, forfeit

NOW = datetime(2026, 9, 14, 8, 0, tzinfo=UTC)
AUTHORITIES = {"northshire": "E10000001", "southshire": "E10000002", "emptyshire": "W06000015"}
NORTH, SOUTH = 173, 59
YOUNGEST = 41  # of the children of the north; nobody says how old the others are


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
    ages = [int(AgeBand.UNDER_5 if place < YOUNGEST else AgeBand.NOT_KNOWN) for place in range(len(rows))]
    columns = [*ids, pa.array([row[2] for row in rows]), pa.array(ages, pa.int8())]
    return pa.table(columns, names=["prisoner", "child", "authority", "age"])


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


def stated(service):
    settings, store = service
    with Session(store) as session:
        return privacy_statement(session, settings)


def at(cells, age=""):
    return {cell.area: cell.value for cell in cells if cell.age == age}


def test_the_table_covers_the_nation_every_rostered_authority_what_they_lie_in_and_every_age(service):
    table = ask(service)
    codes = [NATION, "W92000004", "E92000001", *AUTHORITIES.values()]
    assert list(at(table.cells)) == codes
    assert [cell.age for cell in table.cells if cell.area == NATION] == ["", *AGES]
    assert len(table.cells) == len(codes) * (1 + len(AGES))
    assert list(at(table.adjusted)) == [NATION, "E92000001", "W92000004", *AUTHORITIES.values()]
    assert table.micro_rho == 24_356
    assert table.epsilon_per_mille == 1_001
    assert table.epsilon_per_mille_at == {"1e-6": 1_001, "1e-7": 1_105, "1e-10": 1_374}
    exact = {NATION: NORTH + SOUTH, "E10000001": NORTH, "E10000002": SOUTH, "W06000015": 0}
    assert all(abs(at(table.cells)[code] - value) < 400 for code, value in exact.items())
    assert abs(at(table.cells, "0-4")["E10000001"] - YOUNGEST) < 400


def test_what_is_published_adds_up_and_without_noise_is_what_was_counted(service, monkeypatch):
    monkeypatch.setattr(measuring, "draw", lambda values, _scale: list(values))
    table = ask(service)
    assert at(table.adjusted) == {NATION: 232, "E92000001": 232, "W92000004": 0, "E10000001": 173, "E10000002": 59, "W06000015": 0}
    assert at(table.adjusted, "0-4") == {NATION: 41, "E92000001": 41, "W92000004": 0, "E10000001": 41, "E10000002": 0, "W06000015": 0}
    assert at(table.adjusted, "unknown")["E10000001"] == NORTH - YOUNGEST
    assert [cell.mark for cell in table.adjusted if cell.area == "W06000015"] == ["u"] * (1 + len(AGES))


def test_noise_that_does_not_add_up_is_published_so_that_it_does(service):
    table = ask(service)
    for age in ("", *AGES):
        found = at(table.adjusted, age)
        assert found[NATION] == found["E92000001"] + found["W92000004"] == sum(found[code] for code in AUTHORITIES.values())
        assert min(found.values()) >= 0
    assert all(value == sum(at(table.adjusted, age)[code] for age in AGES) for code, value in at(table.adjusted).items())
    widths = {(cell.area, cell.age): cell.upper - cell.value for cell in table.cells}
    assert all(cell.upper - cell.value <= widths.get((cell.area, cell.age), 999) for cell in table.adjusted)


def test_links_that_an_earlier_version_kept_are_of_no_known_age(service, monkeypatch):
    settings, store = service
    with Session(store) as session:
        Vault(settings, session.get_one(Round, "round-1")).write_blob(LINKS_BLOB, write_table(links().drop_columns(["age"])))
    monkeypatch.setattr(measuring, "draw", lambda values, _scale: list(values))
    assert at(ask(service).adjusted, "unknown")[NATION] == NORTH + SOUTH


def test_a_round_whose_table_an_earlier_version_drew_is_not_drawn_again(service, monkeypatch):
    monkeypatch.setattr(tables, "QUERY", "distinct-linked-children-by-authority/1")
    ask(service)
    monkeypatch.undo()
    with pytest.raises(RoundError, match="earlier version"):
        ask(service)


def test_two_authorities_of_one_code_are_not_counted(service, roots):
    settings, store = service
    install(settings.directory, roots, areas={"north": "E10000001", "also-north": "E10000001"})
    add_round(store, settings, "round-2")
    with pytest.raises(AgreementError, match="two authorities have the GSS code E10000001"):
        ask(service, "round-2")


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


def test_the_ledger_says_what_every_table_cost_and_all_together(service, roots):
    settings, store = service
    for round_id in ("round-2", "round-3"):
        add_round(store, settings, round_id)
    assert stated(service).model_dump() | {"agreement_digest": ""} == {
        "agreement_digest": "", "budget_micro_rho": 48_712, "left_micro_rho": 48_712, "refused": 0, "drawn": [],
    }  # fmt: skip
    alone = ask(service)
    ask(service)
    ask(service, "round-2")
    with pytest.raises(BudgetError):
        ask(service, "round-3")
    said = stated(service)
    assert [(item.round_id, item.drawn_on, item.micro_rho, item.total_micro_rho) for item in said.drawn] == [
        ("round-1", "2026-09-14", 24_356, 24_356),
        ("round-2", "2026-09-14", 24_356, 48_712),
    ]
    assert said.drawn[0].epsilon_per_mille_at == alone.epsilon_per_mille_at
    assert all(1.4 * one < both < 2 * one for one, both in zip(*(item.epsilon_per_mille_at.values() for item in said.drawn), strict=True))
    assert (said.left_micro_rho, said.refused) == (0, 1)
    install(settings.directory, roots, total=10**6)
    anew = stated(service)
    assert (anew.drawn, anew.budget_micro_rho, anew.left_micro_rho) == (said.drawn, 10**6, 10**6)
    assert anew.agreement_digest != said.agreement_digest


def test_a_table_that_was_lost_with_a_database_stays_in_the_sum(service):
    with Session(service[1]) as session, session.begin():
        forfeit(session, load_agreed(service[0].directory).agreement_digest, 24_356, of="a" * 64, total=48_712, now=NOW)
    ask(service)
    said = stated(service)
    assert [(item.round_id, item.total_micro_rho) for item in said.drawn] == [("", 24_356), ("round-1", 48_712)]
    assert said.left_micro_rho == 0


def test_a_ledger_that_was_changed_is_not_stated(service):
    ask(service)
    with Session(service[1]) as session, session.begin():
        session.scalars(select(Budget)).one().spent_micro_rho += 1
    with pytest.raises(BudgetError, match="do not add up"):
        stated(service)


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
    monkeypatch.setattr(measuring, "draw", lambda values, _scale: [100_000 + 7 * place for place, _ in enumerate(values)])
    ask(service)
    with service[1].connect() as connection:
        stored = [
            str(tuple(row))  # a row by itself is shortened
            for name in ("noised_release", "audit_entry", "budget", "refusal")
            for row in connection.execute(text(f"SELECT * FROM {name}"))
        ]
    for exact in (NORTH, SOUTH, NORTH + SOUTH, YOUNGEST):
        assert not any(f": {exact}," in row or f": {exact}}}" in row for row in stored)
        assert str(exact) not in caplog.text
    assert any("100007" in row for row in stored)


def test_the_answer_that_is_kept_is_the_one_that_was_given(service):
    table = ask(service)
    with Session(service[1]) as session:
        assert session.scalars(select(NoisedRelease.answer)).one() == table.model_dump()
