"""The linkage worker: from a closed round to findings that operators can approve, in steps that are each committed.

It reads accepted submissions and answers from the vault and writes only blobs and rows of the service's own store. A step that was
done is not done again, but carrying over, which may see more answers; a step that was interrupted starts over, to the same findings.

    search_round    closed, or in the first wave    candidate pairs, and whom to ask for what in the waves that are not open yet
    carry_round     in the first wave               children of parents who agree, to be asked for in the second wave
    look_round      in the second wave              pairs of which both halves came
    find_round      searched                        findings, decisions, and which of its own records each authority is asked about
"""

import base64
import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
from sqlalchemy import Engine as Database
from sqlalchemy import delete
from sqlalchemy.orm import Session

from linkage.agreed import load_agreed
from linkage.controls.known import NO_CONTROLS, Controls, without_controls
from linkage.controls.lists import read_controls
from linkage.controls.measuring import measure, policy_at
from linkage.controls.pooling import choose_and_keep
from linkage.engines.make import make_engine
from linkage.findings.graph import FamilyGraph
from linkage.findings.links import Person
from linkage.findings.paths import Finding as Found
from linkage.findings.people import People
from linkage.findings.weighing import make_graph
from linkage.inbox.pools import Submissions, accepted_submissions
from linkage.inbox.vault import CARRIED_BLOB, LINKS_BLOB, OPENED_BLOB, PLAN_BLOB, QUESTIONS_BLOB, Vault
from linkage.inbox.waves import answered, read_asked, read_plan
from linkage.looking import Looking
from linkage.release.asking import asked_table
from linkage.release.policy import TO_RELEASE, Decided, decide_all
from linkage.release.receptions import prisoners_behind
from linkage.rounds import advance, get_round
from linkage.search.engine import Engine
from linkage.search.pools import RoundPools
from linkage.settings import ServiceSettings
from linkage.states import LAST, State, Step, check_is, is_past
from linkage.store.audit import append
from linkage.store.models import Finding
from schemas.agreed import Agreed
from schemas.agreement import Agreement, Release
from schemas.audit import AuditEvent
from schemas.byte_columns import Bytes2D
from schemas.canonical import digest_of
from schemas.encoding_set import write_table
from schemas.instants import as_text
from schemas.joins import NAMING, PERSON_BYTES, AgeBand
from schemas.roster import Kind
from schemas.token import envelope_id
from validation.progress import Progress

LINKS = pa.schema(
    [
        pa.field("prisoner", pa.binary(PERSON_BYTES), nullable=False),
        pa.field("child", pa.binary(PERSON_BYTES), nullable=False),
        pa.field("authority", pa.string(), nullable=False),
        pa.field("age", pa.int8(), nullable=False),  # a band of `schemas.joins.AgeBand`
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
        work = _work(session, settings, round_id, "search")
    if work is None or work.is_searched:
        return
    first_wave = 2 if work.state == State.FIRST_WAVE else 1
    with make_engine(settings) if engine is None else nullcontext(engine) as chosen:
        looking = Looking(work.submissions)
        table, pairs = looking.plan_all(work.agreed.agreement.search, chosen, progress, first_wave=first_wave)
    work.vault.write_blob(PLAN_BLOB, write_table(table))
    with Session(database) as session, session.begin():
        get_round(session, round_id, lock=True).counts = {"pairs": pairs, "cut_per_mille": round(1_000 * looking.lowest_cut)}
        append(session, _event("searched", round_id, settings, now))


def carry_round(database: Database, settings: ServiceSettings, round_id: str) -> None:
    """Plan the second wave from the answers to the first that are there; skip what is not due, or too late.

    The round stays where it is: no wave waits for this, and without it the second wave asks for what the search has left over.

    Raises:
        RoundError: the round is still open, or was cancelled.
    """
    with Session(database) as session, session.begin():
        work = _work(session, settings, round_id, "carrying over")
        if work is None or work.state != State.FIRST_WAVE or not work.is_searched:
            return
        plan, answers = read_plan(work.vault, get_round(session, round_id)), list(answered(session, round_id))
        session.expunge_all()
    looking = Looking(work.submissions)
    opened = looking.open_all(read_asked(work.vault), answers)
    work.vault.write_blob(CARRIED_BLOB, write_table(looking.carry(plan, opened, work.agreed.agreement.release)))


def look_round(database: Database, settings: ServiceSettings, round_id: str, *, now: datetime) -> None:
    """Open the pairs that were answered, and move the round to `searched`; skip what was done, or is not due before the second wave.

    Who has not answered is left out.

    Raises:
        RoundError: the round is still open, or was cancelled.
    """
    with Session(database) as session, session.begin():
        work = _work(session, settings, round_id, "opening of pairs")
        if work is None or work.state != State.SECOND_WAVE:
            return
        answers = list(answered(session, round_id))
        session.expunge_all()
    opened = Looking(work.submissions).open_all(read_asked(work.vault), answers)
    work.vault.write_blob(OPENED_BLOB, write_table(opened))
    with Session(database) as session, session.begin():
        round_ = advance(session, round_id, State.SEARCHED, _event("pairs-opened", round_id, settings, now))
        round_.counts = {"pairs": 0, **(round_.counts or {}), "opened": len(opened)}


def find_round(database: Database, settings: ServiceSettings, round_id: str, *, now: datetime) -> None:
    """Turn opened pairs into findings and decisions, and move the round to `awaiting-approval`; skip what was done, or is not due.

    Raises:
        RoundError: the round is still open, or was cancelled, or nobody has shown its controls.
    """
    with Session(database) as session, session.begin():
        work = _work(session, settings, round_id, "findings")
    if work is None or work.state != State.SEARCHED:
        return
    opened = pa.ipc.open_file(pa.BufferReader(work.vault.read_blob(OPENED_BLOB))).read_all()
    agreement, pools = work.agreed.agreement, work.submissions.pools()
    controls = read_controls(work.submissions, families=agreement.controls.families, round_digest=work.round_digest)
    release = agreement.release
    if controls != NO_CONTROLS:
        release = _thresholds(database, round_id, agreement, make_graph(opened, pools, release), controls)
    graph = make_graph(without_controls(opened, controls), pools, release)
    found = graph.findings()
    decided = decide_all(found, release, relations=graph.people.relations, likeness=graph.likeness("children"))
    work.vault.write_blob(LINKS_BLOB, write_table(_links_table(found, decided, graph.people, release)))
    behind = prisoners_behind(found, decided, release)
    sealed = _attributes(work.submissions, graph.people, behind)
    asked = asked_table(
        _frames(pools, controls),
        graph.people,
        decided,
        number=release.questions,
        draw=secrets.token_bytes,
        never=controls.ids("children"),
    )
    with Session(database) as session, session.begin():
        rows = [
            _row(item, graph.people, round_id, [sealed[one] for one in behind.get(item.acting, ()) if one in sealed]) for item in decided
        ]
        session.execute(delete(Finding).where(Finding.round_id == round_id))
        session.add_all(rows)
        round_ = advance(session, round_id, State.AWAITING_APPROVAL, _event("findings-recorded", round_id, settings, now, **_used(release)))
        work.vault.write_blob(QUESTIONS_BLOB, write_table(asked))  # drawn at random, so by the one worker that gets here
        round_.findings_digest, round_.counts = findings_digest(rows), {**(round_.counts or {}), **_counts(decided)}


def _thresholds(database: Database, round_id: str, agreement: Agreement, everybody: FamilyGraph, controls: Controls) -> Release:
    """Return the thresholds that hold in a round: the agreed ones, or stricter ones that its controls ask for."""
    steps = measure(everybody, controls)
    with Session(database) as session, session.begin():
        chosen = choose_and_keep(session, round_id, agreement, steps, controls)
    return policy_at(agreement.release, chosen.step)


def findings_digest(rows: Iterable[Finding]) -> str:
    """Return the digest that operators approve: of every finding that is to be released, and of those that an envelope may be passed on to."""
    released = sorted(
        [row.authority, row.child, row.own_carer, row.grade, row.stands_by_for or "", row.attributes or []]
        for row in rows
        if row.decision in TO_RELEASE
    )
    return digest_of(released)


@dataclass(frozen=True)
class _Work:
    """What one step works on, read before it starts; no transaction is open while it computes."""

    agreed: Agreed
    vault: Vault
    submissions: Submissions
    round_digest: str
    state: str
    is_searched: bool


def _work(session: Session, settings: ServiceSettings, round_id: str, step: Step) -> _Work | None:
    """Return what a step works on once its round is closed, or None where the round is past that step.

    Raises:
        RoundError: the round is still open, or was cancelled.
    """
    round_ = get_round(session, round_id)
    if is_past(round_.state, LAST[step]):
        return None
    if not is_past(round_.state, State.CLOSED):
        check_is(round_.state, State.CLOSED)
    agreed, vault = load_agreed(settings.directory), Vault(settings, round_)
    submissions = accepted_submissions(session, vault, agreed.roster, round_id)
    return _Work(agreed, vault, submissions, round_.digest, round_.state, round_.counts is not None)


def _attributes(submissions: Submissions, people: People, behind: Mapping[Person, Iterable[Person]]) -> dict[Person, str]:
    """Return the sealed attributes of prisoners, as base64, read once for each organisation."""
    wanted: dict[str, dict[bytes, Person]] = defaultdict(dict)
    for one in {one for prisoners in behind.values() for one in prisoners}:
        wanted[one.organisation][people.id("adults", one)] = one
    return {
        ids[person]: base64.b64encode(sealed).decode()
        for organisation, ids in wanted.items()
        for person, sealed in submissions.attributes(organisation, ids).items()
    }


def _row(item: Decided, people: People, round_id: str, attributes: list[str]) -> Finding:
    return Finding(
        round_id=round_id,
        authority=item.child.organisation,
        child=people.id("children", item.child).hex(),
        own_carer=people.id("adults", item.carer).hex() if item.carer else None,
        weight_centibits=item.weight_centibits,
        grade=item.grade,
        decision=item.decision,
        codes=list(item.codes),
        stands_by_for=_stands_by_for(item, people, round_id),
        attributes=attributes if item.decision in TO_RELEASE else [],
    )


def _stands_by_for(item: Decided, people: People, round_id: str) -> str | None:
    """Return the id of the envelope for which a record is on stand-by."""
    if item.decision != "stand-by":
        return None
    return envelope_id(round_id, item.acting.organisation, people.id("children", item.acting).hex())


def _links_table(found: Iterable[Found], decided: Iterable[Decided], people: People, release: Release) -> pa.Table:
    """Return who is linked with whom; a child whom several authorities know stands for one, that of the record that acts."""
    acting = {item.child: item.acting for item in decided}
    linked = sorted({(item.prisoner, acting[item.child]) for item in found if item.weight * 100 >= release.link_centibits})
    return pa.table(
        [
            pa.array([people.id("adults", prisoner) for prisoner, _ in linked], pa.binary(PERSON_BYTES)),
            pa.array([people.id("children", child) for _, child in linked], pa.binary(PERSON_BYTES)),
            pa.array([child.organisation for _, child in linked], pa.string()),
            pa.array([_age(people, child) for _, child in linked], pa.int8()),
        ],
        schema=LINKS,
    )


def _age(people: People, child: Person) -> AgeBand:
    """Return the age band that an authority says of its child."""
    relation = people.relations.get(child)
    return relation.age if relation else AgeBand.NOT_KNOWN


def _frames(pools: RoundPools, controls: Controls) -> dict[str, Bytes2D]:
    """Return the ids of each authority's children that may be asked about: people are named by their filters' pseudonyms of one projection."""
    known = (pool for pool in pools.of_kind("children", Kind.LOCAL_AUTHORITY) if pool.organisation not in controls.unread)
    return {pool.organisation: pool.pseudonyms[NAMING[0]] for pool in known}


def _counts(decided: list[Decided]) -> dict[str, int]:
    return {
        "findings": sum(item.child == item.acting for item in decided),
        "releasable": sum(item.decision == "release" for item in decided),
        "review": sum(item.decision == "review" for item in decided),
    }


def _used(release: Release) -> dict[str, int]:
    """Return the thresholds that findings were decided by."""
    return {"theta_centibits": release.theta_centibits, "delta_centibits": release.delta_centibits}


def _event(kind: str, round_id: str, settings: ServiceSettings, now: datetime, **detail: int) -> AuditEvent:
    return AuditEvent(kind=kind, round_id=round_id, actor=settings.organisation, at=as_text(now), detail=detail)
