"""A round's accepted submissions, read from the vault into pools, ties and standings."""

from collections import defaultdict
from collections.abc import Iterable

import pyarrow as pa

from linkage.findings.graph import RoundPools
from linkage.findings.links import Person
from linkage.inbox.vault import Vault
from linkage.search.pools import Pool, make_pool
from schemas.agreement import PROJECTIONS
from schemas.byte_columns import as_ids, fixed_bytes
from schemas.encoding_set import CLK_BYTES, POPULATIONS, PSEUDONYM_BYTES, Population, SubmissionManifest, read_table
from schemas.joins import ALL_PARTS, PERSON_BYTES, Standing
from schemas.roster import Roster


def load_pools(vault: Vault, roster: Roster, submissions: Iterable[tuple[str, SubmissionManifest]]) -> RoundPools:
    """Read every submission, given as its digest and manifest.

    Raises:
        SubmissionError, ServiceError: a part is not as it was accepted.
    """
    pools: dict[Population, dict[str, Pool]] = {population: {} for population in POPULATIONS}
    ties: dict[Person, list[Person]] = defaultdict(list)
    standings: dict[Person, Standing] = {}
    for digest, manifest in submissions:
        tables = _read_parts(vault, digest, manifest)
        own = {population: _pool(manifest.organisation, population, tables) for population in POPULATIONS}
        for population, pool in own.items():
            pools[population][manifest.organisation] = pool
        for adult, child in zip(
            _people(own["adults"], tables["ties.arrow"]["adult"]), _people(own["children"], tables["ties.arrow"]["child"]), strict=True
        ):
            ties[adult].append(child)
        children = _people(own["children"], tables["standings.arrow"]["child"])
        standings.update(zip(children, map(Standing, tables["standings.arrow"]["standing"].to_pylist()), strict=True))
    kinds = {organisation.organisation: organisation.kind for organisation in roster.organisations}
    return RoundPools(kinds, pools, dict(ties), standings)


def _read_parts(vault: Vault, digest: str, manifest: SubmissionManifest) -> dict[str, pa.Table]:
    tables = {name: schema.empty_table() for name, schema in ALL_PARTS.items()}
    for part in manifest.parts:
        content = vault.read_part(manifest.organisation, digest, part)
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


def _people(pool: Pool, column: pa.ChunkedArray) -> list[Person]:
    number = {person.tobytes(): position for position, person in enumerate(pool.persons)}
    return [Person(pool.organisation, number[person.tobytes()]) for person in as_ids(fixed_bytes(column, PERSON_BYTES))]
