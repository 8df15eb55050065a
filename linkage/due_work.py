"""What a worker has to do, of every round: the same steps as `kinlink service link`, once each is worth doing."""

from sqlalchemy import Engine as Database
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from linkage.states import WAVE_STATES, State
from linkage.store.models import Asked, Round

LAST_WAVE = max(WAVE_STATES)


def due_work(database: Database) -> dict[str, str]:
    """Return why a worker should be at each round that waits for one: a word that changes once there is more to do.

    Pairs are opened once everybody who was asked has answered; to go on without those who have not is for an operator, with `kinlink service link`.
    """
    with Session(database) as session:
        return {
            round_.round_id: why for round_ in session.scalars(select(Round).order_by(Round.round_id)) if (why := _why(session, round_))
        }


def _why(session: Session, round_: Round) -> str | None:
    if round_.state in (State.CLOSED, State.FIRST_WAVE) and round_.counts is None:
        return "search"
    if round_.state == State.FIRST_WAVE:
        answers = _answers(session, round_, 1, given=True)
        return f"carry over {answers} answers" if answers else None
    if round_.state == State.SECOND_WAVE and not _answers(session, round_, LAST_WAVE, given=False):
        return "open pairs"
    return "findings" if round_.state == State.SEARCHED else None


def _answers(session: Session, round_: Round, wave: int, *, given: bool) -> int:
    """Return how many of those who were asked in a wave have answered it, or have not."""
    answered = Asked.answers.is_not(None) if given else Asked.answers.is_(None)
    query = select(func.count()).select_from(Asked).where(Asked.round_id == round_.round_id, Asked.wave == wave, answered)
    return session.scalar(query) or 0
