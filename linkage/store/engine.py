"""Opening and migrating the service's database: SQLite by default, PostgreSQL in production, one behaviour."""

from importlib import resources
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, OperationalError

from schemas.errors import ConfigurationError
from validation.sqlite_file import open_sqlite

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
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        return open_sqlite(Path(parsed.database))
    return create_engine(parsed, hide_parameters=True, pool_pre_ping=True)


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
