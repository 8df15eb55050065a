"""The lawful bases of a round in the service's database, on both: written with the round, and never without a reason."""

from dataclasses import replace

import pytest
from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from linkage.store.models import Round, RoundBasis
from tests.integration.service_world import NORTH, POLICE, PRISON, ROUND, SOUTH, make_world, refusal


@pytest.fixture
def world(tmp_path, migrated_url):
    made = make_world(tmp_path, migrated_url)
    yield made
    made.store.dispose()


def test_every_custodians_basis_is_written_with_the_round(world):
    world.open_round()
    with Session(world.store) as session:
        found = session.scalars(select(RoundBasis).where(RoundBasis.round_id == ROUND).order_by(RoundBasis.organisation)).all()
    assert [item.organisation for item in found] == sorted([PRISON, POLICE, NORTH, SOUTH])
    assert {item.power for item in found} == {"e-safeguard"}
    assert all("support" in item.necessity for item in found)


def test_a_round_whose_bases_say_not_why_is_refused_and_nothing_is_written(world):
    service = world.app.state.service
    bases = [item.model_copy(update={"necessity": ""}) for item in service.agreed.agreement.lawful_bases]
    agreement = service.agreed.agreement.model_copy(update={"lawful_bases": bases})
    world.app.state.service = replace(service, agreed=replace(service.agreed, agreement=agreement))
    assert "no necessity note" in refusal(world.open_round(), 422, "AgreementError")
    with Session(world.store) as session:
        assert session.get(Round, ROUND) is None


@pytest.mark.parametrize("necessity", [None, "", " " * 80, "too short to be a reason"])
def test_the_database_itself_refuses_a_basis_without_a_reason(world, necessity):
    world.open_round()
    row = {"round_id": ROUND, "organisation": PRISON, "power": "e-safeguard", "necessity": necessity, "expires_on": "2099-01-01"}
    with Session(world.store) as session, session.begin():
        session.execute(delete(RoundBasis).where(RoundBasis.organisation == PRISON))
    with pytest.raises(IntegrityError), world.store.begin() as connection:
        connection.execute(insert(RoundBasis.__table__).values(**row))
    with world.store.begin() as connection:
        connection.execute(insert(RoundBasis.__table__).values(**row | {"necessity": "a reason that says why the data are needed"}))
