"""Leases under random schedules: two workers and one that comes late, a clock that the test moves, kills, and machines that sleep.

Each step of the oracle: no two workers that are heard of have the same step; what was begun too often is left alone; whatever happened,
a worker that comes after the lease has run out gets to work.
"""

import os
from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from linkage import leases
from linkage.leases import (
    LEASE,
    MOST_ATTEMPTS,
    Claim,
    TakenError,
    at_work,
    end,
    extend,
    forgive,
    give_back,
    is_gone,
    take,
    this_worker,
    view,
)
from linkage.rounds import advance
from linkage.states import STATES, STEPS, State
from linkage.store.engine import migrate, open_store
from linkage.store.models import Lease, Round
from schemas.audit import AuditEvent
from schemas.errors import RoundError, ServiceError
from tests.conftest import PROVE
from tests.integration.service_world import NOW, PRISON, ROUND, SERVICE, make_world

SCHEDULES = 2_000 if os.environ.get(PROVE) else 100
STEP = "search"
WORKERS = ("one", "two", "three")
ACTS = st.one_of(
    st.tuples(st.just("begin"), st.sampled_from(WORKERS)),
    st.tuples(st.just("beat"), st.sampled_from(WORKERS)),
    st.tuples(st.just("kill"), st.sampled_from(WORKERS)),
    st.tuples(st.just("end"), st.sampled_from(WORKERS)),
    st.tuples(st.just("fail"), st.sampled_from(WORKERS)),
    st.tuples(st.just("wait"), st.integers(1, 90)),
)


@pytest.fixture
def world(tmp_path, migrated_url):
    made = make_world(tmp_path, migrated_url)
    assert made.open_round().is_success
    yield made
    made.store.dispose()


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    url = f"sqlite:///{tmp_path_factory.mktemp('store') / 'service.sqlite'}"
    store = open_store(url)
    migrate(store)
    store.dispose()
    made = make_world(tmp_path_factory.mktemp("leases"), url)
    assert made.open_round().is_success
    yield made
    made.store.dispose()


class Simulated:
    """Workers, as they believe to be; and the rules that hold whatever they do."""

    def __init__(self, store):
        self.store, self.now, self.until, self.begun = store, NOW, {}, 0
        with Session(store) as session, session.begin():
            for lease in session.scalars(select(Lease)):
                session.delete(lease)

    def clock(self):
        return self.now

    def begin(self, worker):
        others = [name for name, until in self.until.items() if name != worker and until > self.now]
        try:
            with Session(self.store) as session, session.begin():
                take(session, Claim(ROUND, STEP, worker), self.clock, is_gone=lambda _: False)
        except TakenError:
            assert others or self.until.get(worker, NOW) > self.now
        except RoundError:
            assert self.begun == MOST_ATTEMPTS
        else:
            assert not others, "two workers have one step"
            assert self.begun < MOST_ATTEMPTS
            self.begun += 1
            self.until = {worker: self.now + LEASE}

    def beat(self, worker):
        with Session(self.store) as session, session.begin():
            kept = extend(session, Claim(ROUND, STEP, worker), self.clock)
        assert kept is (worker in self.until)
        if kept:
            self.until[worker] = self.now + LEASE

    def kill(self, worker):
        """Nothing is said to anybody: its lease runs on."""

    def end(self, worker):
        with Session(self.store) as session, session.begin():
            ended = end(session, Claim(ROUND, STEP, worker))
        assert ended is (worker in self.until or not self.begun)
        if ended:
            self.until, self.begun = {}, 0

    def fail(self, worker):
        with Session(self.store) as session, session.begin():
            give_back(session, Claim(ROUND, STEP, worker), counts=True)
        self.until.pop(worker, None)

    def wait(self, seconds):
        self.now += timedelta(seconds=seconds)


@settings(max_examples=SCHEDULES, deadline=None)
@given(schedule=st.lists(ACTS, max_size=30))
def test_no_schedule_gives_one_step_to_two_or_leaves_it_to_nobody(shared, schedule):
    simulated = Simulated(shared.store)
    for kind, given_ in schedule:
        getattr(simulated, kind)(given_)
    simulated.now += LEASE
    with Session(shared.store) as session, session.begin():
        if simulated.begun < MOST_ATTEMPTS:
            take(session, Claim(ROUND, STEP, "late"), simulated.clock, is_gone=lambda _: False)
        else:
            with pytest.raises(RoundError, match="begun 5 times and never ended"):
                take(session, Claim(ROUND, STEP, "late"), simulated.clock, is_gone=lambda _: False)


def test_whoever_comes_while_another_is_at_work_waits_and_says_so(world):
    told, slept = [], []
    with Session(world.store) as session, session.begin():
        take(session, Claim(ROUND, STEP, "elsewhere/1/x"), lambda: NOW, is_gone=is_gone)
    ticking = iter(NOW + timedelta(seconds=seconds) for seconds in (0, 20, 40, 61, 61, 61))
    with at_work(world.store, ROUND, STEP, clock=lambda: next(ticking), tell=told.append, sleep=slept.append):
        pass
    assert len(slept) == 3
    assert told == [f"round: another worker is at its search; it is taken over after {world_text(61 - 1)} if that one is not heard of"]
    with Session(world.store) as session:
        assert session.scalars(select(Lease)).all() == []


def world_text(seconds):
    return (NOW + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_step_of_a_process_of_this_machine_that_is_gone_is_taken_over_at_once(world):
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    machine = this_worker().split("/")[0]
    with Session(world.store) as session, session.begin():
        take(session, Claim(ROUND, STEP, f"{machine}/{child}/x"), lambda: NOW, is_gone=is_gone)
    with at_work(world.store, ROUND, STEP, clock=lambda: NOW, sleep=lambda _: pytest.fail("waited")):
        pass
    assert not is_gone(this_worker())
    assert not is_gone(f"elsewhere/{child}/x")


def test_an_error_in_words_or_a_stop_by_hand_is_no_attempt_and_a_fault_is_one(world):
    for fault, attempts in ((RoundError("not yet"), 0), (KeyboardInterrupt(), 0), (ValueError(), 1), (MemoryError(), 2)):
        with pytest.raises(type(fault)), at_work(world.store, ROUND, STEP):
            raise fault
        with Session(world.store) as session:
            assert sum(lease.attempts for lease in session.scalars(select(Lease))) == attempts


def test_what_was_begun_too_often_waits_for_somebody_who_says_again(world):
    for _ in range(MOST_ATTEMPTS):
        with pytest.raises(ValueError, match="fault"), at_work(world.store, ROUND, STEP):
            raise ValueError("fault")
    with pytest.raises(
        RoundError, match=r"its search was begun 5 times and never ended; mend what the log says, then `kinlink service link --again`"
    ):
        at_work(world.store, ROUND, STEP).__enter__()
    shown = world.send(f"{SERVICE}/operator-1", "GET", f"/v1/rounds/{ROUND}").json()["work"]
    assert [(item["step"], item["standing"], item["attempts"]) for item in shown] == [(STEP, "given up", MOST_ATTEMPTS)]
    assert "work" not in world.send(f"{PRISON}/custodian", "GET", f"/v1/rounds/{ROUND}").json()
    forgive(world.store, ROUND)
    with at_work(world.store, ROUND, STEP), Session(world.store) as session:
        assert [item["standing"] for item in view(session, ROUND, world_text(0))] == ["at work"]


@pytest.mark.parametrize(
    "to", [State.CLOSED, State.FIRST_WAVE, State.SECOND_WAVE, State.SEARCHED, State.AWAITING_APPROVAL, State.CANCELLED]
)
def test_a_round_that_goes_on_takes_with_it_the_leases_of_the_steps_it_is_past(world, to):
    """Also those of workers that are heard of, and of one that is killed right after: nothing is left to be taken over."""
    before = next(state for state, row in STATES.items() if to in row.leads_to)
    with Session(world.store) as session, session.begin():
        for step in STEPS:
            take(session, Claim(ROUND, step, "here"), lambda: NOW, is_gone=lambda _: False)
        session.get_one(Round, ROUND).state = before
        advance(session, ROUND, to, AuditEvent(kind="moved", round_id=ROUND, actor=SERVICE, at=world_text(0)))
    left = {
        State.CLOSED: set(STEPS),
        State.FIRST_WAVE: set(STEPS),
        State.SECOND_WAVE: {"opening of pairs", "findings"},
        State.SEARCHED: {"findings"},
    }
    with Session(world.store) as session:
        assert {lease.step for lease in session.scalars(select(Lease))} == left.get(to, set())


def test_who_ends_a_step_that_the_round_went_on_from_is_told_nothing(world):
    with at_work(world.store, ROUND, STEP), Session(world.store) as session, session.begin():
        session.delete(session.scalars(select(Lease)).one())
    with Session(world.store) as session:
        assert session.scalars(select(Lease)).all() == []


def test_a_worker_is_heard_of_for_as_long_as_it_is_at_it(world, monkeypatch):
    monkeypatch.setattr(leases, "HEARTBEAT_SECONDS", 0.01)
    beats = Counter()
    extended = leases.extend

    def counting(*given):
        beats["all"] += 1
        return extended(*given)

    monkeypatch.setattr(leases, "extend", counting)
    with at_work(world.store, ROUND, STEP):
        while beats["all"] < 3:
            pass
    after = beats["all"]
    assert beats["all"] == after


def test_who_slept_through_its_lease_is_told_that_another_took_over(world):
    def asleep():
        with at_work(world.store, ROUND, STEP, clock=lambda: NOW), Session(world.store) as session, session.begin():
            take(session, Claim(ROUND, STEP, "elsewhere/1/x"), lambda: NOW + LEASE, is_gone=is_gone)

    with pytest.raises(ServiceError, match="another worker took its search over"):
        asleep()
    with Session(world.store) as session:
        assert session.scalars(select(Lease)).one().holder == "elsewhere/1/x"
