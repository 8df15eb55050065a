"""Limits on probing at the service, on both databases: how often, how much at once, and what operators are told."""

from dataclasses import replace
from datetime import timedelta

import pytest

from linkage.inbox import plausible
from schemas.agreement import Probing
from schemas.canonical import digest_of
from tests.integration.service_world import PRISON, ROUND, SERVICE, Sender, make_world, parts_of, refusal

OPERATOR = f"{SERVICE}/operator-1"


@pytest.fixture
def world(tmp_path, migrated_url):
    made = make_world(tmp_path, migrated_url)
    made.open_round()
    yield made
    made.store.dispose()


def agree(world, **terms):
    """Have the service work under other limits."""
    service = world.app.state.service
    agreement = service.agreed.agreement.model_copy(update={"probing": Probing(**terms)})
    world.app.state.service = replace(service, agreed=replace(service.agreed, agreement=agreement))


def test_a_submission_of_few_rows_is_refused_before_a_part_is_sent(world):
    agree(world, minimum_rows=7)
    before = world.snapshot()
    assert "fewer than the agreed 7 rows" in refusal(Sender(world).announce(Sender(world).manifest(parts_of())), 422, "SubmissionError")
    assert world.snapshot() == before


def test_an_organisation_submits_as_often_in_a_month_as_was_agreed(world):
    agree(world, submissions_a_month=1)
    assert Sender(world).submit(parts_of())[1].status_code == 200
    again = Sender(world).announce(Sender(world).manifest(parts_of("two")))
    assert "1 of prison-service were accepted this month" in refusal(again, 422, "SubmissionError")
    assert Sender(world).submit(parts_of())[1].status_code == 200  # what was accepted may be asked for again
    world.now = world.now.replace(year=world.now.year + 1)
    assert "this month" not in Sender(world).announce(Sender(world).manifest(parts_of("two"))).text


def test_as_many_rounds_are_opened_in_a_month_as_was_agreed(world):
    agree(world, rounds_a_month=2)
    assert world.open_round(round_id="round-2").status_code == 200
    assert "2 were opened for this purpose and scope this month" in refusal(world.open_round(round_id="round-3"), 409, "RoundError")
    assert world.open_round(round_id="round-2").status_code == 200  # the same again changes nothing


def test_growth_since_the_last_round_is_an_alarm_for_operators_in_tens_and_not_for_the_custodian(world, monkeypatch):
    monkeypatch.setattr(plausible, "FEW_ROWS", 0)
    assert Sender(world).submit(parts_of())[1].status_code == 200
    later = world.round_body(round_id="round-2")
    world.now += timedelta(seconds=2)
    assert world.open_round(round_id="round-2").status_code == 200
    assert alarms(world, ROUND) == alarms(world, "round-2") == []
    assert submit_to(world, later, 5).status_code == 200
    rows = {"rows_at_most": 10, "before_at_most": 10}
    assert alarms(world, "round-2") == [{"organisation": PRISON, "population": name, **rows} for name in ("adults", "children")]
    assert "alarm" not in world.send(f"{PRISON}/custodian", "GET", "/v1/rounds/round-2").text


def alarms(world, round_id):
    return world.send(OPERATOR, "GET", f"/v1/rounds/{round_id}").json()["alarms"]


def submit_to(world, round_body, rows):
    """Submit so many rows to another round than the tests' own."""
    sender, parts = Sender(world), parts_of("grown", rows)
    body = sender.manifest(parts)
    for part in body["parts"]:
        part["rows"] = part["rows"] * rows // 3 if part["name"] != "canaries.arrow" else part["rows"]
    body |= {"round_id": round_body["round_id"], "round_digest": digest_of(round_body)}
    place = f"/v1/rounds/{round_body['round_id']}/submissions/{digest_of(body)}"
    assert world.send(sender.key_id, "PUT", place, world.sign(sender.key_id, "submission/1", body)).status_code == 200
    for name, content in parts.items():
        assert world.send(sender.key_id, "PUT", f"{place}/parts/{name}/chunks/0", content).status_code == 204
    return world.post(sender.key_id, f"{place}/accept")
