"""Questions about an authority's own records: a child in review is released in a later round, once its record says more."""

import csv

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from linkage.store.models import Finding, Questions
from parties.questions.answers import take_answers
from parties.questions.fetching import fetch_questions
from parties.questions.kept import worklist_path
from parties.store.engine import STORE_FILE
from parties.submission.prepare import prepare
from schemas.agreement import Release
from schemas.questions import QUESTIONS_BYTES
from schemas.sealed import OVERHEAD
from tests.acceptance import round as rounds
from tests.acceptance.planted import AUTHORITY, CHILDREN, POLICE, PRISON
from tests.privacy.search import Needles

FEWEST_NAMED = 15  # of those asked about; the other ids are filters of nobody, or of another name, that the desk skips
CHILD = "QZX2-1"  # of the planted family: known to police and authority, declared by nobody
MOVED = {"surname": "Bolton", "address": "4 Other Row", "town": "Elsewhere", "postcode": "B1 1AA", "sex": ""}
ANSWERS = {"former_surname": CHILDREN["under five"]["surname"], "earlier_postcode": CHILDREN["under five"]["postcode"]}
MARKER = "Qzxanswered"


def rewrite(linkage, file, change):
    """Change rows of the authority's extract; None leaves one out."""
    rewrite_csv(linkage.directory / AUTHORITY / "extract" / f"{file}.csv", change)


def read_csv(path):
    with path.open(encoding="utf-8", newline="") as source:
        return list(csv.DictReader(source))


def rewrite_csv(path, change):
    rows = read_csv(path)
    kept = [new for row in rows if (new := change(row)) is not None]
    with path.open("w", encoding="utf-8", newline="") as sink:
        writer = csv.DictWriter(sink, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(kept)


def run_round(linkage, monkeypatch, name):
    """Run a whole round of this name between the custodians who know the planted family."""
    monkeypatch.setattr(rounds, "ROUND", name)
    linkage.open_round(name)
    linkage.issue_keys(name)
    for custodian in (PRISON, POLICE, AUTHORITY):
        prepare(linkage.settings(custodian), name)
    linkage.send(PRISON, POLICE, AUTHORITY)
    linkage.close()
    linkage.search()
    for wave in (1, 2):
        linkage.look(wave)
        linkage.answer(POLICE, AUTHORITY)
    linkage.find()
    linkage.approve_and_release()


def decisions(linkage, name):
    """Return the decision about each of the authority's children, by its record id."""
    with Session(linkage.store) as session:
        rows = session.scalars(select(Finding).where(Finding.round_id == name, Finding.authority == AUTHORITY))
        return {linkage.child_record(AUTHORITY, row.child): row.decision for row in rows}


def sizes(linkage, name):
    """Return how many bytes every authority is asked in, in one round."""
    with Session(linkage.store) as session:
        return {row.authority: len(row.sealed) for row in session.scalars(select(Questions).where(Questions.round_id == name))}


@pytest.mark.slow
def test_an_answered_question_lets_a_child_in_review_be_released_in_a_later_round(linkage, monkeypatch):
    rewrite(linkage, "ties", lambda row: None if row["child_id"] == CHILD else row)
    rewrite(linkage, "children", lambda row: {**row, **MOVED} if row["child_id"] == CHILD else row)
    run_round(linkage, monkeypatch, "round-2")
    assert decisions(linkage, "round-2")[CHILD] == "review"
    assert sizes(linkage, "round-2") == dict.fromkeys(linkage.authorities(), QUESTIONS_BYTES + OVERHEAD)
    settings = linkage.settings(AUTHORITY)
    fetch_questions(settings, "round-2")
    worklist = worklist_path(settings, "round-2")
    assert FEWEST_NAMED <= sum(row["file"] == "children" for row in read_csv(worklist)) <= Release().questions
    rewrite_csv(worklist, lambda row: {**row, **ANSWERS, "other_forename": MARKER} if row["record_id"] == CHILD else row)
    assert take_answers(settings, worklist).records == 1
    run_round(linkage, monkeypatch, "round-3")
    assert decisions(linkage, "round-3")[CHILD] == "release"
    _answers_are_with_their_authority_alone(linkage)
    _another_round_does_not_ask_about_a_record_again(settings)


def _answers_are_with_their_authority_alone(linkage):
    kept = (f"{AUTHORITY}/questions/", f"{AUTHORITY}/{STORE_FILE}")
    places = {path: content for path, content in linkage.files().items() if not path.startswith(kept)}
    places["the service's database"] = repr(linkage.dump()).encode()
    assert len(places) > 20
    assert Needles([MARKER]).leaks(places) == {}


def _another_round_does_not_ask_about_a_record_again(settings):
    fetch_questions(settings, "round-3")
    asked = [{(row["file"], row["record_id"]) for row in read_csv(worklist_path(settings, name))} for name in ("round-2", "round-3")]
    assert asked[1]
    assert asked[0].isdisjoint(asked[1])
