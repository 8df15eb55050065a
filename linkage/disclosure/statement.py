"""What the privacy ledger says of itself: nothing in it depends on data, so the statistics office may have and publish all of it."""

from collections.abc import Iterable
from itertools import accumulate

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from linkage.agreed import load_agreed
from linkage.settings import ServiceSettings
from schemas.privacy_ledger import Drawn, Statement
from validation.disclosure.ledger import Budget, NoisedRelease, Refusal, check_adds_up
from validation.disclosure.noise import epsilons_of

DAY = len("2026-11-24")


def privacy_statement(session: Session, settings: ServiceSettings) -> Statement:
    """Return every table that was drawn under any agreement, oldest first, and what is left of the present agreement's budget.

    Raises:
        BudgetError: the ledger does not add up; nothing is stated until somebody has found out why.
    """
    agreed = load_agreed(settings.directory)
    releases = session.scalars(select(NoisedRelease).order_by(NoisedRelease.seq)).all()
    for budget in session.scalars(select(Budget)):
        check_adds_up(budget, [release for release in releases if release.budget_id == budget.budget_id])
    granted = agreed.agreement.statistics.total_micro_rho
    present = session.get(Budget, agreed.agreement_digest)
    return Statement(
        agreement_digest=agreed.agreement_digest,
        budget_micro_rho=present.total_micro_rho if present else granted,
        left_micro_rho=max(0, present.total_micro_rho - present.spent_micro_rho) if present else granted,
        refused=session.scalar(select(func.count()).select_from(Refusal)) or 0,
        drawn=list(_drawn(releases)),
    )


def _drawn(releases: Iterable[NoisedRelease]) -> Iterable[Drawn]:
    known = list(releases)
    for release, total in zip(known, accumulate(release.micro_rho for release in known), strict=True):
        yield Drawn(
            round_id=release.answer.get("round_id", ""),
            drawn_on=release.released_at[:DAY],
            micro_rho=release.micro_rho,
            total_micro_rho=total,
            epsilon_per_mille_at=epsilons_of(total),
        )
