"""A family's consent, case by case, in the desk's own database; and the offer by a voluntary organisation that it may lead to.

That offer is a setting of the desk and off by default. Its sheet is written after the family has agreed, names nobody, and goes once they
withdraw: what the organisation needs, the family writes on it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from parties.referrals.consent import CONSENT, Consent, Ground, Standing, check_may_become
from parties.referrals.offer_texts import offer
from parties.referrals.outcomes import REFERRALS, STEM, Case, cases, offer_path
from parties.settings import NodeSettings
from parties.store.engine import open_node_store
from parties.store.models import ConsentEvent
from parties.whole_files import OWNER_ONLY_DIRECTORY, whole_file
from schemas.errors import ConfigurationError, TokenError
from schemas.instants import as_text

MAX_NAME = 80


class Agreed(NamedTuple):
    """A case's consent: where it stands, and on which ground and by whom it was passed over, if it was."""

    document: str
    state: Consent
    ground: str | None = None
    recorded_by: str | None = None

    @property
    def standing(self) -> Standing:
        """Who owns the state, and what they do."""
        return CONSENT[self.state]


def consents(settings: NodeSettings, round_id: str) -> list[Agreed]:
    """Return where the consent of each case of a round stands."""
    documents = [case.document for case in cases(settings, round_id)]
    with _opened(settings) as store, Session(store) as session:
        return [consent_of(session, document) for document in documents]


def record_consent(
    settings: NodeSettings, round_id: str, document: str, state: Consent, *, who: str, ground: Ground | None = None
) -> Agreed:
    """Record what a family said, or that it was passed over; a withdrawn consent's offer is deleted at once.

    Raises:
        TokenError: there is no such document in the round.
        ConfigurationError: that state cannot follow, wants a ground or none, or nobody's name is given.
    """
    name = " ".join(who.split())
    if not 1 < len(name) <= MAX_NAME:
        raise ConfigurationError(f"consent: want a name of 2 to {MAX_NAME} characters; say who records it, or who authorised it")
    _find(settings, round_id, document)
    with _opened(settings) as store, Session(store) as session, session.begin():
        check_may_become(consent_of(session, document).state, state, ground)
        session.add(ConsentEvent(document=document, state=state, ground=ground, recorded_by=name, recorded_at=_now()))
    if state is not Consent.GIVEN:
        offer_path(settings, document).unlink(missing_ok=True)
    return Agreed(document, state, ground, name)


def write_offer(settings: NodeSettings, round_id: str, document: str, languages: tuple[str, ...]) -> Path:
    """Write the sheet by which a family reaches the voluntary organisation of this desk's settings; the same again is the same bytes.

    Raises:
        TokenError: there is no such document in the round.
        ConfigurationError: the settings name no organisation, the family has not agreed, or the case is over.
    """
    if settings.voluntary_offer is None:
        raise ConfigurationError("offer: this desk works with no voluntary organisation; `voluntary_offer` in settings.json names one")
    case = _find(settings, round_id, document)
    with _opened(settings) as store, Session(store) as session:
        state = consent_of(session, document).state
    if state is not Consent.GIVEN:
        raise ConfigurationError(
            f"offer: the family's consent is {state}; ask first, and record what they say with `kinlink party consent`"
        )
    if not case.duty.then or not settings.path(REFERRALS, f"{document}.html").exists():
        raise ConfigurationError(f"offer: the case is {case.state}, so nothing is passed on")
    path = offer_path(settings, document)
    path.parent.mkdir(mode=OWNER_ONLY_DIRECTORY, exist_ok=True)
    with whole_file(path) as file:
        file.write(offer(settings.voluntary_offer, document.removeprefix(STEM), languages).encode())
    return path


def _find(settings: NodeSettings, round_id: str, document: str) -> Case:
    found = next((case for case in cases(settings, round_id) if case.document == document), None)
    if found is None:
        raise TokenError("document: none of that name was written in this round; `kinlink party outcomes` lists them")
    return found


def consent_of(session: Session, document: str) -> Agreed:
    """Return where the consent of one case stands."""
    query = select(ConsentEvent).where(ConsentEvent.document == document).order_by(ConsentEvent.event_id.desc()).limit(1)
    last = session.scalars(query).one_or_none()
    return Agreed(document, Consent(last.state), last.ground, last.recorded_by) if last else Agreed(document, Consent.NOT_ASKED)


@contextmanager
def _opened(settings: NodeSettings) -> Iterator[Engine]:
    store = open_node_store(settings)
    try:
        yield store
    finally:
        store.dispose()


def _now() -> str:
    return as_text(datetime.now(UTC))
