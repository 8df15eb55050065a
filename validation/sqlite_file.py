"""An SQLite file as service and nodes keep it: its owner's alone, one writer at a time, and whoever comes second waits.

Every transaction takes the write lock when it begins: one that read first and upgraded later could fail half-way. So
keep transactions short; long work belongs outside of them.
"""

import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event

BUSY_TIMEOUT_MS = 30_000
PAUSE = 0.02  # seconds
PRIVATE_FILE = 0o600
JOURNAL = "PRAGMA journal_mode = WAL"


def open_sqlite(file: Path) -> Engine:
    """Return the engine of the database in `file`, made where it is not there; statements' parameters never reach a log or traceback."""
    _make_private(file)
    engine = create_engine(URL.create("sqlite", database=str(file)), hide_parameters=True)
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    return engine


def _make_private(file: Path) -> None:
    """Make the file before SQLite does: its journals take over its mode."""
    file.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(file, os.O_CREAT | os.O_RDWR, PRIVATE_FILE))
    file.chmod(PRIVATE_FILE)


def _configure(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself: `_begin` does
    for pragma in (f"busy_timeout = {BUSY_TIMEOUT_MS}", "foreign_keys = ON", "secure_delete = ON"):
        connection.execute(f"PRAGMA {pragma}")
    _keep_a_write_ahead_log(connection)


def _keep_a_write_ahead_log(connection: Any) -> None:
    """Change the journal of a new file. Two who do it at once: SQLite tells one that it is locked and does not wait, so wait here."""
    last = time.monotonic() + BUSY_TIMEOUT_MS / 1_000
    while time.monotonic() < last:
        with suppress(sqlite3.OperationalError):
            connection.execute(JOURNAL)
            return
        time.sleep(PAUSE)
    connection.execute(JOURNAL)


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
