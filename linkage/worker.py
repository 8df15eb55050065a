"""The linkage worker: from a closed round to findings that operators can approve, in steps that are each committed.

It reads accepted submissions and answers from the vault and writes only blobs and rows of the service's own store. A step that was
done is not done again; a step that was interrupted starts over, to the same findings.

    search_round    closed, or in the first wave    candidate pairs, and whom to ask for what in the waves that are not open yet
    look_round      in the second wave              pairs of which both halves came
    find_round      searched                        findings, decisions, and which of its own records each authority is asked about
"""

import secrets
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
from sqlalchemy import Engine as Database
from sqlalchemy import delete
from sqlalchemy.orm import Session

from linkage.agreed import load_agreed
from linkage.clock import as_text
from linkage.engines.make import make_engine
from linkage.findings.paths import Finding as Found
from linkage.findings.people import People
from linkage.findings.weighing import make_graph
from linkage.inbox.people import read_people
from linkage.inbox.pools import Submissions, accepted_submissions
from linkage.inbox.vault import LINKS_BLOB, OPENED_BLOB, PLAN_BLOB, QUESTIONS_BLOB, Vault
from linkage.inbox.waves import answered, read_plan
from linkage.looking import Looking
from linkage.release.asking import asked_table
from linkage.release.policy import Decided, decide_all
from linkage.rounds import advance, get_round
from linkage.search.engine import Engine
from linkage.settings import ServiceSettings
from linkage.states import State, check_is, is_past
from linkage.store.audit import append
from linkage.store.models import Finding
from schemas.agreed import Agreed
from schemas.agreement import Release
from schemas.audit import AuditEvent
from schemas.canonical import digest_of
from schemas.encoding_set import write_table
from schemas.joins import PERSON_BYTES
from schemas.roster import Kind
from validation.progress import Progress

LINKS = pa.schema(
    [
        pa.field("prisoner", pa.binary(PERSON_BYTES), nullable=False),
        pa.field("child", pa.binary(PERSON_BYTES), nullable=False),
        pa.field("authority", pa.string(), nullable=False),
    ]
)


def search_round(
    database: Database, settings: ServiceSettings, round_id: str, *, now: datetime, progress: Progress, engine: Engine | None = None
) -> None:
    """Search every pair of pools, and plan whom to ask for what in the waves that are not open yet; skip what was done or is too late.

    Without an `engine` that of the settings searches. The round stays where it is: no wave waits for a search.

    Raises:
        RoundError: the round is still open, or was cancelled.
        ConfigurationError, ServiceError: the settings' engine cannot be had, or is lost.
    """
    with Session(database) as session, session.begin():
        work = _work(session, settings, round_id, State.CLOSED, until=State.FIRST_WAVE)
    if work is None or work.is_searched:
        return
    first_wave = 2 if work.state == State.FIRST_WAVE else 1
    with make_engine(settings) if engine is None else nullcontext(engine) as chosen:
        table, pairs = Looking(work.submissions).plan_all(work.agreed.agreement.search, chosen, progress, first_wave=first_wave)
    work.vault.write_blob(PLAN_BLOB, write_table(table))
    with Session(database) as session, session.begin():
        get_round(session, round_id, lock=True).counts = {"pairs": pairs}
        append(session, _event("searched", round_id, settings, now))


def look_round(database: Database, settings: ServiceSettings, round_id: str, *, now: datetime) -> None:
    """Open the pairs that were answered, and move the round to `searched`; skip what was done, or is not due before the second wave.

    Who has not answered is left out.

    Raises:
        RoundError: the round is still open, or was cancelled.
    """
    with Session(database) as session, session.begin():
        work = _work(session, settings, round_id, State.CLOSED, until=State.SECOND_WAVE)
        if work is None or work.state != State.SECOND_WAVE:
            return
        plan, answers = read_plan(work.vault, get_round(session, round_id)), list(answered(session, round_id))
        session.expunge_all()
    opened = Looking(work.submissions).open_all(plan, answers)
    work.vault.write_blob(OPENED_BLOB, write_table(opened))
    with Session(database) as session, session.begin():
        round_ = advance(session, round_id, State.SEARCHED, _event("pairs-opened", round_id, settings, now))
        round_.counts = {"pairs": 0, **(round_.counts or {}), "opened": len(opened)}


def find_round(database: Database, settings: ServiceSettings, round_id: str, *, now: datetime) -> None:
    """Turn opened pairs into findings and decisions, and move the round to `awaiting-approval`; skip what was done, or is not due.

    Raises:
        RoundError: the round is still open, or was cancelled.
    """
    with Session(database) as session, session.begin():
        work = _work(session, settings, round_id, State.CLOSED, until=State.SEARCHED)
    if work is None or work.state != State.SEARCHED:
        return
    opened = pa.ipc.open_file(pa.BufferReader(work.vault.read_blob(OPENED_BLOB))).read_all()
    release = work.agreed.agreement.release
    graph = make_graph(opened, work.submissions.pools(), release)
    found = graph.findings()
    decided = decide_all(found, release, standings=graph.people.standings, same_child=graph.same("children"))
    work.vault.write_blob(LINKS_BLOB, write_table(_links_table(found, graph.people, release)))
    children = {item.organisation: read_people(work.vault, item.organisation) for item in work.agreed.roster.of_kind(Kind.LOCAL_AUTHORITY)}
    asked = asked_table(children, graph.people, decided, number=release.questions, draw=secrets.token_bytes)
    work.vault.write_blob(QUESTIONS_BLOB, write_table(asked))
    with Session(database) as session, session.begin():
        rows = [_row(item, graph.people, round_id) for item in decided]
        session.execute(delete(Finding).where(Finding.round_id == round_id))
        session.add_all(rows)
        round_ = advance(session, round_id, State.AWAITING_APPROVAL, _event("findings-recorded", round_id, settings, now))
        round_.findings_digest, round_.counts = findings_digest(rows), {**(round_.counts or {}), **_counts(decided)}


def findings_digest(rows: Iterable[Finding]) -> str:
    """Return the digest that operators approve: of every finding that would be released."""
    released = sorted([row.authority, row.child, row.own_carer, row.grade] for row in rows if row.decision == "release")
    return digest_of(released)


@dataclass(frozen=True)
class _Work:
    """What one step works on, read before it starts; no transaction is open while it computes."""

    agreed: Agreed
    vault: Vault
    submissions: Submissions
    state: str
    is_searched: bool


def _work(session: Session, settings: ServiceSettings, round_id: str, since: State, *, until: State) -> _Work | None:
    """Return what a step works on that may be done from one state to another, or None where the round is past that.

    Raises:
        RoundError: the round is not there yet, or was cancelled.
    """
    round_ = get_round(session, round_id)
    if is_past(round_.state, until):
        return None
    if not is_past(round_.state, since):
        check_is(round_.state, since)
    agreed, vault = load_agreed(settings.directory), Vault(settings, round_)
    return _Work(agreed, vault, accepted_submissions(session, vault, agreed.roster, round_id), round_.state, round_.counts is not None)


def _row(item: Decided, people: People, round_id: str) -> Finding:
    return Finding(
        round_id=round_id,
        authority=item.child.organisation,
        child=people.id("children", item.child).hex(),
        own_carer=people.id("adults", item.carer).hex() if item.carer else None,
        weight_centibits=item.weight_centibits,
        grade=item.grade,
        decision=item.decision,
    )


def _links_table(found: Iterable[Found], people: People, release: Release) -> pa.Table:
    linked = [item for item in found if item.weight * 100 >= release.link_centibits]
    return pa.table(
        [
            pa.array([people.id("adults", item.prisoner) for item in linked], pa.binary(PERSON_BYTES)),
            pa.array([people.id("children", item.child) for item in linked], pa.binary(PERSON_BYTES)),
            pa.array([item.child.organisation for item in linked], pa.string()),
        ],
        schema=LINKS,
    )


def _counts(decided: list[Decided]) -> dict[str, int]:
    return {
        "findings": len(decided),
        "releasable": sum(item.decision == "release" for item in decided),
        "review": sum(item.decision == "review" for item in decided),
    }


def _event(kind: str, round_id: str, settings: ServiceSettings, now: datetime) -> AuditEvent:
    return AuditEvent(kind=kind, round_id=round_id, actor=settings.organisation, at=as_text(now))
