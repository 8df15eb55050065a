"""Tallies of outcomes: counted once, within the desk's own budget; only noised counts leave, and the office adds them up."""

import csv
import json
import sqlite3
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session
from test_referrals_collect import node  # noqa: F401 - a fixture

from flows.command import main
from parties.referrals.cases import CaseState
from parties.store.engine import open_node_store
from parties.store.models import CaseEvent, CaseReception
from parties.tallies import drawing
from parties.tallies.drawing import CELLS, tally
from parties.tallies.families import Known, capped
from parties.tallies.summing import coverage, read_tallies, rows
from parties.tallies.writing import write_rows
from schemas.canonical import canonical_json
from schemas.errors import AuthenticationError, BudgetError, ConfigurationError
from schemas.signature import SignedDocument
from schemas.tally import Quarter
from validation.disclosure.ledger import Budget, NoisedRelease, Refusal

S = CaseState
Q2, Q3 = Quarter(2026, 2), Quarter(2026, 3)
AFTER = datetime(2027, 6, 1, tzinfo=UTC)
SHIFT = 1_000_000


@pytest.fixture
def desk(node):  # noqa: F811
    return node[0]


@pytest.fixture
def shifted(monkeypatch):
    """Let the noise be one large number, so that what is exact is told from what is noised."""
    monkeypatch.setattr(drawing, "draw", lambda values, _: [value + SHIFT for value in values])


def write(settings, document, *states, on="2026-08-03", grade="A", child="", carer="", handles=()):
    """Write a case as the desk keeps it: its states, each recorded a while after it was written."""
    store = open_node_store(settings)
    with Session(store) as session, session.begin():
        first = {"grade": grade, "round_id": "round-1", "record_id": child or document, "carer_id": carer or None}
        session.add(CaseEvent(document=document, what=S.WRITTEN, recorded_at=f"{on}T10:00:00Z", **first))
        session.flush()
        for what in states:
            session.add(CaseEvent(document=document, what=what, recorded_at="2026-12-01T10:00:00Z"))
            session.flush()
        marks = {"custody": 1, "is_restricted": False, "is_sole_carer": False, "events": 0}
        session.add_all(CaseReception(document=document, handle=handle, **marks) for handle in handles)
    store.dispose()


def cells(document, less=SHIFT):
    """Return the counts that are not the noise alone."""
    return {(cell["outcome"], cell["grade"]): cell["value"] - less for cell in document.body["cells"] if cell["value"] != less}


def stored(settings, table):
    store = open_node_store(settings)
    with Session(store) as session:
        found = session.scalars(select(table)).all()
    store.dispose()
    return found


@pytest.mark.parametrize("text", ["2026-Q0", "2026-Q5", "2026Q1", "26-Q1", "1999-Q1", "2026-Q1\n", "٢٠٢٦-Q1", ""])
def test_a_quarter_is_written_in_one_way(text):
    with pytest.raises(ConfigurationError, match="2026-Q3"):
        Quarter.read(text)


def test_a_quarter_has_its_days_and_is_counted_four_weeks_after():
    assert str(Quarter.read("2026-Q4")) == "2026-Q4"
    assert (Quarter(2026, 4).first, Quarter(2026, 4).end) == (date(2026, 10, 1), date(2027, 1, 1))
    assert (Q3.first, Q3.end, Q3.countable_from) == (date(2026, 7, 1), date(2026, 10, 1), date(2026, 10, 29))


def test_every_state_and_grade_is_counted_where_it_stands_and_only_of_the_quarter(desk, shifted):
    write(desk, "referral-1", S.ACKNOWLEDGED, S.OFFERED, S.TAKEN_UP, carer="P-1")
    write(desk, "referral-2", S.ACKNOWLEDGED, S.OFFERED, carer="P-2")
    write(desk, "referral-3", S.ACKNOWLEDGED, S.OFFERED, "corrected", "child-heard", carer="P-3", grade="B")
    write(desk, "referral-4", on="2026-09-30", carer="P-4")
    write(desk, "referral-5", on="2026-10-01", carer="P-5")
    write(desk, "referral-6", on="2026-06-30", carer="P-6")
    assert cells(tally(desk, Q3, now=AFTER)) == {("taken-up", "A"): 1, ("offered", "A"): 1, ("acknowledged", "B"): 1, ("written", "A"): 1}
    assert cells(tally(desk, Q2, now=AFTER)) == {("written", "A"): 1}


def test_a_family_counts_no_more_often_than_was_agreed(desk, shifted):
    for number in range(9):
        write(desk, f"referral-{number}", S.MOVED, carer="P-1")
    assert cells(tally(desk, Q3, now=AFTER)) == {("moved", "A"): 4}


def test_a_quarter_is_drawn_once_and_nothing_that_happens_later_changes_it(desk, shifted):
    write(desk, "referral-1", carer="P-1")
    first = tally(desk, Q3, now=AFTER)
    write(desk, "referral-2", S.MOVED, carer="P-2")
    assert tally(desk, Q3, now=AFTER) == first
    (release,) = stored(desk, NoisedRelease)
    assert stored(desk, Budget)[0].spent_micro_rho == release.micro_rho == first.body["micro_rho"] > 0


def test_under_another_agreement_a_quarter_that_was_counted_is_not_counted_again(desk, shifted, monkeypatch):
    first = tally(desk, Q3, now=AFTER)
    other = replace(drawing.load_agreed(desk), agreement_digest="f" * 64)
    monkeypatch.setattr(drawing, "load_agreed", lambda _: other)
    assert tally(desk, Q3, now=AFTER) == first
    assert tally(desk, Q2, now=AFTER).body["agreement_digest"] == "f" * 64


def test_no_quarter_is_counted_before_families_had_time(desk):
    with pytest.raises(ConfigurationError, match="can be counted from 2026-10-29 on"):
        tally(desk, Q3, now=datetime(2026, 10, 28, 22, 0, tzinfo=UTC))
    assert stored(desk, NoisedRelease) == []
    assert len(tally(desk, Q3, now=datetime(2026, 10, 29, 1, 0, tzinfo=UTC)).body["cells"]) == len(CELLS)


def test_what_the_desk_s_budget_does_not_cover_is_refused_and_the_refusal_stays(desk):
    for number in range(4):
        tally(desk, Quarter(2025, number + 1), now=AFTER)
    with pytest.raises(BudgetError, match=r"tally: .* are left"):
        tally(desk, Q2, now=AFTER)
    assert len(stored(desk, NoisedRelease)) == 4
    assert len(stored(desk, Refusal)) == 1


def test_a_crash_while_drawing_spends_and_keeps_nothing(desk, monkeypatch):
    def crash(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(drawing, "draw", crash)
    with pytest.raises(KeyboardInterrupt):
        tally(desk, Q3, now=AFTER)
    assert stored(desk, NoisedRelease) == stored(desk, Budget) == []


def test_no_exact_count_is_kept_and_the_database_refuses_to_change_what_was_given(desk, shifted):
    write(desk, "referral-1", carer="P-1")
    document = tally(desk, Q3, now=AFTER)
    (release,) = stored(desk, NoisedRelease)
    assert release.answer == document.body
    assert min(cell["value"] for cell in release.answer["cells"]) == SHIFT
    with sqlite3.connect(desk.path("node.sqlite")) as connection:
        for statement in ("DELETE FROM noised_release", "UPDATE noised_release SET answer = '{}'", "UPDATE budget SET spent_micro_rho = 0"):
            with pytest.raises(sqlite3.IntegrityError):
                connection.execute(statement)


def test_noise_is_as_wide_as_it_says_and_drawn_for_every_cell(desk):
    made = tally(desk, Q3, now=AFTER).body
    assert made["cap"] == 4
    assert made["scale_per_mille"] == pytest.approx(18_124, abs=1)  # 4 * sqrt(1 / (2 * 0.024356))
    assert made["epsilon_per_mille_at"]["1e-6"] == pytest.approx(1_000, abs=5)
    assert len({cell["value"] for cell in made["cells"]}) > 5


@pytest.mark.parametrize("joint", [{"carer": "P-1"}, {"receptions": (b"r",)}, {"child": "C-1", "carer": ""}])
def test_cases_that_share_a_parent_a_reception_or_a_child_are_one_family(joint):
    cases = {f"referral-{number}": Known(**{"child": f"C{number}", "carer": "", **joint}) for number in range(6)}
    cases["referral-9"] = Known("C-9", "P-9")
    assert capped(cases, 2) == ["referral-0", "referral-1", "referral-9"]


def test_a_family_is_joined_through_others_and_cases_of_nobody_known_are_one():
    chain = {"a": Known("1", "P"), "b": Known("2", "P", (b"r",)), "c": Known("2", "Q"), "d": Known("3", "Q"), "e": Known("4", "R")}
    assert capped(chain, 3) == ["a", "b", "c", "e"]
    assert capped({str(number): Known(str(number), "") for number in range(9)}, 3) == ["0", "1", "2"]
    assert capped({}, 3) == []


FAMILIES = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 6), st.integers(0, 6)), max_size=40)


@given(FAMILIES, st.integers(1, 5), st.integers(0, 6))
def test_leaving_out_a_family_leaves_all_others_as_they_were(drawn, cap, left_out):
    cases = {f"d{number:02}": Known(f"{parent}/{child}", f"P{parent}") for number, (child, parent, _) in enumerate(drawn)}
    without = {name: known for name, known in cases.items() if known.carer != f"P{left_out}"}
    kept, kept_without = capped(cases, cap), capped(without, cap)
    assert [name for name in kept if name in without] == kept_without
    assert len(kept) - len(kept_without) <= cap


def written_tally(settings, path, quarter=Q3):
    path.write_bytes(canonical_json(tally(settings, quarter, now=AFTER).model_dump()))
    return path


def test_the_office_adds_up_what_desks_returned_and_says_who_did_not(desk, shifted, tmp_path):
    write(desk, "referral-1", S.ACKNOWLEDGED, carer="P-1")
    first, second = written_tally(desk, tmp_path / "a.json"), written_tally(desk, tmp_path / "b.json", Q2)
    returned = read_tallies(desk, [first, second, first])
    found = {(row.quarter, row.area, row.outcome, row.grade): row for row in rows(returned)}
    summed = found["2026-Q3", "", "acknowledged", "A"]
    half = summed.upper - summed.value
    assert summed.value == SHIFT + 1
    assert half == summed.value - summed.lower == 36  # 1.96 * 18.1
    assert found["2026-Q3", "", "acknowledged", "all"].value == 2 * SHIFT + 1
    total = found["2026-Q3", "", "all", "all"]
    assert (total.value, total.upper - total.value) == (20 * SHIFT + 1, 159)  # 1.96 * 18.1 * sqrt(20)
    there = coverage(desk, returned)
    assert {quarter: (item.returned, item.of - item.returned) for quarter, item in there.items()} == {
        quarter: (1, len(there["2026-Q3"].missing)) for quarter in ("2026-Q2", "2026-Q3")
    }
    names = write_rows(rows(returned), tmp_path / "out")
    assert names == ["outcomes.csv", "outcomes-2026-Q2.svg", "outcomes-2026-Q3.svg"]
    with (tmp_path / "out" / "outcomes.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == len(found) == 2 * 2 * 11 * 3
    assert "taken-up" in (tmp_path / "out" / "outcomes-2026-Q3.svg").read_text(encoding="utf-8")


def change(path, **changes):
    """Change the body of a tally, or what is beside it, without a signature that holds."""
    document = json.loads(path.read_bytes())
    document["body"] |= changes
    path.write_bytes(json.dumps(document).encode())
    return path


def test_the_office_takes_nothing_that_no_desk_signed_or_that_was_changed(desk, tmp_path):
    made = written_tally(desk, tmp_path / "a.json")
    body = json.loads(made.read_bytes())["body"]
    with pytest.raises(AuthenticationError, match="tally/1"):
        read_tallies(desk, [change(written_tally(desk, tmp_path / "b.json"), cap=5)])
    for changes, match in (
        ({"organisation": "nobody"}, "no authority of the roster"),
        ({"cells": body["cells"][1:]}, "not those that this version knows"),
        ({"quarter": "2026"}, "no tally, at quarter"),
        ({"name": "Markername"}, "no tally, at the top level"),
    ):
        with pytest.raises(ConfigurationError, match=match) as error:
            read_tallies(desk, [change(written_tally(desk, tmp_path / "b.json"), **changes)])
        assert "Markername" not in str(error.value)
    (tmp_path / "large.json").write_bytes(b" " * 70_000)
    with pytest.raises(ConfigurationError, match="over 65536 bytes"):
        read_tallies(desk, [tmp_path / "large.json"])
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_tallies(desk, [tmp_path / "none.json"])


def test_a_desk_that_drew_a_quarter_again_is_found_out(desk, tmp_path):
    first = written_tally(desk, tmp_path / "a.json")
    desk.path("node.sqlite").unlink()
    with pytest.raises(ConfigurationError, match="returned another tally of 2026-Q3"):
        read_tallies(desk, [first, written_tally(desk, tmp_path / "b.json")])


def test_the_commands_write_and_add_up(desk, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["party", "tally", "--dir", str(desk.directory), "--quarter", "2026-Q2"]) == 0
    said = capsys.readouterr().out
    assert f"written to tally-{desk.organisation}-2026-Q2.json; send it to the statistics office" in said
    made = tmp_path / f"tally-{desk.organisation}-2026-Q2.json"
    first = made.read_bytes()
    assert main(["party", "tally", "--dir", str(desk.directory), "--quarter", "2026-Q2"]) == 0
    assert made.read_bytes() == first
    assert SignedDocument.model_validate_json(first).signatures[0].key_id == f"{desk.organisation}/desk"
    capsys.readouterr()
    assert main(["statistics", "outcomes", "--dir", str(desk.directory), "--out", "made", "--json", str(made)]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["coverage"]["2026-Q2"]["returned"] == 1
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == sorted(answer["files"])
    assert main(["statistics", "outcomes", "--dir", str(desk.directory), str(made)]) == 0
    assert "2026-Q2: 1 of " in capsys.readouterr().out
    assert main(["statistics", "outcomes", "--dir", str(desk.directory)]) != 0
    assert "want files of" in capsys.readouterr().err
