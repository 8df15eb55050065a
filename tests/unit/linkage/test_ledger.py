"""The ledger on both databases: one answer per question, no overspending, nothing taken back."""

import threading
from datetime import UTC, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from linkage.store.engine import migrate, open_store
from linkage.store.models import Base
from schemas.errors import BudgetError
from validation.disclosure.ledger import Budget, NoisedRelease, Refusal, Request, answer_once, open_budget

NOW = datetime(2026, 9, 14, 8, 0, tzinfo=UTC)
BUDGET = "b" * 64


@pytest.fixture
def store(database_url):
    engine = open_store(database_url)
    migrate(engine)
    with Session(engine) as session, session.begin():
        open_budget(session, BUDGET, 100)
    yield engine
    engine.dispose()


def request(query="q", *, snapshot="s", micro_rho=40):
    return Request(BUDGET, query * 64, snapshot * 64, micro_rho)


def ask(store, wanted, answer="first", now=NOW):
    with Session(store) as session, session.begin():
        return answer_once(session, wanted, lambda: {"answer": answer}, now=now)


def spent(store):
    with Session(store) as session:
        return session.get_one(Budget, BUDGET).spent_micro_rho


def rows(store, table):
    with Session(store) as session:
        return session.scalar(select(func.count()).select_from(table))


def test_the_same_question_gets_the_same_answer_for_nothing(store):
    assert ask(store, request()) == ({"answer": "first"}, True)
    assert ask(store, request(), "second") == ({"answer": "first"}, False)
    assert spent(store) == 40


def test_another_question_or_other_data_cost_again(store):
    ask(store, request())
    assert ask(store, request(snapshot="t"), "second") == ({"answer": "second"}, True)
    assert spent(store) == 80


def test_what_the_budget_does_not_cover_is_refused_and_the_refusal_stays(store):
    ask(store, request())
    ask(store, request("r"))
    with pytest.raises(BudgetError, match="costs 40 millionths of rho and 20 of 100 are left"):
        ask(store, request("t"))
    assert spent(store) == 80
    assert (rows(store, NoisedRelease), rows(store, Refusal)) == (2, 1)


def test_a_budget_is_spent_to_the_last_millionth_and_no_further(store):
    ask(store, request(micro_rho=100))
    with pytest.raises(BudgetError):
        ask(store, request("r", micro_rho=1))


def test_a_refusal_leaves_nothing_of_its_request_but_itself(store):
    def first_request():
        with Session(store) as session, session.begin():
            open_budget(session, "c" * 64, 10)
            answer_once(session, Request("c" * 64, "q" * 64, "s" * 64, 11), dict, now=NOW)

    with pytest.raises(BudgetError):
        first_request()
    assert (rows(store, Budget), rows(store, Refusal)) == (1, 1)


def test_a_crash_before_the_commit_leaves_nothing_spent_and_nothing_answered(store):
    def crash():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), Session(store) as session, session.begin():
        answer_once(session, request(), crash, now=NOW)
    assert (spent(store), rows(store, NoisedRelease)) == (0, 0)


def test_an_existing_budget_keeps_its_total(store):
    with Session(store) as session, session.begin():
        open_budget(session, BUDGET, 1_000_000)
    with Session(store) as session:
        assert session.get_one(Budget, BUDGET).total_micro_rho == 100


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE noised_release SET micro_rho = 1",
        "DELETE FROM noised_release",
        "UPDATE refusal SET micro_rho = 1",
        "DELETE FROM refusal",
        "DELETE FROM budget",
        "UPDATE budget SET spent_micro_rho = spent_micro_rho - 1",
        "UPDATE budget SET total_micro_rho = total_micro_rho + 1",
        "UPDATE budget SET spent_micro_rho = total_micro_rho + 1",
        "UPDATE budget SET budget_id = 'x'",
    ],
)
def test_the_database_itself_refuses_to_change_what_was_written(store, statement):
    ask(store, request())
    with pytest.raises(BudgetError):
        ask(store, request("r", micro_rho=61))
    with pytest.raises(DBAPIError), store.begin() as connection:
        connection.execute(text(statement))
    assert (spent(store), rows(store, NoisedRelease), rows(store, Refusal)) == (40, 1, 1)


def test_a_release_that_was_forged_or_lost_stops_every_further_one(store):
    ask(store, request(micro_rho=10))
    with Session(store) as session, session.begin():
        session.add(
            NoisedRelease(
                budget_id=BUDGET, query_sha256="f" * 64, snapshot_sha256="f" * 64, micro_rho=1, answer={}, released_at="x", hash="0" * 64
            )
        )
    with pytest.raises(BudgetError, match="does not follow"):
        ask(store, request("r"))


def test_spending_without_a_release_stops_every_further_one(store):
    with store.begin() as connection:
        connection.execute(text("UPDATE budget SET spent_micro_rho = 5"))
    with pytest.raises(BudgetError, match="do not add up"):
        ask(store, request())


def test_of_many_who_ask_at_once_all_get_one_answer_and_it_is_paid_once(store):
    answers = []

    def one(number):
        answers.append(ask(store, request(), f"from {number}"))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({answer["answer"] for answer, _ in answers}) == 1
    assert sorted(is_new for _, is_new in answers) == [False] * 5 + [True]
    assert spent(store) == 40


def test_the_migration_makes_the_tables_that_the_ledger_declares(store):
    with store.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
