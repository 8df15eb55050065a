"""Roster and agreement together, opened and checked: what every node holds of the linkage. Pure: bytes in."""

from dataclasses import dataclass

from pydantic import ValidationError
from pydantic_core import from_json

from schemas.agreement import Agreement, open_agreement
from schemas.errors import AgreementError
from schemas.roster import Roster, open_roster
from schemas.signature import SignedDocument

ROSTER_FILE, AGREEMENT_FILE, ROOTS_FILE, TRUST_FILE = "roster.json", "agreement.json", "roots.json", "ca.pem"


@dataclass(frozen=True)
class Agreed:
    """A roster and an agreement that root signers signed, with the digests that everything later quotes."""

    roster: Roster
    roster_digest: str
    agreement: Agreement
    agreement_digest: str

    @property
    def rosters(self) -> tuple[str, ...]:
        """Digests of the roster and of those that it continues: what a round may quote."""
        return (self.roster_digest, *self.roster.continues)


def open_agreed(roster: bytes, agreement: bytes, roots: bytes) -> Agreed:
    """Return what the three files hold, once signatures and rules hold.

    Raises:
        AgreementError: a file is malformed, or the agreement names another roster.
        AuthenticationError: too few root signers signed.
    """
    roster_document, agreement_document = read_document(roster, ROSTER_FILE), read_document(agreement, AGREEMENT_FILE)
    root_keys = _read_roots(roots)
    agreed = Agreed(
        roster=open_roster(roster_document, root_keys),
        roster_digest=roster_document.digest,
        agreement=open_agreement(agreement_document, root_keys),
        agreement_digest=agreement_document.digest,
    )
    if agreed.agreement.roster_digest not in agreed.rosters:
        raise AgreementError(
            f"{AGREEMENT_FILE} names roster {agreed.agreement.roster_digest[:12]}, {ROSTER_FILE} is {agreed.roster_digest[:12]}; install both as the root signers sent them"
        )
    return agreed


def read_document(content: bytes, name: str) -> SignedDocument:
    """Return the signed document in `content`; `name` is for the error.

    Raises:
        AgreementError: it is not one.
    """
    try:
        return SignedDocument.model_validate_json(content)
    except ValidationError:
        raise AgreementError(f"{name}: not a signed document; install it again as the root signers sent it") from None


def _read_roots(content: bytes) -> dict[str, str]:
    try:
        roots = from_json(content)
    except ValueError:
        roots = None
    if not isinstance(roots, dict) or not all(isinstance(value, str) for value in roots.values()):
        raise AgreementError(f"{ROOTS_FILE}: want an object of key ids and public keys; install it again as the root signers sent it")
    return roots
