"""Random schedules of a release: operators, desks, retries, repeated messages, days, and crashes on both sides of every commit.

Every child carries a marker of its own, so a token that was lost, doubled, misdirected or invented shows. A schedule that fails is
shrunk by Hypothesis to the shortest that does, and is then kept here as an `example`.
"""

import os
import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from linkage.store.audit import broken_at
from linkage.store.models import AuditEntry
from schemas.canonical import digest_of
from schemas.token import read_token, token_context
from tests.conftest import PROVE
from tests.integration.service_world import ENVELOPES, NORTH, ROUND, SERVICE, SOUTH, make_world
from tests.simulation.crashing import Crash, crashing

SCHEDULES = {"sqlite": 2_000, "postgresql": 500} if os.environ.get(PROVE) else {"sqlite": 100, "postgresql": 12}
CHILDREN = [
    *((NORTH, f"{number:032x}") for number in range(1, ENVELOPES + 3)),
    (SOUTH, f"{99:032x}"),
]  # more of the north than a release takes
AUTHORITIES = (NORTH, SOUTH)
RELEASE = ("release",)
STEPS = st.one_of(
    st.tuples(st.just("approve"), st.sampled_from((1, 2))),
    st.just(RELEASE),
    st.just(("a day goes by",)),
    st.tuples(st.just("collect"), st.sampled_from(AUTHORITIES)),
    st.tuples(st.just("redeem"), st.sampled_from(AUTHORITIES), st.integers(0, 2 * ENVELOPES - 1)),
)
CRASHES = st.none() | st.builds(Crash, st.integers(1, 3), st.booleans())
SCHEDULE = st.lists(st.tuples(STEPS, CRASHES, st.booleans()), max_size=16)


class Simulated:
    """One service, its operators and desks; a desk remembers the bytes it got, and which redemptions were answered."""

    def __init__(self, directory, url):
        self.world = make_world(directory, url)
        self.world.open_round()
        self.findings = self.world.set_findings(CHILDREN)
        self.fetched, self.opened, self.answered, self.crash = {}, {}, Counter(), None
        self.keys = {authority: self.world.agreements.sealing[f"{authority}/desk"] for authority in AUTHORITIES}
        self.contexts = {authority: token_context(digest_of(self.world.round_body()), authority) for authority in AUTHORITIES}

    def step(self, step, crash=None):
        """Take one step; each of its requests stops at `crash`."""
        kind, *given = step
        self.crash = crash
        getattr(self, kind.replace(" ", "_"))(*given)
        self.crash = None

    def send(self, key_id, method, path, body=b""):
        with crashing(self.world.store, self.crash):
            return self.world.send(key_id, method, path, body)

    def approve(self, number):
        with crashing(self.world.store, self.crash):
            self.world.approve(number, self.findings)

    def release(self):
        return self.send(f"{SERVICE}/operator-1", "POST", f"/v1/rounds/{ROUND}/release")

    def a_day_goes_by(self):
        self.world.now += timedelta(days=1)

    def collect(self, authority):
        desk = f"{authority}/desk"
        listed = self.send(desk, "GET", f"/v1/rounds/{ROUND}/envelopes")
        for item in listed.json()["envelopes"] if listed.is_success else ():
            path = f"/v1/rounds/{ROUND}/envelopes/{item['envelope_id']}"
            answer = self.send(desk, "GET", path)
            if answer.is_success:
                assert self.fetched.setdefault(path, answer.content) == answer.content

    def redeem(self, authority, number):
        tokens = sorted(body.token for body in self.tokens(authority))
        if number < len(tokens):
            self.redeem_token(authority, tokens[number])

    def redeem_token(self, authority, token):
        answer = self.send(f"{authority}/desk", "POST", "/v1/tokens/redeem", {"token": token})
        self.answered[authority, token] += answer.is_success

    def tokens(self, authority):
        """Return what the authority's envelopes hold, each opened once."""
        mine = [envelope for envelope in self.world.envelopes() if envelope.authority == authority]
        for envelope in mine:
            if envelope.envelope_id not in self.opened:
                self.opened[envelope.envelope_id] = read_token(self.keys[authority].open(envelope.sealed, self.contexts[authority]))
        return [self.opened[envelope.envelope_id] for envelope in mine]

    def finish(self):
        """Everybody does again what is left, and nothing stops any more."""
        for number in (1, 2):
            self.approve(number)
        for _ in range(len(CHILDREN)):
            answer = self.release()
            assert answer.is_success, answer.text
            if answer.json()["waiting"] == 0:
                break
            self.a_day_goes_by()
        for authority in AUTHORITIES:
            self.collect(authority)
            for body in self.tokens(authority):
                self.redeem_token(authority, body.token)

    def events(self, kind):
        with Session(self.world.store) as session:
            return [event for event in session.scalars(select(AuditEntry.event)) if event["kind"] == kind]

    def check(self):
        """Every child has one token, at its own authority; every envelope was redeemed once; the log holds all of it."""
        tokens = {authority: self.tokens(authority) for authority in AUTHORITIES}
        real = Counter((authority, body.child) for authority in AUTHORITIES for body in tokens[authority] if not body.is_dummy)
        assert real == Counter(CHILDREN)
        days = [event["at"] for event in self.events("tokens-minted")]
        assert len(set(days)) == len(days)  # the clock moves by whole days: two releases of one day would say how much was found
        assert {len(found) for found in tokens.values()} == {ENVELOPES * len(days)}
        assert (len(self.events("round-released")), len(self.events("round-opened"))) == (1, 1)
        redeemed = Counter(event["detail"]["envelope"] for event in self.events("token-redeemed"))
        assert redeemed == Counter(envelope.envelope_id for envelope in self.world.envelopes())
        assert max(self.answered.values()) == 1
        with Session(self.world.store) as session:
            assert broken_at(session) is None


def run(schedule, fresh_url):
    with tempfile.TemporaryDirectory(prefix="kinlink-simulation-") as directory:
        simulated = Simulated(Path(directory), fresh_url(Path(directory)))
        try:
            for step, crash, again in schedule:
                simulated.step(step, crash)
                if again:
                    simulated.step(step)
            simulated.finish()
            simulated.check()
        finally:
            simulated.world.store.dispose()


BOTH = [(("approve", 1), None, False), (("approve", 2), None, False)]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("commit", [1, 2])
def test_a_release_that_stops_at_a_commit_mints_each_child_once(fresh_url, commit, after):
    run([*BOTH, (RELEASE, Crash(commit, after), True), (("redeem", NORTH, 0), Crash(commit, after), True)], fresh_url)


@pytest.mark.slow  # a hundred small services, fewer on a server
@pytest.mark.timeout(3_600)  # of thousands
def test_no_schedule_loses_doubles_or_misdirects_a_token(fresh_url, request, figure):
    backend, ran = request.node.callspec.params["fresh_url"], []

    @settings(max_examples=SCHEDULES[backend])
    @given(schedule=SCHEDULE)
    @example(
        schedule=[*BOTH, (RELEASE, Crash(2, after=True), True), (("a day goes by",), None, False), (RELEASE, Crash(2, after=False), True)]
    )
    def any_schedule(schedule):
        run(schedule, fresh_url)
        ran.append(schedule)

    any_schedule()
    figure(f"schedules of a release on {backend} without a token lost, doubled or misdirected", f"{SCHEDULES[backend]}", len(ran))
    assert len(ran) >= SCHEDULES[backend]
