"""Open and migrate the node's database, an SQLite file that only its owner may read."""

import os
from importlib import resources
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event

from parties.settings import NodeSettings

STORE_FILE = "node.sqlite"
BUSY_TIMEOUT_MS = 30_000
_OWNER_ONLY = 0o600


def open_node_store(settings: NodeSettings) -> Engine:
    """Return the engine of the node's database, made and brought to the newest version where needed.

    Statements' parameters never reach a log or traceback.
    """
    path = settings.path(STORE_FILE)
    _make_private(path)
    engine = create_engine(f"sqlite:///{path}", hide_parameters=True)
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    with engine.begin() as connection:
        command.upgrade(_migrations(connection), "head")
    return engine


def _migrations(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(resources.files("parties.store") / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _make_private(path: Path) -> None:
    """Make the file before SQLite does: its journals take over its mode."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, _OWNER_ONLY))
    path.chmod(_OWNER_ONLY)


def _configure(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself: `_begin` does
    for pragma in ("journal_mode = WAL", "secure_delete = ON", f"busy_timeout = {BUSY_TIMEOUT_MS}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
