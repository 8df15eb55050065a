"""Processes that ask the ledger at once and are killed as they do: nothing is drawn again, and no budget overspent.

Each process kills itself with SIGKILL at one of three points of a request: while noise is drawn, after all is written and not yet
committed, or after the commit and before anybody has the answer. Another takes its place, and begins with the request that was cut off.
"""

import json
import multiprocessing
import multiprocessing.connection
import os
import random
import secrets
import signal
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from linkage.store.engine import open_store
from schemas.canonical import digest_of
from schemas.errors import BudgetError
from tests.conftest import PROVE
from validation.disclosure.ledger import Budget, NoisedRelease, Refusal, Request, answer_once, check_adds_up, open_budget

FULL = bool(os.environ.get(PROVE))
PROCESSES, REQUESTS = (8, 500) if FULL else (4, 30)
QUERIES, COVERED = (400, 250) if FULL else (30, 20)  # the budget covers fewer than are asked
COST, KILLED_ONE_IN = 1_000, 12 if FULL else 3
POINTS = ("while drawing", "before the commit", "after the commit")
BUDGET, SNAPSHOT = "b" * 64, "s" * 64
NOW = datetime(2026, 9, 14, 8, 0, tzinfo=UTC)
REFUSED = "refused"


def asked(process, number):
    """Return which query a process's request is, and where it is killed at the first try, if it is."""
    chance = random.Random(f"{process}/{number}")
    query = chance.randrange(QUERIES)
    return query, chance.choice(POINTS) if chance.randrange(KILLED_ONE_IN) == 0 else None


def stop_at(point, killed):
    if point == killed:
        os.kill(os.getpid(), signal.SIGKILL)


def one(engine, query, killed):
    """Ask once; return the answer, or that it was refused."""

    def draw():
        answer = {"value": secrets.randbits(40)}
        stop_at("while drawing", killed)
        return answer

    try:
        with Session(engine) as session, session.begin():
            request = Request(BUDGET, digest_of({"query": query}), SNAPSHOT, COST)
            answer, _ = answer_once(session, request, draw, now=NOW)
            stop_at("before the commit", killed)
    except BudgetError:
        return REFUSED
    stop_at("after the commit", killed)
    return answer["value"]


def work(url, process, seen):
    """Ask what is left to ask, and note every answer as soon as it is there."""
    done = len(seen.read_text(encoding="utf-8").splitlines())
    engine = open_store(url)
    with seen.open("a", encoding="utf-8") as file:
        for number in range(done, REQUESTS):
            query, killed = asked(process, number)
            first_try = number > done or done == 0
            file.write(json.dumps([query, one(engine, query, killed if first_try else None)]) + "\n")
            file.flush()
    engine.dispose()


def run_all(url, folder):
    """Run the processes, each anew when it was killed; return how often one was."""
    context, kills = multiprocessing.get_context("fork"), 0
    files = {process: folder / f"answers-{process}" for process in range(PROCESSES)}
    for file in files.values():
        file.touch()

    def start(process):
        child = context.Process(target=work, args=(url, process, files[process]))
        child.start()
        return child

    running = {process: start(process) for process in files}
    while running:
        multiprocessing.connection.wait([child.sentinel for child in running.values()])
        for process, child in list(running.items()):
            if child.exitcode is None:
                continue
            assert child.exitcode in (0, -signal.SIGKILL)
            kills += child.exitcode != 0
            running.pop(process)
            if child.exitcode:
                running[process] = start(process)
    return kills, [json.loads(line) for file in files.values() for line in file.read_text(encoding="utf-8").splitlines()]


def test_processes_that_are_killed_at_three_points_neither_draw_again_nor_overspend(migrated_url, tmp_path, figure):
    engine = open_store(migrated_url)
    with Session(engine) as session, session.begin():
        open_budget(session, BUDGET, COST * COVERED)
    engine.dispose()
    kills, answers = run_all(migrated_url, Path(tmp_path))
    planned = Counter(asked(process, number)[1] for process in range(PROCESSES) for number in range(REQUESTS))
    assert all(planned[point] for point in POINTS)
    assert kills > 0
    assert len(answers) == PROCESSES * REQUESTS
    with Session(engine) as session:
        budget = session.get_one(Budget, BUDGET)
        releases = session.scalars(select(NoisedRelease).order_by(NoisedRelease.seq)).all()
        refusals = session.scalar(select(func.count()).select_from(Refusal))
        check_adds_up(budget, releases)
        assert budget.spent_micro_rho == sum(release.micro_rho for release in releases) == COST * len(releases)
        assert len(releases) == COVERED
        stored = {release.query_sha256: release.answer["value"] for release in releases}
    given = [(digest_of({"query": query}), answer) for query, answer in answers if answer != REFUSED]
    assert [answer for query, answer in given if stored[query] != answer] == []
    assert refusals >= len(answers) - len(given) > 0
    assert {query for query, _ in given} == set(stored)
    engine.dispose()
    figure(f"ledger, {PROCESSES} processes of {REQUESTS} requests, {kills} kills: answers that differ", 0, 0)
    figure("ledger under kills: spent, of the budget", "at most 1", budget.spent_micro_rho / (COST * COVERED))
