"""The worker: from accepted submissions in the vault to findings in the database, in steps that are each committed."""

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from flows.demo.founding import found
from linkage import worker
from linkage.agreed import load_agreed
from linkage.inbox.vault import LINKS_BLOB, PAIRS_BLOB, Vault
from linkage.search.anonlink_engine import AnonlinkEngine
from linkage.settings import ServiceSettings
from linkage.states import State
from linkage.store.audit import broken_at, entries
from linkage.store.engine import open_store
from linkage.store.models import Finding, Round, Submission
from linkage.worker import find_round, findings_digest, search_round
from schemas.agreement import PROJECTIONS, Search
from schemas.canonical import digest
from schemas.encoding_set import POPULATIONS, Part, SubmissionManifest, write_table
from schemas.errors import AgreementError, RoundError, ServiceError
from schemas.joins import ALL_PARTS, Standing
from schemas.roster import ROLES_OF_KIND, Identity, Kind, Organisation, Role
from schemas.signature import public_text

NOW = datetime(2026, 11, 2, tzinfo=UTC)
ROUND = "round-1"
CAST = {
    "prison": Kind.PRISON_SERVICE, "force": Kind.POLICE, "north": Kind.LOCAL_AUTHORITY, "south": Kind.LOCAL_AUTHORITY,
    "holder-1": Kind.KEY_HOLDER, "holder-2": Kind.KEY_HOLDER, "service": Kind.LINKAGE_SERVICE,
}  # fmt: skip
# Who is who is a number: records of one number have equal filters. organisation → adults, children, ties, standings
RECORDS = {
    "prison": ([1, 2, 3], [21], [(2, 21)], {}),
    "force": ([3, 8], [31, 39], [(3, 31)], {}),
    "north": ([1, 9], [11, 12, 21], [(1, 11), (9, 12)], {11: Standing.RESIDENT, 12: Standing.RESIDENT, 21: Standing.FORMER}),
    "south": ([7], [21, 31], [], {21: Standing.LOOKED_AFTER, 31: Standing.RESIDENT}),
}
RELEASED = {("north", 11), ("south", 21), ("south", 31)}  # by its carer; by declaration, to the authority that acts; by way of the police


def bytes_of(*parts, size):
    return np.random.default_rng(list(map(ord, "|".join(map(str, parts))))).bytes(size)


def person_id(organisation, population, number):
    return bytes_of("person", organisation, population, number, size=16)


def parts_of(organisation):
    """Return a submission's tables by name."""
    adults, children, ties, standings = RECORDS[organisation]
    tables = {name: schema.empty_table() for name, schema in ALL_PARTS.items() if name != "canaries.arrow"}
    for population, numbers in (("adults", adults), ("children", children)):
        persons, pseudonyms = [], []
        for projection in PROJECTIONS:
            own = [bytes_of("filter", organisation, population, projection, number, size=16) for number in numbers]
            clks = [bytes_of(population, projection, number, size=128) for number in numbers]
            tables[f"{population}.{projection}.arrow"] = table(f"{population}.{projection}.arrow", own, clks)
            pseudonyms += own
            persons += [person_id(organisation, population, number) for number in numbers]
        tables[f"{population}.joins.arrow"] = table(f"{population}.joins.arrow", persons, pseudonyms)
    tied = [[person_id(organisation, population, tie[at]) for tie in ties] for at, population in enumerate(("adults", "children"))]
    tables["ties.arrow"] = table("ties.arrow", *tied)
    tables["standings.arrow"] = table(
        "standings.arrow", [person_id(organisation, "children", number) for number in standings], standings.values()
    )
    return tables


def table(name, *columns):
    schema = ALL_PARTS[name]
    return pa.Table.from_arrays([pa.array(list(column), field.type) for column, field in zip(columns, schema, strict=True)], schema=schema)


def organisation(name, kind):
    roles = [*sorted(ROLES_OF_KIND[kind]), *([Role.OPERATOR] if kind is Kind.LINKAGE_SERVICE else [])]
    identities = [
        Identity(key_id=f"{name}/{role}-{number}", role=role, signing_key=public_text(Ed25519PrivateKey.generate()))
        for number, role in enumerate(roles)
    ]
    return Organisation(organisation=name, name=name, kind=kind, controller=name, identities=identities)


@pytest.fixture(scope="module")
def founded(tmp_path_factory):
    """A service's directory with roster, agreement and a vault of four submissions, to be copied, and their manifests."""
    folder = tmp_path_factory.mktemp("founded")
    made = found(
        [organisation(*item) for item in CAST.items()],
        purpose="offer support",
        scope="s",
        normaliser="n",
        normaliser_digest="0" * 64,
        expires_on="2090-01-01",
    )
    (folder / "roster.json").write_text(made.roster.model_dump_json(), encoding="utf-8")
    (folder / "agreement.json").write_text(made.agreement.model_dump_json(), encoding="utf-8")
    (folder / "roots.json").write_text(json.dumps(made.roots), encoding="utf-8")
    vault = Vault(ServiceSettings(organisation="service", directory=folder), closed_round())
    return folder, {name: submitted(vault, name) for name in RECORDS}


@pytest.fixture
def settings(tmp_path, migrated_url, founded):
    shutil.copytree(founded[0], tmp_path / "service")
    return ServiceSettings(organisation="service", directory=tmp_path / "service", database_url=migrated_url)


@pytest.fixture
def store(settings, founded):
    """The database of a closed round whose four submissions are accepted; one organisation began another in vain."""
    store = open_store(settings.database)
    with Session(store) as session, session.begin():
        session.add(closed_round())
        session.flush()
        for name, manifest in founded[1].items():
            session.add(Submission(digest=digest(name.encode()), round_id=ROUND, organisation=name, manifest=manifest, state="accepted"))
        session.add(Submission(digest="f" * 64, round_id=ROUND, organisation="south", manifest=founded[1]["north"], state="receiving"))
    yield store
    store.dispose()


def closed_round():
    return Round(round_id=ROUND, digest="0" * 64, manifest={}, state=State.CLOSED, opened_at="2026-11-01T00:00:00Z", storage_key=b"k" * 32)


def submitted(vault, name):
    """Put a submission into the vault; return its manifest as a signed document."""
    parts = []
    for part, made in parts_of(name).items():
        content = write_table(made)
        parts.append(Part(name=part, rows=len(made), size=len(content), sha256=digest(content)))
        vault.write_chunk(name, digest(name.encode()), part, 0, content)
    manifest = SubmissionManifest(
        round_id=ROUND, round_digest="0" * 64, roster_digest="0" * 64, agreement_digest="0" * 64, organisation=name, normaliser="n", normaliser_digest="0" * 64,
        schemas_digest="0" * 64, quarantined_per_mille=0, parts=parts,
    )  # fmt: skip
    return {"body": manifest.model_dump(mode="json"), "signatures": []}


def search(store, settings, **given):
    search_round(store, settings, ROUND, now=NOW, **{"progress": lambda *_: None, **given})


def find(store, settings):
    find_round(store, settings, ROUND, now=NOW)


def rows(store):
    """Return the findings: (authority, child's number) → decision."""
    numbers = {
        person_id(name, "children", number).hex(): (name, number) for name, (_, children, _, _) in RECORDS.items() for number in children
    }
    with Session(store) as session:
        return {numbers[item.child]: item.decision for item in session.scalars(select(Finding))}


def state(store):
    with Session(store) as session:
        round_ = session.get_one(Round, ROUND)
        return round_.state, round_.findings_digest, round_.counts, [entry.event["kind"] for entry in entries(session)]


class Counting:
    """An engine that counts how often it is asked, and fails from some time on."""

    def __init__(self, fail_at=None):
        self.asked, self.fail_at = 0, fail_at

    def candidate_pairs(self, left, right, **given):
        self.asked += 1
        if self.asked == self.fail_at:
            raise MemoryError
        return AnonlinkEngine().candidate_pairs(left, right, **given)


def test_every_child_with_a_parent_in_prison_is_released_to_the_authority_that_acts(store, settings):
    search(store, settings)
    find(store, settings)
    found_rows = rows(store)
    assert {child for child, decision in found_rows.items() if decision == "release"} == RELEASED
    assert found_rows["north", 21] == "withheld"
    assert ("north", 12) not in found_rows
    assert state(store)[0] == State.AWAITING_APPROVAL


def test_an_authoritys_own_carer_is_named_where_the_parent_is_on_its_record(store, settings):
    search(store, settings)
    find(store, settings)
    with Session(store) as session:
        carers = {(item.authority, item.own_carer) for item in session.scalars(select(Finding)) if item.decision == "release"}
    assert carers == {("north", person_id("north", "adults", 1).hex()), ("south", None)}


def test_more_pairs_than_agreed_stop_the_search_and_the_round_stays_closed(store, settings, monkeypatch):
    agreed = load_agreed(settings.directory)
    strict = agreed.agreement.model_copy(update={"search": Search().model_copy(update={"max_pairs": 0})})
    monkeypatch.setattr(worker, "load_agreed", lambda _directory: replace(agreed, agreement=strict))
    with pytest.raises(AgreementError, match="over 0 pairs"):
        search(store, settings)
    assert state(store)[0] == State.CLOSED


def test_each_pair_of_kinds_that_may_be_compared_is_searched_and_no_other(store, settings):
    engine, told = Counting(), []
    search(store, settings, engine=engine, progress=lambda *given: told.append(given))
    # prison with two authorities and one force, children of the prison and of the force with two authorities
    assert told == [("search", done, 7) for done in range(1, 8)]
    assert engine.asked == 7 * len(PROJECTIONS)


def test_a_step_that_was_done_is_not_done_again(store, settings):
    search(store, settings)
    engine = Counting()
    search(store, settings, engine=engine)
    assert engine.asked == 0
    find(store, settings)
    before = state(store)
    find(store, settings)
    search(store, settings, engine=engine)
    assert state(store) == before
    assert before[3] == ["searched", "findings-recorded"]


def test_a_search_that_broke_off_starts_over_and_finds_the_same(store, settings):
    with pytest.raises(MemoryError):
        search(store, settings, engine=Counting(fail_at=9))
    assert state(store)[0] == State.CLOSED
    search(store, settings)
    find(store, settings)
    assert {child for child, decision in rows(store).items() if decision == "release"} == RELEASED
    with Session(store) as session:
        assert broken_at(session) is None


@pytest.mark.parametrize("engine", ["anonlink", *(pytest.param(name, marks=pytest.mark.slow) for name in ("processes", "dask"))])
def test_the_engine_of_the_settings_finds_the_same(store, settings, engine):
    search(store, settings.model_copy(update={"engine": engine, "workers": 2}))
    find(store, settings)
    assert {child for child, decision in rows(store).items() if decision == "release"} == RELEASED


def test_findings_cannot_be_recorded_before_the_search(store, settings):
    with pytest.raises(RoundError, match="closed, where this step needs searched"):
        find(store, settings)
    assert rows(store) == {}


@pytest.mark.parametrize("wrong", [State.OPEN, State.CANCELLED])
def test_a_round_that_is_open_or_cancelled_is_not_searched(store, settings, wrong):
    with Session(store) as session, session.begin():
        session.get_one(Round, ROUND).state = wrong
    with pytest.raises(RoundError, match=f"{wrong}, where this step needs closed"):
        search(store, settings)


def test_a_part_that_was_changed_in_the_vault_stops_the_search(store, settings):
    part = next(settings.path("vault").rglob("adults.A.arrow.0"))
    part.write_bytes(part.read_bytes()[:-1] + b"x")
    with pytest.raises(ServiceError, match="a file is missing or was changed"):
        search(store, settings)
    assert state(store)[0] == State.CLOSED


def test_what_is_kept_between_the_steps_is_encrypted_and_holds_ids_only(store, settings):
    search(store, settings)
    find(store, settings)
    with Session(store) as session:
        vault = Vault(settings, session.get_one(Round, ROUND))
    links = pa.ipc.open_file(pa.BufferReader(vault.read_blob(LINKS_BLOB))).read_all()
    assert links.column_names == ["prisoner", "child", "authority"]
    assert (person_id("prison", "adults", 1), person_id("north", "children", 11)) in list(
        zip(links["prisoner"].to_pylist(), links["child"].to_pylist(), strict=True)
    )
    assert pa.ipc.open_file(pa.BufferReader(vault.read_blob(PAIRS_BLOB))).read_all().num_rows >= 5
    kept = b"".join(path.read_bytes() for path in settings.path("vault", ROUND, "results").iterdir())
    assert person_id("north", "children", 11) not in kept
    assert b"north" not in kept


def test_the_digest_is_of_what_would_be_released(store, settings):
    def row(decision="release", **changes):
        return Finding(**{"authority": "north", "child": "a", "own_carer": None, "grade": "A", "decision": decision, **changes})

    first = findings_digest([row(), row("review", child="b"), row(child="c")])
    assert first == findings_digest([row(child="c"), row(), row("withheld", child="d")])
    for changed in (
        [row()],
        [row(), row(child="c", grade="B")],
        [row(own_carer="e"), row(child="c")],
        [row(), row(child="c"), row(child="f")],
    ):
        assert findings_digest(changed) != first
    search(store, settings)
    find(store, settings)
    with Session(store) as session:
        assert state(store)[1] == findings_digest(session.scalars(select(Finding)))


def test_counts_are_of_pairs_findings_and_decisions(store, settings):
    search(store, settings)
    assert state(store)[2] is None
    find(store, settings)
    counts = state(store)[2]
    assert set(counts) == {"pairs", "findings", "releasable", "review"}
    assert counts["releasable"] >= len(RELEASED)
    assert POPULATIONS == ("adults", "children")
