"""Urgent calls: who answers at that hour, what the sealed record says and cannot say, and what to do until somebody acknowledges."""

import json
import re
import stat
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from flows.command import main
from parties.escalation.ladder import ACKNOWLEDGED, LADDER, State, step_of
from parties.escalation.records import Answering, acknowledge, receive, send, standing_calls, who_answers
from parties.settings import load_settings
from schemas.errors import AuthenticationError, ConfigurationError, NotPermittedError, SealError
from schemas.escalation import ESCALATION_BYTES, Criterion, Escalation, read_escalation, write_escalation
from schemas.signature import SignedDocument
from tests.unit.flows.test_agreement_page import nodes  # noqa: F401 - a fixture

AREA = "W06000015"
FRIDAY_NIGHT = datetime(2026, 11, 27, 22, 30, tzinfo=UTC)
MONDAY_NOON = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
CONTACTS = f"""gss_code,name,duty_telephone,out_of_hours_telephone,tested_on
E08000025,Another Team,01632 960001,01632 960002,
{AREA},Cardiff Team,01632 960003,01632 960004,2026-11-24
"""


def at(instant):
    return lambda: instant


@pytest.fixture
def prison(nodes):  # noqa: F811
    """Return the settings of a prison service's node that has made no call."""
    return fresh(nodes / "prison-service")


def fresh(directory):
    (directory / "contacts.csv").write_text(CONTACTS, encoding="utf-8")
    for path in (directory / "escalations").glob("*"):
        path.unlink()
    return load_settings(directory)


def test_on_a_friday_night_the_out_of_hours_team_of_the_child_s_area_answers(prison):
    assert who_answers(prison, AREA, at(FRIDAY_NIGHT)) == Answering("Cardiff Team", "01632 960004", is_tested=True)
    assert who_answers(prison, AREA, at(MONDAY_NOON)).telephone == "01632 960003"


@pytest.mark.parametrize(("later", "is_tested"), [(4, True), (5, False)])
def test_a_number_that_was_not_tried_for_a_week_is_said(prison, later, is_tested):
    assert who_answers(prison, AREA, at(FRIDAY_NIGHT + timedelta(days=later))).is_tested is is_tested


@pytest.mark.parametrize("text", ["", "gss_code,name\nW06000015,Cardiff Team\n", f"{CONTACTS.splitlines()[0]}\n{AREA},,1,2,\n"])
def test_an_area_without_numbers_is_told_to_ring_999(prison, text):
    (prison.directory / "contacts.csv").write_text(text or CONTACTS.replace(AREA, "X"), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="ring 999"):
        who_answers(prison, AREA, at(FRIDAY_NIGHT))


def test_a_police_force_has_its_arrest_protocol(nodes):  # noqa: F811
    police = load_settings(nodes / "police")
    for call in (
        lambda: who_answers(police, AREA),
        lambda: send(police, AREA, Criterion.UNATTENDED, telephoned="Ann Duty"),
        lambda: standing_calls(police),
    ):
        with pytest.raises(NotPermittedError, match="arrest protocol"):
            call()


def test_the_record_reaches_the_authority_s_desk_and_no_other_and_names_no_child(prison, nodes):  # noqa: F811
    call, sealed = send(prison, AREA, Criterion.UNATTENDED, telephoned="  Ann   Duty ", clock=at(FRIDAY_NIGHT))
    assert stat.S_IMODE(sealed.stat().st_mode) == 0o600
    assert (call.telephoned, call.telephoned_at) == ("Ann Duty", "2026-11-27T22:30:00Z")
    desk = fresh(nodes / "local-authority")
    assert receive(desk, sealed) == receive(desk, sealed) == call
    assert [standing.call for standing in standing_calls(desk, at(FRIDAY_NIGHT))] == [call]
    assert not {"child", "name", "address", "parent"} & set(Escalation.model_fields)
    with pytest.raises(ValidationError):
        Escalation.model_validate({**call.model_dump(), "child": "x"})
    damaged = sealed.with_name("damaged.sealed")
    damaged.write_bytes(sealed.read_bytes()[:-1] + b"x")
    with pytest.raises(SealError):
        receive(desk, damaged)


def test_records_of_different_calls_have_one_size(prison):
    sizes = {
        send(prison, AREA, criterion, telephoned=name, clock=at(MONDAY_NOON))[1].stat().st_size
        for criterion, name in zip(Criterion, ("Al", "Ann Duty", "A" * 80, "É" * 80), strict=True)
    }
    assert len(sizes) == 1


def test_a_record_that_its_sender_did_not_sign_is_refused(prison, nodes, monkeypatch):  # noqa: F811
    monkeypatch.setattr("parties.escalation.records.load_signing_key", lambda *_: Ed25519PrivateKey.generate())
    _, sealed = send(prison, AREA, Criterion.SOLE_ADULT, telephoned="Ann Duty")
    with pytest.raises(AuthenticationError):
        receive(fresh(nodes / "local-authority"), sealed)


@pytest.mark.parametrize("content", [b"", b"x" * ESCALATION_BYTES, b"{}".ljust(ESCALATION_BYTES)])
def test_a_content_that_is_no_record_is_refused(content):
    with pytest.raises(SealError):
        read_escalation(content)


def test_a_record_is_written_and_read_back():
    body = {
        "version": 1, "reference": "ab" * 6, "sender": "prison", "authority": "north", "criterion": "both-adults", "telephoned": "Ann Duty",
        "telephoned_at": "2026-11-27T22:30:00Z", "sent_at": "2026-11-27T22:31:00Z",
    }  # fmt: skip
    document = SignedDocument(body=body, signatures=[])
    assert read_escalation(write_escalation(document)) == (document, Escalation.model_validate(body))


@pytest.mark.parametrize(
    ("minutes", "state"),
    [(0, State.WAITING), (14, State.WAITING), (15, State.RING_AGAIN), (29, State.RING_AGAIN), (30, State.RING_999), (600, State.RING_999)],
)
def test_until_somebody_acknowledges_the_sender_rings_again_and_then_999(prison, minutes, state):
    call, _ = send(prison, AREA, Criterion.UNATTENDED, telephoned="Ann Duty", clock=at(FRIDAY_NIGHT))
    later = at(FRIDAY_NIGHT + timedelta(minutes=minutes))
    assert [standing.step.state for standing in standing_calls(prison, later)] == [state]
    assert acknowledge(prison, call.reference, "Bo Team", later).step is ACKNOWLEDGED
    assert [standing.step.state for standing in standing_calls(prison, later)] == [State.ACKNOWLEDGED]


def test_the_first_to_acknowledge_stays(prison):
    call, _ = send(prison, AREA, Criterion.UNATTENDED, telephoned="Ann Duty")
    acknowledge(prison, call.reference, "Bo Team")
    acknowledge(prison, call.reference, "Cy Team")
    kept = json.loads((prison.directory / "escalations" / f"{call.reference}.json").read_text(encoding="utf-8"))
    assert kept["acknowledged_by"] == "Bo Team"


@given(st.timedeltas(min_value=timedelta(minutes=-5), max_value=timedelta(days=30)), st.booleans())
def test_every_state_has_an_owner_who_does_something(passed, is_acknowledged):
    step = step_of(FRIDAY_NIGHT, FRIDAY_NIGHT + passed, is_acknowledged=is_acknowledged)
    assert step.owner
    assert step.action


def test_the_table_has_every_state_once_in_the_order_of_time():
    assert [step.state for step in (*LADDER, ACKNOWLEDGED)] == list(State)
    assert [step.after for step in LADDER] == sorted({step.after for step in LADDER})


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"telephoned": "x"}, "2 to 80 characters"),
        ({"telephoned": "Ann Duty", "at": FRIDAY_NIGHT - timedelta(days=2)}, "of the last day"),
        ({"telephoned": "Ann Duty", "at": FRIDAY_NIGHT + timedelta(hours=1)}, "of the last day"),
    ],
)
def test_a_call_that_cannot_be_is_refused_and_nothing_is_kept(prison, options, rule):
    with pytest.raises(ConfigurationError, match=rule):
        send(prison, AREA, Criterion.UNATTENDED, clock=at(FRIDAY_NIGHT), **options)
    assert standing_calls(prison) == []


def test_an_area_of_nobody_s_and_a_reference_of_nothing_are_named(prison):
    with pytest.raises(ConfigurationError, match="no authority of the roster"):
        send(prison, "E08000025", Criterion.UNATTENDED, telephoned="Ann Duty")
    for reference in ("000000000000", "../settings"):
        with pytest.raises(ConfigurationError, match="no call of that reference"):
            acknowledge(prison, reference, "Bo Team")


def test_the_command_says_whom_to_ring_before_anything_is_recorded(prison, capsys):
    arguments = ["party", "escalate", "--dir", str(prison.directory), "--area", AREA, "--why", "unattended"]
    assert main(arguments) == 0
    told = capsys.readouterr()
    assert re.search(r"ring Cardiff Team now: 01632 96000[34]; if the child is in danger, ring 999", told.err)
    assert "run this again with --telephoned" in told.out
    assert standing_calls(prison) == []
    assert main([*arguments, "--telephoned", "Ann Duty"]) == 0
    reference = re.search("recorded as ([0-9a-f]{12})", capsys.readouterr().out)[1]
    assert main(["party", "escalations", "--dir", str(prison.directory)]) == 0
    assert f"{reference} unattended" in capsys.readouterr().out
    assert main(["party", "escalations", "--dir", str(prison.directory), "--acknowledged", reference, "--by", "Bo Team", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["calls"][0]["state"] == "acknowledged"
    assert main(["party", "escalations", "--dir", str(prison.directory), "--acknowledged", reference]) == 11
