"""Questions at an authority's desk: a worklist of its own records, answers that are checked and kept, and what the next submission makes of them."""

import csv
import re
import stat

import httpx
import pytest
import test_referrals_collect as desk

from parties.client import ServiceClient
from parties.extracts.check import Checked
from parties.extracts.mapping import map_extract
from parties.initialise import init_node
from parties.questions import fetching
from parties.questions.answers import take_answers
from parties.questions.fetching import fetch_questions
from parties.questions.kept import count_asked, read_answers, worklist_path
from parties.settings import load_settings
from schemas.errors import ConfigurationError, ExtractError, SealError, SubmissionError
from schemas.questions import QUESTIONS, QuestionsBody, questions_context, write_questions
from schemas.roster import Role, identity_of
from schemas.sealed import seal
from validation.extract import Failure

ROUND = desk.ROUND
CARERS = """carer_id,forename,middle_names,surname,former_surname,date_of_birth,sex,address,town,postcode,previous_postcode
K-1,Ann,,Example,,1987-05-01,F,1 Any Road,Town,AB1 2CD,
K-2,Bob,Jim,Sample,,1984-02-01,M,2 Any Road,Town,AB1 2CE,
"""
TIES = """carer_id,child_id,relation,recorded_on
K-1,C-1,parent,2025-01-02
K-2,C-2,parent,2025-01-02
K-2,C-3,foster_carer,2025-01-02
"""
HEADER = "file,record_id,former_surname,earlier_postcode,second_date_of_birth,middle_names,other_forename"
node = desk.node


@pytest.fixture
def asked(node):
    """Return an authority's node that can be asked, with carers and ties."""
    settings = node[0]
    settings.path("extract", "carers.csv").write_text(CARERS, encoding="utf-8")
    settings.path("extract", "ties.csv").write_text(TIES, encoding="utf-8")
    return node


def fetch(asked, children, *, round_id=ROUND, to="own", authority="northshire", named=ROUND):
    """Seal questions as the service would, and let the desk fetch them."""
    settings, service, own, other = asked
    addressee = own if to == "own" else other
    body = QuestionsBody(round_id=named, authority=authority, questions=QUESTIONS, children=tuple(child.hex() for child in children))
    context = questions_context(service.manifest.digest, addressee.organisation)
    sealed = seal(write_questions(body), identity_of(addressee, Role.DESK).sealing_key, context)

    def answer(request):
        return httpx.Response(200, content=sealed) if request.url.path.endswith("/questions") else service(request)

    fetch_questions(settings, round_id, client=ServiceClient(settings, Role.DESK, transport=httpx.MockTransport(answer)))
    return worklist_path(settings, round_id)


def records(path):
    with path.open(encoding="utf-8", newline="") as source:
        return [(row["file"], row["record_id"]) for row in csv.DictReader(source)]


def persons(*children):
    return [desk.PERSONS[child] for child in children]


def fill_in(path, *lines):
    path.write_text("\n".join([HEADER, *lines, ""]), encoding="utf-8")
    return path


def test_the_worklist_has_a_row_for_each_child_and_carer_and_nothing_filled_in(asked):
    path = fetch(asked, persons("C-3", "C-1", "C-2"))
    assert path.read_text() == f"{HEADER}\n" + "".join(
        f"{name},,,,,\n" for name in ("children,C-1", "children,C-2", "children,C-3", "carers,K-1", "carers,K-2")
    )
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_foster_carer_s_record_is_not_asked_about(asked):
    assert records(fetch(asked, persons("C-3"))) == [("children", "C-3")]


def test_an_id_of_nobody_is_skipped_and_all_of_them_leave_an_empty_worklist(asked):
    path = fetch(asked, [bytes(16), b"\xff" * 16])
    assert path.read_text() == f"{HEADER}\n"
    assert count_asked(asked[0], ROUND) == 0


def test_fetching_again_leaves_what_somebody_is_filling_in(asked):
    path = fill_in(fetch(asked, persons("C-1")), "children,C-1,Oldname,,,,")
    before = path.read_bytes()
    fetch(asked, persons("C-1"))
    assert path.read_bytes() == before


def test_a_worklist_that_was_lost_comes_back_with_the_answers_that_were_taken(asked):
    path = fill_in(fetch(asked, persons("C-1")), "children,C-1,Oldname,,,-,")
    take_answers(asked[0], path)
    path.unlink()
    assert fetch(asked, persons("C-1")).read_text() == f"{HEADER}\nchildren,C-1,Oldname,,,-,\ncarers,K-1,,,,,\n"


def test_a_crash_before_the_worklist_is_written_is_mended_by_the_next_run(asked, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(fetching, "whole_file", desk.crash)
        with pytest.raises(KeyboardInterrupt):
            fetch(asked, persons("C-1"))
    assert not worklist_path(asked[0], ROUND).exists()
    assert records(fetch(asked, persons("C-1"))) == [("children", "C-1"), ("carers", "K-1")]


@pytest.mark.parametrize(
    ("changes", "error"),
    [({"to": "other"}, SealError), ({"authority": "southshire"}, SubmissionError), ({"named": "round-9"}, SubmissionError)],
)
def test_questions_to_another_authority_or_of_another_round_are_refused(asked, changes, error):
    with pytest.raises(error):
        fetch(asked, persons("C-1"), **changes)
    assert not worklist_path(asked[0], ROUND).exists()


def test_answers_become_further_rows_of_their_records_in_the_next_submission(asked):
    settings = asked[0]
    path = fetch(asked, persons("C-1", "C-2"))
    fill_in(
        path, "children,C-1,Oldname,ZZ1 1AA,2015-04-03,Mair,Shan", "carers,K-1,Maiden,,,,", "carers,K-2,-,,,Other,", "children,C-2,,,,,"
    )
    assert take_answers(settings, path).failures == ()
    before, after = (map_extract(settings, CHECKED, *given) for given in ((), (read_answers(settings),)))
    assert rows_of(after.children, "C-2") == rows_of(before.children, "C-2")
    assert rows_of(after.adults, "K-2") == rows_of(before.adults, "K-2") == [("bob", "sample", "19840201", "AB12CE", "jim")]
    assert rows_of(before.children, "C-1") == [("sian", "example", "20160501", "AB12CD", "")]
    assert rows_of(after.children, "C-1") == [
        ("sian", "example", "20160501", "AB12CD", "mair"),
        ("sian", "oldname", "20160501", "AB12CD", "mair"),
        ("shan", "example", "20160501", "AB12CD", "mair"),
        ("sian", "example", "20150403", "AB12CD", "mair"),
        ("sian", "example", "20160501", "ZZ11AA", "mair"),
    ]
    assert [row[1] for row in rows_of(after.adults, "K-1")] == ["example", "maiden"]


CHECKED = Checked({}, dict.fromkeys(("carers", "children", "ties"), frozenset()))


def rows_of(people, key):
    rows, person = people.rows, people.index[key]
    columns = (rows.forename, rows.surname, rows.dob, rows.postcode, rows.middle)
    return [tuple(column[row] for column in columns) for row, owner in enumerate(rows.person) if owner == person]


BAD = {
    "children,C-1,Old1name,,,,": ("former_surname", "matches"),
    "children,C-1,,ZZ1,,,": ("earlier_postcode", "check"),
    "children,C-1,,,03/04/2015,,": ("second_date_of_birth", "date"),
    "children,C-1,,,2015-02-30,,": ("second_date_of_birth", "date"),
    "children,C-1,,,,<b>,": ("middle_names", "matches"),
    "children,C-1,,,,,x@y": ("other_forename", "matches"),
    "children,C-9,Oldname,,,,": ("record_id", "asked"),
    "carers,C-1,Oldname,,,,": ("record_id", "asked"),
    "schools,C-1,Oldname,,,,": ("file", "one_of"),
    "children,,Oldname,,,,": ("record_id", "present"),
}


@pytest.mark.parametrize("line", BAD)
def test_a_row_that_breaks_a_rule_is_named_without_its_value_and_left_out_and_others_are_kept(asked, line):
    settings, path = asked[0], fetch(asked, persons("C-1", "C-2"))
    taken = take_answers(settings, fill_in(path, line, "children,C-2,Goodname,,,,"))
    assert (taken.failures[0].row, taken.failures[0].column, taken.failures[0].rule) == (2, *BAD[line])
    assert {failure.row for failure in taken.failures} == {2}
    assert taken.records == 1
    assert read_answers(settings) == {("children", "C-2"): {"former_surname": "Goodname"}}


def test_two_rows_of_one_record_are_both_left_out(asked):
    path = fill_in(fetch(asked, persons("C-1")), "children,C-1,Oldname,,,,", "children,C-1,Other,,,,")
    taken = take_answers(asked[0], path)
    assert taken.failures == (Failure(2, "record_id", "unique"), Failure(3, "record_id", "unique"))
    assert read_answers(asked[0]) == {}


def test_an_empty_cell_changes_nothing_and_a_dash_takes_an_answer_back(asked):
    settings, path = asked[0], fetch(asked, persons("C-1"))
    for line, kept in (
        ("children,C-1, Oldname ,ZZ1 1AA,,,", {"former_surname": "Oldname", "earlier_postcode": "ZZ1 1AA"}),
        ("children,C-1,,,,,", {"former_surname": "Oldname", "earlier_postcode": "ZZ1 1AA"}),
        ("children,C-1,Newname,,,,", {"former_surname": "Newname", "earlier_postcode": "ZZ1 1AA"}),
        ("children,C-1,,-,,,", {"former_surname": "Newname"}),
    ):
        take_answers(settings, fill_in(path, line))
        assert read_answers(settings) == {("children", "C-1"): kept}


def test_answers_stay_when_new_questions_come(asked):
    settings, path = asked[0], fetch(asked, persons("C-1"))
    take_answers(settings, fill_in(path, "children,C-1,Oldname,,,,"))
    path.unlink()
    fetch(asked, persons("C-1", "C-2"))
    assert read_answers(settings) == {("children", "C-1"): {"former_surname": "Oldname"}}


@pytest.mark.parametrize("name", ["missing.csv", "worklist.xlsx"])
def test_a_file_that_is_no_worklist_is_refused(asked, name):
    path = asked[0].path(name)
    if name.endswith("xlsx"):
        path.write_bytes(b"PK")
        path.with_suffix(".csv").write_text(f"{HEADER}\n", encoding="utf-8")  # not what was named
    with pytest.raises(ExtractError, match="no such CSV file"):
        take_answers(asked[0], path)


def test_a_worklist_without_the_columns_that_name_a_record_is_refused(asked):
    path = asked[0].path("short.csv")
    path.write_text("record_id,former_surname\nC-1,Oldname\n", encoding="utf-8")
    with pytest.raises(ExtractError, match="column file is missing"):
        take_answers(asked[0], path)


def test_other_organisations_are_not_asked(tmp_path):
    init_node(tmp_path, "police", "force", "Force")
    settings = load_settings(tmp_path)
    for refused in (lambda: fetch_questions(settings, ROUND), lambda: take_answers(settings, tmp_path / "x.csv")):
        with pytest.raises(ConfigurationError, match="local authorities"):
            refused()
    assert read_answers(settings) == {}


def test_a_message_shows_nothing_and_has_no_word_of_why(asked):
    body = QuestionsBody(round_id=ROUND, authority="northshire", questions=QUESTIONS, children=("ab" * 16,))
    assert "ab" not in repr(body) + str(body)
    written = write_questions(body).decode()
    assert not re.search(r"custod|prison|police|match|referral|review|score|weight|find|grade", written)
