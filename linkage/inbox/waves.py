"""The waves of the second look: opened by an operator, asked and answered by custodians. The shell around `second_look.requests`.

What a custodian is told and when depends on its own submission and on the operator's act; never on a search: where the search
found nothing, or never ran, the same number of requests is out, and nobody but the service can tell.
"""

import secrets
from collections.abc import Iterator, Mapping

import pyarrow as pa
from pydantic import ValidationError
from sqlalchemy import Engine as Database
from sqlalchemy import select
from sqlalchemy.orm import Session

from linkage.inbox.pools import Submissions, accepted_submissions
from linkage.inbox.submissions import ConflictError
from linkage.inbox.vault import CARRIED_BLOB, PLAN_BLOB, Vault
from linkage.rounds import advance, get_round
from linkage.second_look.planning import CARRIED_WAVE, PLAN, of_wave, planned
from linkage.second_look.requests import request_table
from linkage.settings import ServiceSettings
from linkage.states import WAVE_STATES, State, check_may_move, is_past
from linkage.store.models import Asked, Round
from schemas.agreed import Agreed
from schemas.agreement import PROJECTIONS
from schemas.audit import AuditEvent
from schemas.byte_columns import Bytes2D
from schemas.canonical import digest
from schemas.encoding_set import CHUNK_BYTES, write_table
from schemas.errors import RoundError, SubmissionError
from schemas.signature import malformed_at
from schemas.slots import ANSWERS, SEARCHES, VOLUMES, read_byte_table, requests_name
from schemas.waves import AnswersSummary, TableSummary

MAX_ANSWER_CHUNKS = 1 << 14  # 64 GB of a table; its rows bound it long before
AGAIN = "run `kinlink party answer` again"


def open_wave(database: Database, settings: ServiceSettings, agreed: Agreed, *, wave: int, event: AuditEvent) -> State:
    """Open a wave: make every responder's requests, then move the round; one that is open or past stays as it is.

    Requests are named by what they hold, so of two operators who open a wave at once one wins, whole.

    Raises:
        RoundError: there is no such wave, or the round's state does not lead to it.
    """
    to, round_id = wave_state(wave), event.round_id or ""
    with Session(database) as session, session.begin():
        round_ = get_round(session, round_id)
        if _is_open(round_, wave):
            return State(round_.state)
        check_may_move(round_.state, to)
        vault = Vault(settings, round_)
        submissions = accepted_submissions(session, vault, agreed.roster, round_id)
        plan = _due(vault, round_, wave)
    asked = {
        name: [_keep(vault, *item) for item in _requests(submissions, name, plan, wave)]
        for name in responders(agreed)
        if name in submissions.accepted
    }
    with Session(database) as session, session.begin():
        if _is_open(get_round(session, round_id, lock=True), wave):
            return to
        advance(session, round_id, to, event)
        vault.write_blob(_asked_blob(wave), write_table(plan))  # under the lock: whatever is planned later, this is what was asked
        for name, tables in asked.items():
            requests = [table.model_dump() for table in tables]
            session.add(Asked(round_id=round_id, wave=wave, organisation=name, requests=requests))
    return to


def wave_state(wave: int) -> State:
    """Return the state of a round whose latest wave is this one.

    Raises:
        RoundError: there is no such wave.
    """
    if wave not in WAVE_STATES:
        raise RoundError(f"wave: there are {len(WAVE_STATES)}, counted from 1; ask for one of them")
    return WAVE_STATES[wave]


def responders(agreed: Agreed) -> list[str]:
    """Return the organisations that are ever asked, by name."""
    return sorted(item.organisation for item in agreed.roster.of_kind(*{responder for _, _, responder in SEARCHES}))


def read_plan(vault: Vault, round_: Round) -> pa.Table:
    """Return whom the search would ask for what; nothing where none has ended."""
    return _read(vault, PLAN_BLOB) if round_.counts is not None else PLAN.empty_table()


def read_asked(vault: Vault) -> pa.Table:
    """Return who was asked for what, in every wave that is open; dummies are not in it."""
    blobs = [_asked_blob(wave) for wave in WAVE_STATES]
    return pa.concat_tables([PLAN.empty_table(), *(_read(vault, blob) for blob in blobs if vault.has_blob(blob))])


def find_asked(session: Session, round_id: str, wave: int, organisation: str, *, lock: bool = False) -> Asked:
    """Return what an organisation is asked in a wave; nothing, where it has submitted nothing or is never asked.

    Raises:
        RoundError: the wave is not open yet; the same for everyone.
    """
    wave_state(wave)
    round_ = get_round(session, round_id)
    if not _is_open(round_, wave):
        raise RoundError(f"wave {wave}: not open yet; ask again later")
    known = session.get(Asked, (round_id, wave, organisation), with_for_update=lock or None)
    return known or Asked(round_id=round_id, wave=wave, organisation=organisation, requests=[])


def tables_of(asked: Asked) -> dict[str, TableSummary]:
    """Return the tables of requests of one wave, by name."""
    return {item["name"]: TableSummary.model_validate(item) for item in asked.requests}


def request_chunk(vault: Vault, asked: Asked, name: str, index: int) -> bytes:
    """Return one chunk of a table of requests.

    Raises:
        SubmissionError: there is no such table or chunk.
    """
    table = _table(asked, name)
    if not 0 <= index < table.chunks:
        raise SubmissionError(f"requests {name}: {table.chunks} chunk(s), counted from 0; ask for those")
    return vault.read_blob(_requests_blob(table))[index * CHUNK_BYTES : (index + 1) * CHUNK_BYTES]


def receive_answers(vault: Vault, asked: Asked, place: tuple[str, int], content: bytes) -> None:
    """Keep one chunk of answers; once the wave is answered, only the same bytes again.

    Raises:
        SubmissionError: nothing was asked by that name, or the chunk is larger than answers can be.
        ConflictError: the wave was answered with other bytes.
    """
    name, index = place
    _table(asked, name)
    if not 0 <= index < MAX_ANSWER_CHUNKS or not 0 < len(content) <= CHUNK_BYTES:
        raise SubmissionError(f"answers {name}, chunk {index}: want at most {MAX_ANSWER_CHUNKS} chunks of {CHUNK_BYTES} bytes; {AGAIN}")
    blob = _answers_blob(asked, name, index)
    if asked.answers is None:
        vault.write_blob(blob, content)
    elif not vault.has_blob(blob) or vault.read_blob(blob) != content:
        raise ConflictError(f"answers {name}: the wave was answered before, with other bytes; nothing is left to do")


def read_summary(body: Mapping[str, object]) -> AnswersSummary:
    """Return what a responder says of its answers.

    Raises:
        SubmissionError: it is malformed.
    """
    try:
        return AnswersSummary.model_validate(body)
    except ValidationError as error:
        raise SubmissionError(f"answers: malformed at {malformed_at(error)}; {AGAIN}") from None


def check_answers(vault: Vault, asked: Asked, summary: AnswersSummary) -> None:
    """Check that every table that was asked for is answered, in form; what the answers say is looked at when pairs are opened.

    Raises:
        SubmissionError: naming the table and the rule that it breaks.
    """
    requests = tables_of(asked)
    if sorted(part.name for part in summary.parts) != sorted(requests):
        raise SubmissionError(f"answers: want one table for each of requests; {AGAIN}")
    for part in summary.parts:
        if part.rows != requests[part.name].rows:
            raise SubmissionError(f"answers {part.name}: want one for each request; {AGAIN}")
        read_answers(vault, asked, part)


def read_answers(vault: Vault, asked: Asked, part: TableSummary) -> dict[str, Bytes2D]:
    """Return the columns of one table of answers.

    Raises:
        SubmissionError: a chunk is missing, or the whole is not what its summary says.
    """
    blobs = [_answers_blob(asked, part.name, index) for index in range(min(part.chunks, MAX_ANSWER_CHUNKS))]
    content = b"".join(vault.read_blob(blob) for blob in blobs if vault.has_blob(blob))
    if len(content) != part.size or digest(content) != part.sha256:
        raise SubmissionError(f"answers {part.name}: a chunk is missing, or differs from the summary; {AGAIN}")
    return read_byte_table(content, ANSWERS, part=part.name, rows=part.rows)


def record_answers(asked: Asked, summary: AnswersSummary) -> bool:
    """Record that a wave is answered; say whether that is new. The caller holds the row's lock.

    Raises:
        ConflictError: it was answered otherwise before.
    """
    answers = sorted((part.model_dump() for part in summary.parts), key=lambda part: str(part["name"]))
    if asked.answers is not None and asked.answers != answers:
        raise ConflictError("answers: the wave was answered before, with other bytes; nothing is left to do")
    is_new = asked.answers is None
    asked.answers = answers
    return is_new


def answered(session: Session, round_id: str) -> Iterator[tuple[Asked, list[TableSummary]]]:
    """Yield every wave that a responder has answered, with its tables of answers."""
    for asked in session.scalars(select(Asked).where(Asked.round_id == round_id).order_by(Asked.wave, Asked.organisation)):
        if asked.answers is not None:
            yield asked, [TableSummary.model_validate(item) for item in asked.answers]


def _requests(submissions: Submissions, organisation: str, plan: pa.Table, wave: int) -> Iterator[tuple[str, pa.Table]]:
    """Yield an organisation's tables of requests by name: every filter asked equally often, for each kind of uploader."""
    kind = submissions.kinds[organisation]
    for population, uploader, responder in SEARCHES:
        if responder is kind:
            pool = submissions.pool(organisation, population)
            for projection in PROJECTIONS:
                name, each = requests_name(population, projection, uploader), VOLUMES["referral"][projection][wave - 1]
                rows, nonces = planned(plan, wave=wave, organisation=organisation, name=name)
                yield name, request_table(rows, nonces, pool.pseudonyms[projection], each=each, draw=secrets.token_bytes)


def _keep(vault: Vault, name: str, table: pa.Table) -> TableSummary:
    content = write_table(table)
    summary = TableSummary(name=name, rows=table.num_rows, size=len(content), sha256=digest(content))
    vault.write_blob(_requests_blob(summary), content)
    return summary


def _due(vault: Vault, round_: Round, wave: int) -> pa.Table:
    """Return what there is to ask in a wave, by now."""
    if wave == CARRIED_WAVE and vault.has_blob(CARRIED_BLOB):
        return _read(vault, CARRIED_BLOB)
    return of_wave(read_plan(vault, round_), wave)


def _read(vault: Vault, blob: str) -> pa.Table:
    return pa.ipc.open_file(pa.BufferReader(vault.read_blob(blob))).read_all()


def _asked_blob(wave: int) -> str:
    return f"asked.{wave}.arrow"


def _is_open(round_: Round, wave: int) -> bool:
    return round_.state == WAVE_STATES[wave] or is_past(round_.state, WAVE_STATES[wave])


def _table(asked: Asked, name: str) -> TableSummary:
    tables = tables_of(asked)
    if name not in tables:
        raise SubmissionError("requests: none of that name for you in this wave; list yours again")
    return tables[name]


def _requests_blob(table: TableSummary) -> str:
    return f"requests.{table.sha256}"


def _answers_blob(asked: Asked, name: str, index: int) -> str:
    return f"answers.{asked.wave}.{asked.organisation}.{name}.{index}"
