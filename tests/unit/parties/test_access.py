"""What a desk holds, for whom it is about: all of one person's, and nothing of anybody else's."""

import json
from datetime import date

import pytest
from sqlalchemy.orm import Session
from test_referrals_collect import ROUND, client, envelope, node, protect, run  # noqa: F401 - node is a fixture

from flows.command import main
from parties.referrals.access import access_page, child_view, parent_view
from parties.referrals.agreeing import record_consent
from parties.referrals.cases import CaseState
from parties.referrals.consent import Consent
from parties.referrals.looking import Why, look_at
from parties.referrals.outcomes import Heard, record_outcome
from parties.store.engine import open_node_store
from parties.store.models import LearnedEvent
from parties.store.people import remember_people
from schemas.attributes import Custody
from schemas.errors import TokenError
from schemas.event_feed import Event
from tests.unit.parties.test_custody import give_key, sealed_reception

CARER, STAFF = b"\x77" * 16, "Dee Staffname"


@pytest.fixture
def held(node):  # noqa: F811
    """A desk's settings, with a case of C-1 and one of C-2 of the same parent, and one of C-3 of somebody else's."""
    settings = node[0]
    store = open_node_store(settings)
    remember_people(store, ROUND, "adults", [(CARER, "K-QZX")])
    give_key(node)
    first, second, third = (
        envelope(node, "C-1", own_carer=CARER.hex(), attributes=(sealed_reception(1, is_sole_carer=True),)),
        envelope(node, "C-2", own_carer=CARER.hex(), attributes=(sealed_reception(1, is_sole_carer=True),)),
        envelope(node, "C-3", own_carer=None, attributes=(sealed_reception(2),)),
    )
    run(node)
    document = f"referral-{first[:12]}"
    look_at(settings, ROUND, document, who=STAFF, why=Why.HAND_OVER)
    record_outcome(settings, ROUND, document, CaseState.ACKNOWLEDGED, heard=Heard(is_heard=True, on=date(2026, 11, 20)))
    record_consent(settings, ROUND, document, Consent.ASKED, who=STAFF)
    with Session(store) as session, session.begin():
        for name, handle in ((document, 1), (f"referral-{third[:12]}", 2)):
            session.add(
                LearnedEvent(
                    document=name, handle=bytes([handle]) * 32, sequence=0, event=Event.RELEASED, published_at="2026-11-21", learned_at="2026-11-22"
                )
            )  # fmt: skip
    store.dispose()
    assert second
    return settings


def test_a_child_s_view_has_what_was_written_where_it_stands_and_why_somebody_looked(held):
    (entry,) = child_view(held, "C-1")
    assert (entry["sheet"]["child_name"], entry["sheet"]["went_to"]) == ("Siân Example", "dsl")
    assert [item["what"] for item in entry["happened"]] == ["written", "acknowledged", "child-heard"]
    assert entry["happened"][-1]["on"] == "2026-11-20"
    assert [item["why"] for item in entry["looked_at"]] == ["hand-over"]
    assert entry["consent"] == "asked"


def test_a_parent_s_view_has_every_reception_once_and_what_was_heard_of_it(held):
    offered, reception = parent_view(held, "K-QZX")
    assert len(offered["support_was_to_be_offered"]) == 2
    assert reception["the_prison_service_said"] == {"custody": "sentenced", "contact_restricted": False, "sole_carer": True}
    assert [item["what"] for item in reception["heard_since"]] == ["released"]


def test_neither_view_has_anything_of_the_other_s_or_of_staff(held):
    child, parent = (json.dumps(view) for view in (child_view(held, "C-1"), parent_view(held, "K-QZX")))
    of_the_child = ("C-1", "C-2", "Siân", "Example", "2016-05-01", "123456", "dsl", "health_visitor", "referral-", "Any Road")
    of_the_parent = ("K-QZX", *(custody.name.lower() for custody in Custody), "released", "restricted", "sole")
    assert not [word for word in (*of_the_child, STAFF, "C-3") if word in parent]
    assert not [word for word in (*of_the_parent, STAFF, "C-2", "C-3") if word in child]


def test_a_page_of_it_loads_nothing_and_escapes(held):
    page = access_page([{"said": "<b>x</b>", "is_so": True, "none": None, "list": []}], "child")
    assert "&lt;b&gt;x&lt;/b&gt;" in page
    assert all(word in page for word in ("is so", "yes", "nothing", "default-src 'none'"))


def test_where_nothing_is_held_or_the_child_is_protected_it_is_said(held, node):  # noqa: F811
    for view, record in ((child_view, "C-9"), (parent_view, "K-9")):
        with pytest.raises(TokenError, match="nothing is held"):
            view(held, record)
    protect(node, "C-1", "refuge")
    with pytest.raises(TokenError, match="the data-protection lead decides by hand"):
        child_view(held, "C-1")


@pytest.mark.parametrize("ending", ["html", "json"])
def test_the_command_writes_a_file_for_its_owner_alone_and_prints_nothing_of_it(held, tmp_path, capsys, ending):
    out = tmp_path / f"access.{ending}"
    assert main(["party", "access", "--dir", str(held.directory), "--child", "C-1", "--out", str(out), "--json"]) == 0
    assert "Siân Example" in out.read_text(encoding="utf-8")
    assert out.stat().st_mode & 0o777 == 0o600
    assert json.loads(capsys.readouterr().out) == {"entries": 1, "out": str(out)}
    assert main(["party", "access", "--dir", str(held.directory), "--child", "C-1", "--parent", "K-QZX"]) != 0
    assert "each view shows one person alone" in capsys.readouterr().err
