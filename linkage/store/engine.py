"""Opening and migrating the service's database: SQLite by default, PostgreSQL in production, one behaviour.

On SQLite every transaction takes the write lock when it begins: a request always writes its nonce, and a transaction
that read first and upgraded later could fail half-way. So keep transactions short; long work belongs outside of them.
"""

import os
from importlib import resources
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, OperationalError

from schemas.errors import ConfigurationError

BUSY_TIMEOUT_MS = 30_000
PRIVATE_FILE = 0o600
MIGRATION_LOCK = 0x6B696E6C  # any number that nothing else locks in the same PostgreSQL database


def open_store(url: str) -> Engine:
    """Return the engine of the database at `url`; statements' parameters never reach a log or traceback.

    Raises:
        ConfigurationError: the URL is malformed.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigurationError("database_url: not a database URL; use sqlite:///PATH or postgresql+psycopg://…") from None
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, hide_parameters=True, pool_pre_ping=True)
    if parsed.database:
        _make_private(Path(parsed.database))
    engine = create_engine(parsed, hide_parameters=True)
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def migrate(engine: Engine) -> None:
    """Bring the database to the newest version; whoever comes second waits, then finds nothing to do.

    Raises:
        ConfigurationError: the database cannot be reached.
    """
    try:
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            command.upgrade(_config(connection), "head")
    except OperationalError:
        raise ConfigurationError("database: it does not answer; start it, or mend database_url in settings.json") from None


def empty_journal(engine: Engine) -> None:
    """Take what was deleted out of SQLite's journal, which has the rows as they were; what somebody reads just now goes the next time."""
    if engine.dialect.name != "sqlite":
        return
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()


def is_current(engine: Engine) -> bool:
    """Say whether the database is at the newest version."""
    with engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
        return found == ScriptDirectory.from_config(_config(connection)).get_current_head()


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(resources.files("linkage.store") / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _make_private(file: Path) -> None:
    """Make the file before SQLite does: its journals take over its mode."""
    file.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(file, os.O_CREAT | os.O_RDWR, PRIVATE_FILE))
    file.chmod(PRIVATE_FILE)


def _configure_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself: `_begin_immediate` does
    for pragma in ("journal_mode = WAL", "foreign_keys = ON", "secure_delete = ON", f"busy_timeout = {BUSY_TIMEOUT_MS}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
