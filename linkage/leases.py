"""Leases: who is at work on a step of a round, until when, and how often it was begun. Nothing is "running" without being heard of.

Who works on a step extends its lease every few seconds. One that ran out is taken over by whoever comes next; so is one of a process of this
machine that is gone, at once. A step that was begun too often and never ended is left alone until somebody looks. That nothing is done twice
does not rest on leases: every step checks the round's state in the transaction that ends it. What moves a round on takes with it, in the same
transaction, the leases of the steps that it is past (`linkage.rounds.advance`).
"""

import hashlib
import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Engine as Database
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from linkage.clock import Clock, utc_now
from linkage.rounds import get_round
from linkage.states import Step
from linkage.store.models import Lease
from schemas.errors import RoundError, ServiceError, UserError
from schemas.instants import as_text

LEASE: Final = timedelta(seconds=60)
HEARTBEAT_SECONDS: Final = 10.0
LOOK_AGAIN_SECONDS: Final = 1.0
MOST_ATTEMPTS: Final = 5

log = logging.getLogger("kinlink.service")


class Claim(NamedTuple):
    """A step of a round, and the worker who has it or wants it."""

    round_id: str
    step: Step
    holder: str


class TakenError(RoundError):
    """Another worker has the step, and is heard of."""


def this_worker() -> str:
    """Return a name for a piece of work of this process: machine (a digest), process, and random bytes."""
    return f"{_machine()}/{os.getpid()}/{secrets.token_hex(8)}"


def take(session: Session, claim: Claim, clock: Clock, *, is_gone: Callable[[str], bool]) -> None:
    """Take the lease of a step, in the caller's transaction.

    Raises:
        TakenError: somebody else has it, until the instant that the error names.
        RoundError: the step was begun too often and never ended.
    """
    now = clock()
    get_round(session, claim.round_id, lock=True)  # so that two who begin see each other
    lease = session.get(Lease, claim[:2])
    if lease is None:
        session.add(Lease(**claim._asdict(), attempts=1, begun_at=as_text(now), expires_at=as_text(now + LEASE)))
        return
    if lease.holder and lease.expires_at > as_text(now) and not is_gone(lease.holder):
        raise TakenError(
            f"round: another worker is at its {claim.step}; it is taken over after {lease.expires_at} if that one is not heard of"
        )
    if lease.attempts >= MOST_ATTEMPTS:
        raise RoundError(
            f"round: its {claim.step} was begun {lease.attempts} times and never ended; mend what the log says, then `kinlink service link --again`"
        )
    lease.holder, lease.attempts, lease.begun_at, lease.expires_at = claim.holder, lease.attempts + 1, as_text(now), as_text(now + LEASE)


def extend(session: Session, claim: Claim, clock: Clock) -> bool:
    """Extend the lease; say whether it is still the holder's."""
    lease = session.get(Lease, claim[:2], with_for_update=True)
    if lease is None or lease.holder != claim.holder:
        return False
    lease.expires_at = as_text(clock() + LEASE)
    return True


def end(session: Session, claim: Claim) -> bool:
    """End the lease of a step that is done, where the round has not gone on and ended it; say whether nobody else has taken it over."""
    lease = session.get(Lease, claim[:2], with_for_update=True)
    if lease is None:
        return True
    if lease.holder != claim.holder:
        return False
    session.delete(lease)
    return True


def give_back(session: Session, claim: Claim, *, counts: bool) -> None:
    """Give back the lease of a step that is not done; `counts`: the attempt was in earnest, and failed."""
    lease = session.get(Lease, claim[:2], with_for_update=True)
    if lease is None or lease.holder != claim.holder:
        return
    lease.holder, lease.attempts = "", lease.attempts - (not counts)
    if not lease.attempts:
        session.delete(lease)


def forgive(database: Database, round_id: str) -> None:
    """Let every step of a round be begun again as often as at first."""
    with Session(database) as session, session.begin():
        for lease in session.scalars(select(Lease).where(Lease.round_id == round_id, Lease.holder == "")):
            session.delete(lease)
        for lease in session.scalars(select(Lease).where(Lease.round_id == round_id)):
            lease.attempts = 1


def view(session: Session, round_id: str, now: str) -> list[dict[str, Any]]:
    """Return the steps of a round that were begun and not ended, as operators see them."""
    rows: Sequence[Lease] = session.scalars(select(Lease).where(Lease.round_id == round_id).order_by(Lease.step)).all()
    return [{"step": row.step, "standing": _standing(row, now), "attempts": row.attempts, "begun_at": row.begun_at} for row in rows]


def _standing(lease: Lease, now: str) -> str:
    if lease.holder and lease.expires_at > now:
        return "at work"
    return "given up" if lease.attempts >= MOST_ATTEMPTS else "to be taken over"


@contextmanager
def at_work(
    database: Database,
    round_id: str,
    step: Step,
    *,
    clock: Clock = utc_now,
    tell: Callable[[str], None] = lambda _: None,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[None]:
    """Hold the lease of a step while the block is at it; wait for it where another worker has it.

    A stop by hand, or an error in words, is no attempt that counts.

    Raises:
        RoundError: the step was begun too often and never ended.
        ServiceError: another worker took over meanwhile, as after this machine slept; nothing was done twice.
    """
    claim = Claim(round_id, step, this_worker())
    told = False
    while (taken := _try(database, claim, clock)) is not None:
        if not told:
            tell(str(taken))
        told = True
        sleep(LOOK_AGAIN_SECONDS)
    try:
        with _beating(database, claim, clock):
            yield
    except BaseException as error:
        counts = not isinstance(error, UserError | KeyboardInterrupt)
        with suppress(SQLAlchemyError), Session(database) as session, session.begin():  # else it runs out by itself
            give_back(session, claim, counts=counts)
        raise
    with Session(database) as session, session.begin():
        is_ours = end(session, claim)
    if not is_ours:
        raise ServiceError(
            f"round: another worker took its {step} over while this one was not heard of; nothing was done twice, see `kinlink round status`"
        )


def _try(database: Database, claim: Claim, clock: Clock) -> TakenError | None:
    """Take a lease, or return why it cannot be had yet."""
    try:
        with Session(database) as session, session.begin():
            take(session, claim, clock, is_gone=is_gone)
    except TakenError as error:
        return error
    return None


@contextmanager
def _beating(database: Database, claim: Claim, clock: Clock) -> Iterator[None]:
    """Extend a lease every few seconds while the block runs, until it is another's."""
    stopped = threading.Event()

    def beat() -> None:
        while not stopped.wait(HEARTBEAT_SECONDS):
            try:
                with Session(database) as session, session.begin():
                    if not extend(session, claim, clock):
                        return
            except SQLAlchemyError:  # it may answer at the next beat; if it does not for long, somebody else takes over
                log.warning("a lease could not be extended; tried again in %.0f s", HEARTBEAT_SECONDS)

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def is_gone(holder: str) -> bool:
    """Say whether the holder was a process of this machine, and is no more; of another machine's nobody knows."""
    machine, pid, _ = holder.split("/")
    if machine != _machine():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _machine() -> str:
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:12]
