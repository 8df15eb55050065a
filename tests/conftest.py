"""Databases for tests: each test that asks for `database_url` runs on an empty SQLite file and an empty PostgreSQL database;
one that asks for `migrated_url`, on such databases with the service's tables.

PostgreSQL is the server of KINLINK_TEST_POSTGRES (a URL), else the one at 127.0.0.1:5432 if it lets `postgres` in, else a
throw-away cluster of `pg_virtualenv`. A line at the end of a run says how many tests passed on each.

A test that measures something says so with `figure`; the figures are printed beside their targets. KINLINK_PROVE=1 runs
everything at full counts; KINLINK_FAIL_ON_SKIP=1 makes a skipped test a failure.
"""

import os
import secrets
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
from sqlalchemy import create_engine, inspect, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError

from linkage.store.engine import is_current, migrate, open_store
from schemas import key_file

BACKENDS = ("sqlite", "postgresql")
LOCAL_SERVER = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
THROW_AWAY = ("pg_virtualenv", "-t", "sh", "-c", 'echo "$PGHOST $PGPORT $PGUSER $PGPASSWORD"; read wait')
INSTALL = "no PostgreSQL: install postgresql (and postgresql-common for pg_virtualenv), or set KINLINK_TEST_POSTGRES"

KEPT = {"alembic_version", "audit_lock"}  # what a fresh migration has rows in

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # tests run side by side; before anything loads numpy

# Here what a test does is the same statements over and over: once on SQLite is quick enough for every run, PostgreSQL is for the slow ones.
SLOW_ON_POSTGRESQL = (
    "tests/acceptance/", "tests/unit/linkage/test_worker.py", "tests/integration/test_service_expiry.py",
    "tests/integration/test_service_questions.py", "tests/integration/test_service_rounds.py", "tests/integration/test_service_submissions.py",
    "tests/integration/test_service_waves.py",
)  # fmt: skip

PROVE = "KINLINK_PROVE"
FAIL_ON_SKIP = "KINLINK_FAIL_ON_SKIP"
FIGURE = "figure"

# A process that was started in the background ignores Ctrl-C, and so do those it starts: tests that press it need it to be heard.
signal.signal(signal.SIGINT, signal.default_int_handler)

passed: Counter[str] = Counter()
skipped: list[str] = []
figures: list[str] = []

key_file.LOG2_COST = 4  # nodes are made by the hundred here; what a stretched key really costs, a test of its own says

hypothesis.settings.register_profile("quick", deadline=None, derandomize=True)
hypothesis.settings.register_profile("prove", deadline=None, max_examples=1_000)
hypothesis.settings.load_profile("prove" if os.environ.get(PROVE) else "quick")


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str, str, object], None]:
    """Return the function that notes a measured figure: what was measured, its target, and the figure."""
    return lambda what, target, value: record_property(FIGURE, f"{what}: {value} (target {target})")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[URL]:
    """A server where databases can be made."""
    named = os.environ.get("KINLINK_TEST_POSTGRES")
    if named or _answers(LOCAL_SERVER):
        yield make_url(named or LOCAL_SERVER)
    elif shutil.which(THROW_AWAY[0]):
        with subprocess.Popen(THROW_AWAY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as cluster:
            host, port, user, password = cluster.stdout.readline().split()
            yield URL.create("postgresql+psycopg", user, password, host, int(port), "postgres")
            cluster.stdin.close()
    else:
        pytest.skip(INSTALL)


@pytest.fixture(scope="session")
def postgres_database(postgres_server: URL) -> Iterator[URL]:
    """A database of this session's own."""
    name = f"kinlink_test_{secrets.token_hex(6)}"
    _run(postgres_server, f"CREATE DATABASE {name}", f"ALTER DATABASE {name} SET synchronous_commit = off", autocommit=True)
    yield postgres_server.set(database=name)
    _run(postgres_server, f"DROP DATABASE {name} WITH (FORCE)", autocommit=True)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied."""
    file = tmp_path_factory.mktemp("migrated") / "test.sqlite"
    _migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(params=BACKENDS)
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{request.getfixturevalue('tmp_path') / 'test.sqlite'}"
    database = request.getfixturevalue("postgres_database")
    _run(database, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    return database.render_as_string(hide_password=False)


@pytest.fixture(params=BACKENDS)
def migrated_url(request: pytest.FixtureRequest) -> str:
    """The URL of a database with the service's tables and nothing in them."""
    if request.param == "sqlite":
        copy = request.getfixturevalue("tmp_path") / "test.sqlite"
        shutil.copy(request.getfixturevalue("migrated_file"), copy)
        return f"sqlite:///{copy}"
    return emptied(request.getfixturevalue("postgres_database"))


@pytest.fixture(params=BACKENDS)
def fresh_url(request: pytest.FixtureRequest) -> Callable[[Path], str]:
    """What gives the URL of a database with the service's tables and nothing in them, each time anew; a file lies in the directory that is given."""
    if request.param == "postgresql":
        database = request.getfixturevalue("postgres_database")
        return lambda _: emptied(database)
    file = request.getfixturevalue("migrated_file")
    return lambda directory: f"sqlite:///{shutil.copy(file, directory / 'service.sqlite')}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what is slow on PostgreSQL among the slow tests."""
    for item in items:
        if item.nodeid.startswith(SLOW_ON_POSTGRESQL) and "postgresql" in item.nodeid.rpartition("[")[2]:
            item.add_marker(pytest.mark.slow)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count what passed on each database, and keep what was skipped or measured."""
    if report.when == "call" and report.passed:
        passed.update(backend for backend in BACKENDS if backend in report.nodeid.rpartition("[")[2])
    if report.skipped:
        skipped.append(report.nodeid)
    if report.when == "call":
        figures.extend(str(value) for name, value in report.user_properties if name == FIGURE)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run in which a test was skipped, where that is asked for."""
    if skipped and os.environ.get(FAIL_ON_SKIP) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures, what passed on each database, and what a run that may not skip has skipped."""
    for line in figures:
        terminalreporter.write_line(f"figure  {line}")
    if skipped and os.environ.get(FAIL_ON_SKIP):
        terminalreporter.write_line(f"failed, because these were skipped: {', '.join(skipped)}")
    if passed:
        terminalreporter.write_line("; ".join(f"{backend}: {passed[backend]} passed" for backend in BACKENDS))


def _answers(url: str) -> bool:
    engine = create_engine(url, connect_args={"connect_timeout": 2})
    try:
        with engine.connect():
            return True
    except OperationalError:
        return False
    finally:
        engine.dispose()


def emptied(database: URL) -> str:
    """Return the URL of a database with the service's tables and nothing in them."""
    url = database.render_as_string(hide_password=False)
    _migrate(url)
    # As a replica no trigger runs: neither those that keep the logs append-only nor foreign keys.
    _run(database, "SET session_replication_role = replica", *(f"DELETE FROM {name}" for name in _tables(url) - KEPT))
    return url


def _tables(url: str) -> set[str]:
    engine = create_engine(url)
    names = set(inspect(engine).get_table_names())
    engine.dispose()
    return names


def _migrate(url: str) -> None:
    store = open_store(url)
    if not is_current(store):
        migrate(store)
    store.dispose()


def _run(url: URL, *statements: str, autocommit: bool = False) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT" if autocommit else "READ COMMITTED")
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()
