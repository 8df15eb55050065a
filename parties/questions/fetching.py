"""Fetch an authority's questions, open them with the desk's key, and write a worklist: one row for each record to look at.

Asked is about a child; a row is the child's record, or that of a carer whom it is tied to. An id that is no child's of this node
is skipped. A worklist that is there stays as it is, because somebody may be filling it in.
"""

import csv
import io
from collections.abc import Iterable, Mapping

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from parties.client import ServiceClient
from parties.desk_map import take_maps
from parties.extracts.check import EXTRACT_DIRECTORY
from parties.extracts.mapping import NOT_A_PARENT
from parties.extracts.read import read_extract
from parties.initialise import check_desk, load_agreed
from parties.keys.identity_keys import load_sealing_key
from parties.questions.kept import RecordName, asked_in, remember_asked, worklist_path
from parties.rounds import fetch_round
from parties.settings import NodeSettings
from parties.store.engine import open_node_store
from parties.store.models import Person
from parties.whole_files import OWNER_ONLY_DIRECTORY, whole_file
from schemas.errors import SubmissionError
from schemas.questions import QUESTIONS, QuestionsBody, questions_context, read_questions
from schemas.roster import Role
from schemas.sealed import open_any

NOTHING = "-"  # what people write where they looked and there is nothing
_CHILDREN, _CARERS = "children", "carers"


def fetch_questions(settings: NodeSettings, round_id: str, *, client: ServiceClient | None = None) -> None:
    """Fetch the questions of a round and write their worklist; safe to repeat.

    Raises:
        ConfigurationError: the node is no authority's.
        RoundError: the round has no questions, or not yet.
        SealError, SubmissionError: they are damaged, or another authority's or round's.
        ExtractError: the extract's ties cannot be read.
    """
    check_desk(settings)
    store = open_node_store(settings)
    try:
        body = _fetch(settings, round_id, client, store)
        children = _own_children(store, body)
        remember_asked(store, round_id, [*_named(_CHILDREN, children), *_named(_CARERS, _carers(settings, children))])
        asked = asked_in(store, round_id)
    finally:
        store.dispose()
    path = worklist_path(settings, round_id)
    if not path.exists():
        path.parent.mkdir(mode=OWNER_ONLY_DIRECTORY, exist_ok=True)
        with whole_file(path) as file:
            file.write(_worklist(asked).encode())


def _fetch(settings: NodeSettings, round_id: str, client: ServiceClient | None, store: Engine) -> QuestionsBody:
    agreed = load_agreed(settings)
    with client or ServiceClient(settings, Role.DESK) as service:
        round_ = fetch_round(service, agreed, round_id)
        sealed = service.get(f"/v1/rounds/{round_id}/questions").content
    take_maps(settings, agreed, round_, store)
    context = questions_context(round_.digest, settings.organisation)
    body = read_questions(open_any(load_sealing_key(settings, Role.DESK), sealed, context))
    if (body.authority, body.round_id) != (settings.organisation, round_id):
        raise SubmissionError("questions: opened, but they name another authority or round; report it to the linkage operator")
    return body


def _own_children(store: Engine, body: QuestionsBody) -> set[str]:
    """Return the record ids of the children asked about; an id that stands for nobody here is skipped."""
    with Session(store) as session:
        found = (session.get(Person, (body.round_id, _CHILDREN, child)) for child in body.children)
        return {row.record_id for row in found if row is not None}


def _carers(settings: NodeSettings, children: set[str]) -> set[str]:
    chunks = read_extract(settings.path(EXTRACT_DIRECTORY), "ties")
    ties = (tie for chunk in chunks for tie in chunk.frame.to_dict("records"))
    return {tie["carer_id"] for tie in ties if tie["child_id"] in children and tie["relation"] not in NOT_A_PARENT}


def _named(file: str, ids: Iterable[str]) -> list[RecordName]:
    return [RecordName(file, record_id) for record_id in ids]


def _worklist(asked: Mapping[RecordName, Mapping[str, str | None]]) -> str:
    """Return the worklist as CSV: a column for each question, with what was answered so far."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((*RecordName._fields, *QUESTIONS))
    for record, answers in asked.items():
        given = (answers[name] for name in QUESTIONS)
        writer.writerow((*record, *("" if answer is None else answer or NOTHING for answer in given)))
    return text.getvalue()
