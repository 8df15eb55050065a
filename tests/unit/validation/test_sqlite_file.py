"""SQLite files: of many who make one at once each succeeds, and only its owner reads it."""

from concurrent.futures import ThreadPoolExecutor
from stat import S_IMODE
from threading import Barrier

import pytest
from sqlalchemy import text

from validation.sqlite_file import open_sqlite

SIDES = 4


@pytest.mark.parametrize("attempt", range(10))
def test_all_who_open_a_new_file_at_once_succeed(attempt, tmp_path):
    start = Barrier(SIDES)

    def add(side):
        start.wait()
        engine = open_sqlite(tmp_path / "new.sqlite")
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE IF NOT EXISTS side (number INTEGER)"))
            connection.execute(text("INSERT INTO side VALUES (:side)"), {"side": side})
        engine.dispose()

    with ThreadPoolExecutor(SIDES) as threads:
        list(threads.map(add, range(SIDES)))
    with open_sqlite(tmp_path / "new.sqlite").connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM side")) == SIDES
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"


def test_the_file_and_its_journals_are_their_owners_alone(tmp_path):
    with open_sqlite(tmp_path / "kept" / "new.sqlite").begin() as connection:
        connection.execute(text("CREATE TABLE kept (number INTEGER)"))
        assert {S_IMODE(file.stat().st_mode) for file in (tmp_path / "kept").iterdir()} == {0o600}
