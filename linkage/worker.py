"""The linkage worker: from a closed round to findings that operators can approve, in steps that are each committed.

It reads accepted submissions from the vault and writes only blobs and rows of the service's own store. A step that was
done is not done again; a step that was interrupted starts over and gives the same bytes.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Engine as Database
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from linkage.agreed import load_agreed
from linkage.findings.graph import SEARCHES, FamilyGraph, RoundPools, Scored
from linkage.findings.links import Person
from linkage.findings.paths import Finding as Found
from linkage.inbox.vault import Vault
from linkage.release.policy import Decided, decide_all
from linkage.rounds import State, advance
from linkage.search.anonlink_engine import AnonlinkEngine
from linkage.search.engine import Engine
from linkage.search.pools import PersonPairs, Pool, as_ids, fixed_bytes, make_pool, search_pools
from linkage.search.weights import load_weights
from linkage.settings import ServiceSettings
from linkage.store.models import Finding, Round, Submission
from schemas.agreed import Agreed
from schemas.agreement import PROJECTIONS
from schemas.audit import AuditEvent
from schemas.canonical import digest_of
from schemas.encoding_set import CLK_BYTES, POPULATIONS, PSEUDONYM_BYTES, Population, SubmissionManifest, read_table, write_table
from schemas.joins import ALL_PARTS, PERSON_BYTES, Standing
from schemas.linkage import weight_table

PAIRS_BLOB, LINKS_BLOB = "pairs.arrow", "links.arrow"
ROUND_UP_TO = 10  # operators see counts in tens

PAIRS = pa.schema(
    [
        pa.field("population", pa.string(), nullable=False),
        pa.field("left_organisation", pa.string(), nullable=False),
        pa.field("right_organisation", pa.string(), nullable=False),
        pa.field("left", pa.int64(), nullable=False),
        pa.field("right", pa.int64(), nullable=False),
        *(pa.field(projection, pa.float64(), nullable=False) for projection in PROJECTIONS),
    ]
)
LINKS = pa.schema(
    [
        pa.field("prisoner", pa.binary(PERSON_BYTES), nullable=False),
        pa.field("child", pa.binary(PERSON_BYTES), nullable=False),
        pa.field("authority", pa.string(), nullable=False),
    ]
)
Progress = Callable[[str, int, int], None]


def search_round(
    database: Database, settings: ServiceSettings, round_id: str, *, now: datetime, progress: Progress, engine: Engine | None = None
) -> None:
    """Search every pair of pools of a closed round, keep the candidate pairs as a blob, and move it to `searched`.

    Raises:
        RoundError: the round is not closed.
    """
    with Session(database) as session, session.begin():
        round_ = session.get_one(Round, round_id)
        if round_.state != State.CLOSED:
            return
        agreed, vault = load_agreed(settings.directory), Vault(settings, round_)
        pools = load_pools(session, vault, agreed, round_id)
        scored = list(search_all(pools, agreed, engine or AnonlinkEngine(), progress))
        vault.write_blob(PAIRS_BLOB, write_table(_pairs_table(scored)))
        advance(session, round_id, State.SEARCHED, _event("searched", round_id, settings, now))


def find_round(database: Database, settings: ServiceSettings, round_id: str, *, now: datetime) -> None:
    """Turn a searched round's pairs into findings and decisions, and move it to `awaiting-approval`.

    Raises:
        RoundError: the round is not searched.
    """
    with Session(database) as session, session.begin():
        round_ = session.get_one(Round, round_id)
        if round_.state != State.SEARCHED:
            return
        agreed, vault = load_agreed(settings.directory), Vault(settings, round_)
        pools = load_pools(session, vault, agreed, round_id)
        graph = make_graph(pools, agreed, _read_pairs(vault.read_blob(PAIRS_BLOB)))
        found = graph.findings()
        decided = decide_all(found, agreed.agreement.release, standings=pools.standings, same_child=graph.same("children"))
        rows = [_row(item, pools, round_id) for item in decided]
        session.execute(delete(Finding).where(Finding.round_id == round_id))
        session.add_all(rows)
        vault.write_blob(LINKS_BLOB, write_table(_links_table(found, pools, agreed)))
        round_.findings_digest = findings_digest(rows)
        round_.counts = _counts(graph, decided)
        advance(session, round_id, State.AWAITING_APPROVAL, _event("findings-recorded", round_id, settings, now))


def findings_digest(rows: Iterable[Finding]) -> str:
    """Return the digest that operators approve: of every finding that would be released."""
    released = sorted([row.authority, row.child, row.own_carer, row.grade] for row in rows if row.decision == "release")
    return digest_of(released)


def load_pools(session: Session, vault: Vault, agreed: Agreed, round_id: str) -> RoundPools:
    """Read every accepted submission of a round into pools, ties and standings."""
    query = select(Submission).where(Submission.round_id == round_id, Submission.state == "accepted").order_by(Submission.organisation)
    pools: dict[Population, dict[str, Pool]] = {population: {} for population in POPULATIONS}
    ties: dict[Person, list[Person]] = defaultdict(list)
    standings: dict[Person, Standing] = {}
    for submission in session.scalars(query):
        tables = _read_parts(vault, submission)
        for population in POPULATIONS:
            pools[population][submission.organisation] = _pool(submission.organisation, population, tables)
        own = {population: pools[population][submission.organisation] for population in POPULATIONS}
        for adult, child in zip(
            _numbers(own["adults"], tables["ties.arrow"]["adult"]), _numbers(own["children"], tables["ties.arrow"]["child"]), strict=True
        ):
            ties[Person(submission.organisation, adult)].append(Person(submission.organisation, child))
        children = _numbers(own["children"], tables["standings.arrow"]["child"])
        for child, standing in zip(children, tables["standings.arrow"]["standing"].to_pylist(), strict=True):
            standings[Person(submission.organisation, child)] = Standing(standing)
    kinds = {organisation.organisation: organisation.kind for organisation in agreed.roster.organisations}
    return RoundPools(kinds, pools, dict(ties), standings)


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
        pairs = search_pools(engine, left, right, cut=search.cut_per_mille / 1000, top_k=search.top_k)
        yield Scored(population, left.organisation, right.organisation, pairs)
        progress("search", done, len(jobs))


def make_graph(pools: RoundPools, agreed: Agreed, scored: Iterable[Scored]) -> FamilyGraph:
    """Return the family graph of a round under its agreement and the shipped weights."""
    table = weight_table()
    weights = {population: load_weights(table, population, len(PROJECTIONS)) for population in POPULATIONS}
    return FamilyGraph(pools, weights, agreed.agreement.release, list(scored))


def _read_parts(vault: Vault, submission: Submission) -> dict[str, pa.Table]:
    manifest = SubmissionManifest.model_validate(submission.manifest["body"])
    tables = {name: schema.empty_table() for name, schema in ALL_PARTS.items()}
    for part in manifest.parts:
        content = vault.read_part(submission.organisation, submission.digest, part)
        tables[part.name] = read_table(content, ALL_PARTS[part.name], part=part.name, rows=part.rows)
    return tables


def _pool(organisation: str, population: Population, tables: dict[str, pa.Table]) -> Pool:
    encodings = {
        projection: (
            as_ids(fixed_bytes(tables[f"{population}.{projection}.arrow"]["pseudonym"], PSEUDONYM_BYTES)),
            fixed_bytes(tables[f"{population}.{projection}.arrow"]["clk"], CLK_BYTES),
        )
        for projection in PROJECTIONS
    }
    joins = tables[f"{population}.joins.arrow"]
    return make_pool(
        organisation,
        encodings,
        (as_ids(fixed_bytes(joins["person"], PERSON_BYTES)), as_ids(fixed_bytes(joins["pseudonym"], PSEUDONYM_BYTES))),
    )


def _numbers(pool: Pool, column: pa.ChunkedArray) -> list[int]:
    number = {person.tobytes(): position for position, person in enumerate(pool.persons)}
    return [number[person.tobytes()] for person in as_ids(fixed_bytes(column, PERSON_BYTES))]


def _pairs_table(scored: Iterable[Scored]) -> pa.Table:
    tables = [
        pa.table(
            [
                pa.array([item.population] * len(item.pairs.left), pa.string()),
                pa.array([item.left] * len(item.pairs.left), pa.string()),
                pa.array([item.right] * len(item.pairs.left), pa.string()),
                item.pairs.left,
                item.pairs.right,
                *(item.pairs.scores[:, column] for column in range(len(PROJECTIONS))),
            ],
            schema=PAIRS,
        )
        for item in scored
    ]
    return pa.concat_tables([PAIRS.empty_table(), *tables])


def _read_pairs(content: bytes) -> list[Scored]:
    table = pa.ipc.open_file(pa.BufferReader(content)).read_all()
    names = ("population", "left_organisation", "right_organisation")
    groups = table.select(names).group_by(list(names)).aggregate([]).sort_by([(name, "ascending") for name in names]).to_pylist()
    return [_scored(table, group["population"], group["left_organisation"], group["right_organisation"]) for group in groups]


def _scored(table: pa.Table, population: Population, left: str, right: str) -> Scored:
    mask = pc.and_(
        pc.equal(table["population"], population),
        pc.and_(pc.equal(table["left_organisation"], left), pc.equal(table["right_organisation"], right)),
    )
    rows = table.filter(mask)
    scores: npt.NDArray[np.float64] = np.column_stack([rows[projection].to_numpy() for projection in PROJECTIONS])
    return Scored(population, left, right, PersonPairs(rows["left"].to_numpy(), rows["right"].to_numpy(), scores))


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
    exact = {
        "pairs": sum(len(item.pairs.left) for item in graph.scored),
        "findings": len(decided),
        "releasable": sum(item.decision == "release" for item in decided),
        "review": sum(item.decision == "review" for item in decided),
    }
    return {name: -(-count // ROUND_UP_TO) * ROUND_UP_TO for name, count in exact.items()}


def _event(kind: str, round_id: str, settings: ServiceSettings, now: datetime) -> AuditEvent:
    return AuditEvent(kind=kind, round_id=round_id, actor=settings.organisation, at=now.strftime("%Y-%m-%dT%H:%M:%SZ"))
