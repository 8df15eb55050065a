"""The linkage worker: from a closed round to findings that operators can approve, in steps that are each committed.

It reads accepted submissions from the vault and writes only blobs and rows of the service's own store. A step that was
done is not done again; a step that was interrupted starts over and gives the same bytes.
"""

from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
from sqlalchemy import Engine as Database
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from linkage.agreed import load_agreed
from linkage.clock import as_text
from linkage.engines.make import make_engine
from linkage.findings.graph import FamilyGraph, RoundPools, Scored
from linkage.findings.links import Person
from linkage.findings.paths import Finding as Found
from linkage.inbox.pools import load_pools
from linkage.inbox.submissions import SubmissionState
from linkage.inbox.vault import LINKS_BLOB, PAIRS_BLOB, Vault
from linkage.release.policy import Decided, decide_all
from linkage.rounds import advance, get_round
from linkage.search.engine import MAX_PAIRS, Engine
from linkage.search.pair_table import pairs_table, scored_pairs
from linkage.search.pools import search_pools
from linkage.search.weights import load_weights
from linkage.settings import ServiceSettings
from linkage.states import State, check_is, is_past
from linkage.store.models import Finding, Submission
from schemas.agreed import Agreed
from schemas.agreement import PROJECTIONS
from schemas.audit import AuditEvent
from schemas.canonical import digest_of
from schemas.encoding_set import POPULATIONS, Population, SubmissionManifest, write_table
from schemas.joins import PERSON_BYTES
from schemas.linkage import weight_table
from schemas.slots import SEARCHES
from validation.progress import Progress

LINKS = pa.schema(
    [
        pa.field("prisoner", pa.binary(PERSON_BYTES), nullable=False),
        pa.field("child", pa.binary(PERSON_BYTES), nullable=False),
        pa.field("authority", pa.string(), nullable=False),
    ]
)


@dataclass(frozen=True)
class _Work:
    """What one step works on, read before it starts; no transaction is open while it computes."""

    agreed: Agreed
    vault: Vault
    pools: RoundPools


def search_round(
    database: Database, settings: ServiceSettings, round_id: str, *, now: datetime, progress: Progress, engine: Engine | None = None
) -> None:
    """Search every pair of pools of a closed round, keep the candidate pairs, and move it to `searched`; skip what was done.

    Without an `engine` that of the settings searches.

    Raises:
        RoundError: the round is still open, or was cancelled.
        ConfigurationError, ServiceError: the settings' engine cannot be had, or is lost.
    """
    work = _work(database, settings, round_id, State.CLOSED)
    if work is not None:
        with make_engine(settings) if engine is None else nullcontext(engine) as chosen:
            table = pairs_table(search_all(work.pools, work.agreed, chosen, progress))
        work.vault.write_blob(PAIRS_BLOB, write_table(table))
        with Session(database) as session, session.begin():
            advance(session, round_id, State.SEARCHED, _event("searched", round_id, settings, now))


def find_round(database: Database, settings: ServiceSettings, round_id: str, *, now: datetime) -> None:
    """Turn a searched round's pairs into findings and decisions, and move it to `awaiting-approval`; skip what was done.

    Raises:
        RoundError: the round is not searched yet, or was cancelled.
    """
    work = _work(database, settings, round_id, State.SEARCHED)
    if work is None:
        return
    scored = scored_pairs(pa.ipc.open_file(pa.BufferReader(work.vault.read_blob(PAIRS_BLOB))).read_all())
    graph = make_graph(work.pools, work.agreed, scored)
    found = graph.findings()
    decided = decide_all(found, work.agreed.agreement.release, standings=work.pools.standings, same_child=graph.same("children"))
    work.vault.write_blob(LINKS_BLOB, write_table(_links_table(found, work.pools, work.agreed)))
    with Session(database) as session, session.begin():
        rows = [_row(item, work.pools, round_id) for item in decided]
        session.execute(delete(Finding).where(Finding.round_id == round_id))
        session.add_all(rows)
        round_ = advance(session, round_id, State.AWAITING_APPROVAL, _event("findings-recorded", round_id, settings, now))
        round_.findings_digest, round_.counts = findings_digest(rows), _counts(graph, decided)


def findings_digest(rows: Iterable[Finding]) -> str:
    """Return the digest that operators approve: of every finding that would be released."""
    released = sorted([row.authority, row.child, row.own_carer, row.grade] for row in rows if row.decision == "release")
    return digest_of(released)


def search_all(pools: RoundPools, agreed: Agreed, engine: Engine, progress: Progress) -> Iterable[Scored]:
    """Search every pair of pools that may be compared, telling `progress` after each."""
    jobs = [
        (population, left, right)
        for population, left_kind, right_kind in SEARCHES
        for left in pools.of_kind(population, left_kind)
        for right in pools.of_kind(population, right_kind)
    ]
    search = agreed.agreement.search
    for done, (population, left, right) in enumerate(jobs, start=1):
        pairs = search_pools(
            engine, left, right, cut=search.cut_per_mille / 1000, top_k=search.top_k, max_pairs=min(search.max_pairs, MAX_PAIRS)
        )
        yield Scored(population, left.organisation, right.organisation, pairs)
        progress("search", done, len(jobs))


def _work(database: Database, settings: ServiceSettings, round_id: str, state: State) -> _Work | None:
    """Return what a step that starts from `state` works on, or None where the step was done before."""
    agreed = load_agreed(settings.directory)
    with Session(database) as session, session.begin():
        round_ = get_round(session, round_id)
        if is_past(round_.state, state):
            return None
        check_is(round_.state, state)
        query = (
            select(Submission)
            .where(Submission.round_id == round_id, Submission.state == SubmissionState.ACCEPTED)
            .order_by(Submission.organisation)
        )
        submissions = [(item.digest, SubmissionManifest.model_validate(item.manifest["body"])) for item in session.scalars(query)]
        vault = Vault(settings, round_)
    return _Work(agreed, vault, load_pools(vault, agreed.roster, submissions))


def make_graph(pools: RoundPools, agreed: Agreed, scored: Iterable[Scored]) -> FamilyGraph:
    """Return the family graph of a round under its agreement and the shipped weights."""
    table = weight_table()
    weights = {population: load_weights(table, population, len(PROJECTIONS)) for population in POPULATIONS}
    return FamilyGraph(pools, weights, agreed.agreement.release, list(scored))


def _row(item: Decided, pools: RoundPools, round_id: str) -> Finding:
    return Finding(
        round_id=round_id,
        authority=item.child.organisation,
        child=_hex(pools, "children", item.child),
        own_carer=_hex(pools, "adults", item.carer) if item.carer else None,
        weight_centibits=item.weight_centibits,
        grade=item.grade,
        decision=item.decision,
    )


def _hex(pools: RoundPools, population: Population, person: Person) -> str:
    return _id(pools, population, person).hex()


def _id(pools: RoundPools, population: Population, person: Person) -> bytes:
    content: bytes = pools.pools[population][person.organisation].persons[person.number].tobytes()
    return content


def _links_table(found: Iterable[Found], pools: RoundPools, agreed: Agreed) -> pa.Table:
    linked = [item for item in found if item.weight * 100 >= agreed.agreement.release.link_centibits]
    return pa.table(
        [
            pa.array([_id(pools, "adults", item.prisoner) for item in linked], pa.binary(PERSON_BYTES)),
            pa.array([_id(pools, "children", item.child) for item in linked], pa.binary(PERSON_BYTES)),
            pa.array([item.child.organisation for item in linked], pa.string()),
        ],
        schema=LINKS,
    )


def _counts(graph: FamilyGraph, decided: list[Decided]) -> dict[str, int]:
    return {
        "pairs": sum(len(item.pairs.left) for item in graph.scored),
        "findings": len(decided),
        "releasable": sum(item.decision == "release" for item in decided),
        "review": sum(item.decision == "review" for item in decided),
    }


def _event(kind: str, round_id: str, settings: ServiceSettings, now: datetime) -> AuditEvent:
    return AuditEvent(kind=kind, round_id=round_id, actor=settings.organisation, at=as_text(now))
