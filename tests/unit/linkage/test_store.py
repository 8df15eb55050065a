"""The store on both databases: migrations from empty, the models they must agree with, the audit chain under load."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect
from sqlalchemy.orm import Session

from linkage.store.audit import append, broken_at, entries
from linkage.store.engine import is_current, migrate, open_store
from linkage.store.models import AuditEntry, Base
from schemas.audit import AuditEvent
from schemas.errors import ConfigurationError
from validation.disclosure import ledger


@pytest.fixture
def store(database_url):
    engine = open_store(database_url)
    yield engine
    engine.dispose()


def event(number):
    return AuditEvent(kind="tested", round_id="round-1", actor="us/operator", at="2026-01-01T00:00:00Z", detail={"number": number})


def test_migrations_from_empty_make_the_tables_of_the_models_and_running_them_again_changes_nothing(store):
    assert not is_current(store)
    migrate(store)
    migrate(store)
    assert is_current(store)
    assert ledger.Budget.__tablename__ in Base.metadata.tables
    with store.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), Base.metadata)
    assert [item for item in found if not _is_named_otherwise(item)] == []
    assert set(inspect(store).get_table_names()) == {*Base.metadata.tables, "alembic_version"}


def _is_named_otherwise(difference):
    """Say whether the difference is a unique constraint's name alone, which binds nobody."""
    return isinstance(difference, tuple) and difference[0] in ("add_constraint", "remove_constraint")


def test_two_who_migrate_at_once_both_succeed(store, database_url):
    other = open_store(database_url)
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(migrate, (store, other)))
    other.dispose()
    assert is_current(store)


def test_the_audit_chain_has_no_fork_under_many_writers(store):
    migrate(store)

    def write(number):
        with Session(store) as session, session.begin():
            append(session, event(number))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(write, range(20)))
    with Session(store) as session:
        assert [item.seq for item in entries(session)] == list(range(1, 21))
        assert [item.seq for item in entries(session, after=18)] == [19, 20]
        assert broken_at(session) is None


def test_a_changed_entry_is_found(store):
    migrate(store)
    with Session(store) as session, session.begin():
        for number in range(3):
            append(session, event(number))
        session.add(AuditEntry(seq=4, event=event(9).model_dump(), hash="0" * 64))
    with Session(store) as session:
        assert broken_at(session) == 4


def test_a_sqlite_file_is_its_owners_alone(tmp_path):
    engine = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    migrate(engine)
    with engine.begin():
        files = [Path(file) for file in tmp_path.iterdir()]
        assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    engine.dispose()


def test_a_malformed_url_is_a_configuration_error():
    with pytest.raises(ConfigurationError, match="database_url"):
        open_store("no url")


def test_a_server_that_does_not_answer_is_a_configuration_error():
    engine = open_store("postgresql+psycopg://nobody@127.0.0.1:1/none?connect_timeout=1")
    with pytest.raises(ConfigurationError, match="does not answer"):
        migrate(engine)
