"""The linkage round: what the service's worker does between closing and approval, as far as the round has come."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from flows.stages import Counts, Stage

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from linkage.settings import ServiceSettings
    from linkage.states import State, Step

NAME = "linkage-round"


def expire(directory: Path, round_id: str) -> Counts | None:  # noqa: ARG001 - a stage's form; what is due is due in every round
    """Close every round whose window is over, and end every round that is due: destroy what the service has of it."""
    from linkage.agreed import load_agreed, load_signer
    from linkage.expiry import expire_due
    from linkage.rounds import close_due

    with _service(directory) as (settings, store):
        agreed, now = load_agreed(directory), datetime.now(UTC)
        signer = load_signer(settings, agreed)
        close_due(store, agreed, actor=signer.key_id, now=now)
        expire_due(store, settings, agreed.agreement, signer=signer, now=now)
    return None


def search(directory: Path, round_id: str) -> Counts | None:
    """Search every pair of pools, for the waves that are not open yet; skipped where it was done."""
    from flows.commands.console import progress_to_stderr
    from linkage.worker import search_round

    with _working(directory, round_id, "search") as (settings, store):
        search_round(store, settings, round_id, now=datetime.now(UTC), progress=progress_to_stderr)
    return None


def carry(directory: Path, round_id: str) -> Counts | None:
    """Plan the second wave from the answers to the first; skipped where it is not due."""
    from linkage.worker import carry_round

    with _working(directory, round_id, "carrying over") as (settings, store):
        carry_round(store, settings, round_id)
    return None


def look(directory: Path, round_id: str) -> Counts | None:
    """Open the pairs that were answered in the second look; skipped where it was done, or is not due."""
    from linkage.worker import look_round

    with _working(directory, round_id, "opening of pairs") as (settings, store):
        look_round(store, settings, round_id, now=datetime.now(UTC))
    return None


def find(directory: Path, round_id: str) -> Counts | None:
    """Record findings and decisions; skipped where it was done, or is not due."""
    from linkage.worker import find_round

    with _working(directory, round_id, "findings") as (settings, store):
        find_round(store, settings, round_id, now=datetime.now(UTC))
    return None


def state_of(directory: Path, round_id: str) -> "State":
    """Return where the round stands."""
    from sqlalchemy.orm import Session

    from linkage.rounds import get_round
    from linkage.states import State

    with _service(directory) as (_, store), Session(store) as session:
        return State(get_round(session, round_id).state)


@contextmanager
def _working(directory: Path, round_id: str, step: "Step") -> Iterator[tuple["ServiceSettings", "Engine"]]:
    """Give the service's settings and database, with the lease of a step."""
    from flows.commands.console import say
    from linkage.leases import at_work
    from linkage.traces import traced_step

    with _service(directory) as (settings, store), traced_step(settings, step), at_work(store, round_id, step, tell=say):
        yield settings, store


@contextmanager
def _service(directory: Path) -> Iterator[tuple["ServiceSettings", "Engine"]]:
    """Give the service's settings and database, whose connections end with the stage."""
    from linkage.settings import load_settings
    from linkage.store.audit_copy import open_checked

    settings = load_settings(directory)
    store = open_checked(settings)
    try:
        yield settings, store
    finally:
        store.dispose()


STAGES = (
    Stage("expiry", expire),
    Stage("search", search),
    Stage("carry over", carry),
    Stage("second look", look),
    Stage("findings", find),
)
