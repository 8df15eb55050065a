"""`kinlink party consent` and `offer`: what a family said about passing its details on, and the sheet that it may lead to."""

from pathlib import Path
from typing import TYPE_CHECKING

from flows.commands.console import Json, emit
from parties.referrals.consent import Consent, Ground
from parties.settings import load_settings
from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from parties.referrals.agreeing import Agreed


def consent(
    *,
    round: str,
    document: str | None = None,
    state: Consent | None = None,
    by: str | None = None,
    ground: Ground | None = None,
    dir: Path = Path(),
    as_json: Json = False,
) -> None:
    """Say whether each family of a round agrees that its details are passed on; or record what one said, or that it was passed over.

    The first offer asks for no consent. Nobody's silence is a yes. Example: kinlink party consent --dir council --round r-2026-11 --document referral-0123456789ab --state given --by "Dee Lead"

    Args:
        round: the round's id.
        document: the document of the case.
        state: what the family said; overridden where somebody decided without them.
        by: who records it; of overridden, who authorised it.
        ground: why it was overridden.
        dir: the authority's directory, or its desk's.
        as_json: print one JSON object.
    """
    from parties.referrals.agreeing import consents, record_consent

    settings = load_settings(dir)
    if not (document is None) == (state is None) == (by is None):
        raise ConfigurationError("consent: want --document, --state and --by together; say of which case, what, and who records it")
    if document is not None and state is not None and by is not None:
        record_consent(settings, round, document, state, who=by, ground=ground)
    found = consents(settings, round)
    lines = [f"{item.document} {item.state}: {item.standing.owner} {item.standing.action}" for item in found]
    emit({"round_id": round, "cases": list(map(_row, found))}, "\n".join(lines) or "no referrals in this round", as_json=as_json)


def offer(*, round: str, document: str, dir: Path = Path(), as_json: Json = False) -> None:
    """Write the sheet by which a family that has agreed reaches a voluntary organisation. Off unless the desk's settings name one.

    It names nobody: the family writes how it wishes to be reached. Example: kinlink party offer --dir council --round r-2026-11 --document referral-0123456789ab

    Args:
        round: the round's id.
        document: the document of the case.
        dir: the authority's directory, or its desk's; the sheet goes to its offers/.
        as_json: print one JSON object.
    """
    from parties.initialise import load_agreed
    from parties.referrals.agreeing import write_offer
    from parties.referrals.wording import languages_of

    settings = load_settings(dir)
    languages = tuple(wording.language for wording in languages_of(load_agreed(settings).roster.get(settings.organisation).gss_code))
    path = write_offer(settings, round, document, languages)
    emit({"document": document, "offer": path.name}, f"{path.name} is in {path.parent}; hand it to the family to write on", as_json=as_json)


def _row(item: "Agreed") -> dict[str, str | None]:
    return {"document": item.document, "consent": item.state, "ground": item.ground, "recorded_by": item.recorded_by}
