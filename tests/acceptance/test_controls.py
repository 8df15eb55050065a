"""Planted controls in a whole round: shown after the last plan, in nothing that leaves, measured; and the alarm where one leaves after all."""

import pyarrow as pa
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from flows.commands import round as commands
from flows.demo.plan import OPERATORS
from linkage import worker
from linkage.inbox.vault import CONTROLS_OPENER_BLOB, LINKS_BLOB, Vault
from linkage.states import State
from linkage.store.models import ControlResult, Finding, Round, Submission
from parties.controls.names import is_control
from parties.store.engine import open_node_store
from parties.store.models import Person
from schemas.controls import CONTROLS_PART, is_match
from schemas.errors import AlarmError
from tests.acceptance.round import CONTROL_FAMILIES, ROUND, SERVICE, Linkage

pytestmark = pytest.mark.slow
MATCHES = sum(map(is_match, range(CONTROL_FAMILIES)))


def control_children(linkage: Linkage) -> set[str]:
    """Return the round's ids of the children whom authorities planted."""
    found = set()
    for authority in linkage.authorities():
        store = open_node_store(linkage.settings(authority))
        with Session(store) as session:
            people = session.scalars(select(Person).where(Person.round_id == ROUND, Person.population == "children"))
            found |= {row.person for row in people if is_control(row.record_id)}
        store.dispose()
    return found


def children_that_leave(linkage: Linkage) -> set[str]:
    """Return the ids of the children of every finding and of every count."""
    with Session(linkage.store) as session:
        content = Vault(linkage.service, session.get_one(Round, ROUND)).read_blob(LINKS_BLOB)
        found = set(session.scalars(select(Finding.child)))
    links = pa.ipc.open_file(pa.BufferReader(content)).read_all()
    return found | {child.hex() for child in links["child"].to_pylist()}


def openers(linkage: Linkage) -> list[str]:
    return [path for path in linkage.files(SERVICE) if CONTROLS_OPENER_BLOB in path]


def test_controls_are_shown_after_the_last_plan_and_leave_by_no_way(closed, monkeypatch, tmp_path, capsys):
    with Session(closed.store) as session:
        manifests = [row.manifest["body"] for row in session.scalars(select(Submission))]
    assert len({part["size"] for manifest in manifests for part in manifest["parts"] if part["name"] == CONTROLS_PART}) == 1
    closed.search()
    closed.look(1)
    closed.answer()
    assert openers(closed) == []
    closed.look(2)
    closed.answer()
    assert openers(closed)
    closed.find()
    planted = control_children(closed)
    assert len(planted) > MATCHES
    assert not children_that_leave(closed) & planted
    with closed.operator(0) as operator:
        said = operator.quality(ROUND)
    assert said["this_round"]["matches"] == MATCHES
    assert said["this_round"]["recall"]["share"] > 0.5
    assert said["thresholds"]["reason"] == "not enough evidence"
    _operators_are_told(closed, tmp_path, capsys)
    _without_the_exclusion_the_desk_refuses_them(closed, planted, monkeypatch)


def _operators_are_told(linkage, tmp_path, capsys):
    directory, page = linkage.directory / OPERATORS[0], tmp_path / "quality.html"
    commands.quality(round=ROUND, dir=directory, out=page)
    assert "this round, on controls: 32 families" in capsys.readouterr().out
    assert "not enough evidence (n = " in page.read_text(encoding="utf-8")
    with Session(linkage.store) as session, session.begin():  # as if one class had hardly been found
        row = session.get_one(ControlResult, ROUND)
        row.steps = [{**tallies, "exact|welsh": [10, 10, 1, 0, 0]} for tallies in row.steps]
    commands.approve(round=ROUND, dir=directory)
    assert "kinlink: warning: welsh: recall 10% of 10 on controls" in capsys.readouterr().err


def _without_the_exclusion_the_desk_refuses_them(linkage, planted, monkeypatch):
    monkeypatch.setattr(worker, "without_controls", lambda opened, _controls: opened)
    with Session(linkage.store) as session, session.begin():
        session.get_one(Round, ROUND).state = State.SEARCHED
    linkage.find()
    assert children_that_leave(linkage) & planted
    linkage.approve_and_release()
    released = [(authority, child) for authority, child in linkage.released() if child in planted]
    collected = {authority: linkage.collect(authority) for authority in linkage.authorities()}
    assert sum(len(done.alarms) for done in collected.values()) == len(released) > 0
    for authority, done in collected.items():
        assert done.written == done.opened - len(done.alarms)
        if authority in dict(released):
            with pytest.raises(AlarmError, match="planted control"):
                done.check_no_alarm()
