"""Fetching a noised table, and holding it against what was promised."""

from types import SimpleNamespace

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from parties import statistics
from parties.client import ServiceClient
from parties.initialise import init_node
from parties.settings import load_settings
from parties.statistics import area_names, drawn_up_to, fetch_ledger, fetch_table
from schemas import privacy_ledger
from schemas.aggregate import AGES, CONTEXT, NATION, Cell, NoisedTable
from schemas.errors import AuthenticationError, ServiceError
from schemas.privacy_ledger import Statement
from schemas.roster import Identity, Organisation, Role
from schemas.signature import public_text, signed


def cells(area, *ages, half=39):
    """The cells of a place with so many children of each age, all ages first."""
    return [
        Cell(area=area, age=age, value=value, lower=max(0, value - half), upper=value + half, mark="u" if 2 * half > value else "")
        for age, value in zip(("", *AGES), (sum(ages), *ages), strict=True)
    ]


WHOLE = [cell for area in (NATION, "E92000001", "E10000001") for cell in cells(area, 3, 20, 30, 17, 10)]
TABLE = NoisedTable(
    round_id="round-1", cap=4, micro_rho=24_356, epsilon_per_mille=1_001, delta="1e-6",
    epsilon_per_mille_at={"1e-6": 1_001, "1e-10": 1_374},
    cells=[cell.model_copy(update={"value": cell.value - 50}) for cell in WHOLE],
    adjusted=WHOLE,
)  # fmt: skip


@pytest.fixture
def office(tmp_path, monkeypatch):
    """Return a statistics node, and the linkage service's signing key."""
    init_node(tmp_path / "office", "statistics", "office", "Office")
    key = Ed25519PrivateKey.generate()
    identity = Identity(key_id="service/service", role=Role.SERVICE, signing_key=public_text(key))
    service = Organisation(organisation="service", name="S", kind="linkage-service", controller="s", identities=[identity])
    agreed = SimpleNamespace(roster=SimpleNamespace(service=lambda: service, organisations=[service]))
    monkeypatch.setattr(statistics, "load_agreed", lambda _: agreed)
    return load_settings(tmp_path / "office"), key


def fetch(office, document, round_id="round-1"):
    answers = httpx.MockTransport(lambda request: httpx.Response(200, json=document))
    return fetch_table(office[0], round_id, client=ServiceClient(office[0], Role.STATISTICIAN, transport=answers))


def by(key, table=TABLE, context=CONTEXT):
    return signed(key, "service/service", context, table if isinstance(table, dict) else table.model_dump()).model_dump()


def test_a_table_that_the_service_signed_is_returned(office):
    assert fetch(office, by(office[1])) == TABLE


def test_a_table_signed_by_anyone_else_or_for_anything_else_is_refused(office):
    for document in (by(Ed25519PrivateKey.generate()), by(office[1], context="receipt/1")):
        with pytest.raises(AuthenticationError):
            fetch(office, document)


def test_another_round_s_table_or_something_else_is_refused(office):
    with pytest.raises(ServiceError, match="another round's"):
        fetch(office, by(office[1]), "round-2")
    for document in ({}, signed(office[1], "service/service", CONTEXT, {"cells": []}).model_dump()):
        with pytest.raises(ServiceError, match="malformed"):
            fetch(office, document)


@pytest.mark.parametrize(
    "adjusted",
    [
        [],
        WHOLE[:1],
        TABLE.cells,
        [WHOLE[0].model_copy(update={"value": 81}), *WHOLE[1:]],
        [*WHOLE[:-1], WHOLE[-1].model_copy(update={"value": 11})],
        [cell for cell in WHOLE if cell.age != "unknown"],
    ],
)
def test_a_table_that_does_not_add_up_is_refused(office, adjusted):
    with pytest.raises(ServiceError, match="do not add up"):
        fetch(office, by(office[1], TABLE.model_copy(update={"adjusted": adjusted})))


def drawn(*prices):
    return [
        {"round_id": f"round-{number}", "drawn_on": "2026-11-24", "micro_rho": price, "total_micro_rho": sum(prices[:number]), "epsilon_per_mille_at": {"1e-6": 1}}
        for number, price in enumerate(prices, 1)
    ]  # fmt: skip


def ledger(*prices, **changes):
    return {"agreement_digest": "a" * 64, "budget_micro_rho": 9, "left_micro_rho": 1, "refused": 0, "drawn": drawn(*prices), **changes}


def fetch_statement(office, document):
    answers = httpx.MockTransport(lambda request: httpx.Response(200, json=document))
    return fetch_ledger(office[0], client=ServiceClient(office[0], Role.STATISTICIAN, transport=answers))


def test_a_ledger_that_the_service_signed_is_returned_and_another_refused(office):
    assert fetch_statement(office, by(office[1], ledger(3, 5), privacy_ledger.CONTEXT)).drawn[-1].total_micro_rho == 8
    for key, context in ((Ed25519PrivateKey.generate(), privacy_ledger.CONTEXT), (office[1], CONTEXT)):
        with pytest.raises(AuthenticationError):
            fetch_statement(office, by(key, ledger(3, 5), context))


@pytest.mark.parametrize("wrong", [{"drawn": drawn(3, 5)[1:]}, {"drawn": [{**drawn(3)[0], "total_micro_rho": 2}]}, {"left_micro_rho": -1}])
def test_a_ledger_whose_sums_are_wrong_is_refused(office, wrong):
    with pytest.raises(ServiceError, match="privacy ledger: the service's answer is malformed"):
        fetch_statement(office, by(office[1], ledger(**wrong), privacy_ledger.CONTEXT))


def test_a_publication_has_the_ledger_up_to_its_own_table(office):
    statement = Statement.model_validate(ledger(7, TABLE.micro_rho, 9))
    table = TABLE.model_copy(update={"round_id": "round-2"})
    assert [item.round_id for item in drawn_up_to(statement, table)] == ["round-1", "round-2"]
    for missing in (TABLE, TABLE.model_copy(update={"round_id": "round-4"})):
        with pytest.raises(ServiceError, match="does not have this round's table at its price"):
            drawn_up_to(statement, missing)


def test_places_have_their_published_names_and_others_the_roster_s(office, monkeypatch):
    codes = {"W06000015": "Local authority w06000015", "E08000016": "Barnsley MBC", "E10000001": "Northshire", None: "Office"}
    organisations = [SimpleNamespace(gss_code=code, name=name) for code, name in codes.items()]
    monkeypatch.setattr(statistics, "load_agreed", lambda _: SimpleNamespace(roster=SimpleNamespace(organisations=organisations)))
    assert area_names(office[0]) == {
        NATION: "England and Wales", "W06000015": "Cardiff", "E08000016": "Barnsley", "E10000001": "Northshire",
    }  # fmt: skip
