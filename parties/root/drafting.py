"""Drafts of what root signers sign: a roster out of everyone's entries, an agreement out of its terms. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from parties.controls.families import generator_digest
from parties.encoding.normalise import NORMALISER, normaliser_digest
from schemas.agreement import Agreement
from schemas.errors import AgreementError
from schemas.linkage import schemas_digest
from schemas.roster import Identity, Organisation, Roster, check_continues, check_roster
from schemas.signature import SignedDocument, malformed_at

Model = TypeVar("Model", bound=BaseModel)


def draft_roster(
    entries: Sequence[Organisation], identities: Sequence[Identity], expires_on: str, *, previous: SignedDocument | None = None
) -> Roster:
    """Return a roster of `entries`; with `previous`, the one that continues it, in which they take the place of their earlier ones.

    Args:
        entries: organisations, as their identity.json says.
        identities: further ones of an organisation that is listed, named by their key ids: operators', leads'.
        expires_on: last day, ISO.
        previous: the signed roster whose rounds go on.

    Raises:
        AgreementError: the roster breaks a rule, or changes more than keys where it continues another.
    """
    before = _earlier(previous)
    named = {item.organisation: item for item in (*(before.organisations if before else ()), *entries)}
    for identity in identities:
        name = identity.key_id.partition("/")[0]
        if name not in named:
            raise AgreementError(f"roster: nobody is called {name} in it; name its identity.json, too")
        named[name] = _with(named[name], identity)
    continues = [previous.digest, *before.continues] if previous and before else []
    roster = _made(
        Roster,
        {
            "version": 1 + (before.version if before else 0),
            "expires_on": expires_on,
            "organisations": list(named.values()),
            "continues": continues,
        },
    )
    check_roster(roster)
    if previous and before:
        check_continues(roster, before, previous.digest)
    return roster


def draft_agreement(roster: SignedDocument, terms: Mapping[str, Any]) -> Agreement:
    """Return the agreement of these terms under a signed roster; digests and this version's normaliser are filled in.

    Raises:
        AgreementError: a term is missing, unknown, or too weak for its profile.
    """
    ours = {"schemas_digest": schemas_digest(), "normaliser": NORMALISER, "normaliser_digest": normaliser_digest()}
    filled = {"encoding": ours, "controls": {"generator_digest": generator_digest()}}
    parts = {part: {**given, **filled[part]} for part in filled if isinstance(given := terms.get(part, {}), dict)}
    return _made(Agreement, {"version": 1, **terms, "roster_digest": roster.digest, **parts})


def _earlier(previous: SignedDocument | None) -> Roster | None:
    return None if previous is None else _made(Roster, previous.body)


def _with(organisation: Organisation, identity: Identity) -> Organisation:
    others = [item for item in organisation.identities if item.key_id != identity.key_id]
    return _made(Organisation, {**organisation.model_dump(), "identities": [*others, identity]})


def _made(model: type[Model], content: Mapping[str, Any]) -> Model:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise AgreementError(f"draft: malformed at {malformed_at(error)}; mend it, and draft again") from None
