"""`kinlink service work`: rounds go on without anybody who starts each step, also after a worker was killed."""

import signal
import subprocess
import sys
import time

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from linkage.due_work import due_work
from linkage.store.models import Lease, Round
from tests.acceptance.round import ROUND, SERVICE

pytestmark = pytest.mark.slow
SECONDS = 120


class Worker:
    """One `kinlink service work` in a process of its own."""

    def __init__(self, linkage):
        words = [sys.executable, "-m", "flows.command", "service", "work", "--dir", str(linkage.directory / SERVICE), "--every", "1"]
        self.process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)

    def kill(self):
        self.process.kill()
        self.process.communicate()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.communicate(timeout=SECONDS)[1]


@pytest.fixture
def start(closed):
    started = []

    def start_one():
        started.append(Worker(closed))
        return started[-1]

    yield start_one
    for worker in started:
        if worker.process.poll() is None:
            worker.kill()


def wait_until(linkage, holds):
    """Wait until what the database has is as it should be."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        with Session(linkage.store) as session:
            if holds(session):
                return
        time.sleep(0.05)
    pytest.fail("it did not happen in time")


def is_held(session):
    return bool(session.scalars(select(Lease).where(Lease.holder != "")).first())


def state(session):
    return session.get_one(Round, ROUND).state


def test_a_round_goes_from_closing_to_findings_although_every_worker_is_killed_at_work(closed, start):
    first = start()
    wait_until(closed, is_held)
    first.kill()
    second = start()
    wait_until(closed, lambda session: session.get_one(Round, ROUND).counts is not None)
    closed.look(1)
    closed.answer()
    wait_until(closed, lambda _: due_work(closed.store) == {ROUND: f"carry over {len(closed.status()['waves'][0]['answered'])} answers"})
    second.kill()
    closed.look(2)
    closed.answer()
    third = start()
    wait_until(closed, lambda session: state(session) == "awaiting-approval")
    said = third.stop()
    assert third.process.returncode == 0
    assert f"{ROUND}: open pairs" in said
    assert "stopped; what was finished is kept" in said
    closed.approve_and_release()
    assert len(closed.released()) >= 10
    with Session(closed.store) as session:
        assert not session.scalars(select(Lease)).all()


def test_pairs_are_not_opened_while_somebody_has_not_answered(closed):
    closed.search()
    closed.look(1)
    assert due_work(closed.store) == {}
    closed.answer()
    closed.look(2)
    assert due_work(closed.store) == {}
    closed.answer(*closed.authorities())
    assert due_work(closed.store) == {}
    closed.answer()
    assert due_work(closed.store) == {ROUND: "open pairs"}
    closed.find()
    assert due_work(closed.store) == {}
