"""The privacy ledger: what was spent, on what, and the answer that was given for it.

The same query of the same data gets the same answer for nothing; a new one is debited before its noise is drawn, in
one transaction, so a crash can neither refund nor repeat it. Rows are append-only (triggers in the database say so too) and
chained by hash; amounts are whole millionths of rho. A refusal tells cost and spent, and nothing that depends on data.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import JSON, CursorResult, ForeignKey, MetaData, String, UniqueConstraint, select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from schemas.audit import GENESIS
from schemas.canonical import digest_of
from schemas.errors import BudgetError
from schemas.instants import as_text

_HASHED = ("budget_id", "query_sha256", "snapshot_sha256", "micro_rho", "answer", "released_at")
_BUDGET_ID, _DIGEST, _INSTANT = String(128), String(64), String(32)


class LedgerBase(DeclarativeBase):
    """Root of the ledger's tables, which are part of whichever database keeps a ledger."""


def add_tables(metadata: MetaData) -> None:
    """Add the ledger's tables to a database's, so that whoever compares or copies all of them has these, too."""
    for table in LedgerBase.metadata.sorted_tables:
        table.to_metadata(metadata)


class Budget(LedgerBase):
    """One budget: what may be spent in all, and what has been. Millionths of rho."""

    __tablename__ = "budget"

    budget_id: Mapped[str] = mapped_column(_BUDGET_ID, primary_key=True)
    total_micro_rho: Mapped[int]
    spent_micro_rho: Mapped[int] = mapped_column(default=0)


class NoisedRelease(LedgerBase):
    """One noised answer, as it was given. `hash` covers the budget's release before it."""

    __tablename__ = "noised_release"
    __table_args__ = (UniqueConstraint("budget_id", "query_sha256", "snapshot_sha256"),)

    seq: Mapped[int] = mapped_column(primary_key=True)
    budget_id: Mapped[str] = mapped_column(ForeignKey("budget.budget_id"))
    query_sha256: Mapped[str] = mapped_column(_DIGEST)
    snapshot_sha256: Mapped[str] = mapped_column(_DIGEST)
    micro_rho: Mapped[int]
    answer: Mapped[dict[str, Any]] = mapped_column(JSON)
    released_at: Mapped[str] = mapped_column(_INSTANT)
    hash: Mapped[str] = mapped_column(_DIGEST)


class Refusal(LedgerBase):
    """One request that the budget did not cover."""

    __tablename__ = "refusal"

    seq: Mapped[int] = mapped_column(primary_key=True)
    budget_id: Mapped[str] = mapped_column(_BUDGET_ID)
    query_sha256: Mapped[str] = mapped_column(_DIGEST)
    micro_rho: Mapped[int]
    refused_at: Mapped[str] = mapped_column(_INSTANT)


@dataclass(frozen=True)
class Request:
    """What is asked (`query`), of which data (`snapshot`), at what price, out of which budget. Digests are SHA-256."""

    budget_id: str
    query_sha256: str
    snapshot_sha256: str
    micro_rho: int


def open_budget(session: Session, budget_id: str, total_micro_rho: int) -> None:
    """Make the budget unless it exists; an existing one keeps its total and what was spent."""
    if session.get(Budget, budget_id) is None:
        session.add(Budget(budget_id=budget_id, total_micro_rho=total_micro_rho))
        session.flush()


def earlier_answer(session: Session, request: Request) -> dict[str, Any] | None:
    """Return the answer that was given to this query of this data, or None."""
    return session.scalar(
        select(NoisedRelease.answer).where(
            NoisedRelease.budget_id == request.budget_id,
            NoisedRelease.query_sha256 == request.query_sha256,
            NoisedRelease.snapshot_sha256 == request.snapshot_sha256,
        )
    )


def answer_to_anything(session: Session, snapshot_sha256: str) -> dict[str, Any] | None:
    """Return the first answer that was given of this data, whatever was asked and whoever paid, or None."""
    query = select(NoisedRelease.answer).where(NoisedRelease.snapshot_sha256 == snapshot_sha256).order_by(NoisedRelease.seq)
    return session.scalar(query.limit(1))


def answered_otherwise(session: Session, request: Request) -> bool:
    """Say whether another query was answered of the same data: what an earlier version asked is not asked again in other words."""
    query = select(NoisedRelease.seq).where(
        NoisedRelease.snapshot_sha256 == request.snapshot_sha256, NoisedRelease.query_sha256 != request.query_sha256
    )
    return session.scalar(query.limit(1)) is not None


def answer_once(session: Session, request: Request, draw: Callable[[], dict[str, Any]], *, now: datetime) -> tuple[dict[str, Any], bool]:
    """Return the answer, and whether it is new: debited, then drawn, then kept, in the caller's transaction.

    Of two callers at once the second waits for the budget's row, then finds the first one's answer.

    Raises:
        BudgetError: the budget does not cover it, or the ledger does not add up. The refusal is recorded in a
            transaction of its own, once the caller's is rolled back.
    """
    budget = session.get_one(Budget, request.budget_id, with_for_update=True, populate_existing=True)
    if (earlier := earlier_answer(session, request)) is not None:
        return earlier, False
    releases = _releases(session, request.budget_id)
    check_adds_up(budget, releases)
    if not _debit(session, request):
        raise _refused(session, request, budget, now)
    answer = draw()
    session.add(_release(request, answer, previous=releases[-1].hash if releases else GENESIS, now=now))
    session.flush()
    return answer, True


def forfeit(session: Session, budget_id: str, micro_rho: int, *, of: str, total: int | None, now: datetime) -> None:
    """Spend what an answer cost that is no longer here, so that nobody gets its price back; the budget may go below nothing left.

    Args:
        session: the caller's transaction.
        budget_id: whose budget.
        micro_rho: the answer's price.
        of: the hash of the audit entry that tells of the answer; the same one is spent once.
        total: the budget's size, for where the budget is not here either; None: nothing is left of it.
        now: the time.
    """
    open_budget(session, budget_id, micro_rho if total is None else total)
    request = Request(budget_id=budget_id, query_sha256=digest_of({"forfeited": of}), snapshot_sha256=of, micro_rho=micro_rho)
    budget = session.get_one(Budget, budget_id, with_for_update=True, populate_existing=True)
    if earlier_answer(session, request) is None:
        releases = _releases(session, budget_id)
        budget.spent_micro_rho += micro_rho
        session.add(_release(request, {}, previous=releases[-1].hash if releases else GENESIS, now=now))
        session.flush()


def check_adds_up(budget: Budget, releases: Sequence[NoisedRelease]) -> None:
    """Check that the releases' chain holds and that they cost what was spent.

    Raises:
        BudgetError: they do not; nothing may be released until somebody has found out why.
    """
    previous = GENESIS
    for release in releases:
        if release.hash != _hash(previous, release):
            raise BudgetError(f"privacy ledger: release {release.seq} does not follow from those before it; restore the database's backup")
        previous = release.hash
    if sum(release.micro_rho for release in releases) != budget.spent_micro_rho:
        raise BudgetError("privacy ledger: the releases do not add up to what was spent; restore the database's backup")


def _releases(session: Session, budget_id: str) -> Sequence[NoisedRelease]:
    return session.scalars(select(NoisedRelease).where(NoisedRelease.budget_id == budget_id).order_by(NoisedRelease.seq)).all()


def _debit(session: Session, request: Request) -> bool:
    """Say whether the budget covered the request; if so it is spent."""
    spent = Budget.spent_micro_rho + request.micro_rho
    statement = update(Budget).where(Budget.budget_id == request.budget_id, spent <= Budget.total_micro_rho).values(spent_micro_rho=spent)
    result = session.execute(statement, execution_options={"synchronize_session": False})
    return cast("CursorResult[Any]", result).rowcount == 1


def _refused(session: Session, request: Request, budget: Budget, now: datetime) -> BudgetError:
    left = budget.total_micro_rho - budget.spent_micro_rho
    error = BudgetError(
        f"privacy budget: this costs {request.micro_rho} millionths of rho and {left} of {budget.total_micro_rho} are left; publish what was released, or have a new agreement signed"
    )
    bind = session.get_bind()
    session.rollback()  # lets the budget's row go: SQLite has one writer at a time
    with Session(bind) as own, own.begin():
        own.add(
            Refusal(
                budget_id=request.budget_id,
                query_sha256=request.query_sha256,
                micro_rho=request.micro_rho,
                refused_at=as_text(now),
            )
        )
    return error


def _release(request: Request, answer: dict[str, Any], *, previous: str, now: datetime) -> NoisedRelease:
    release = NoisedRelease(**asdict(request), answer=answer, released_at=as_text(now))
    release.hash = _hash(previous, release)
    return release


def _hash(previous: str, release: NoisedRelease) -> str:
    return digest_of({"previous": previous, "release": {name: getattr(release, name) for name in _HASHED}})
