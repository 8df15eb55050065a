"""Founding a linkage: three root signers sign a roster and an agreement, and their keys are thrown away. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas import agreement as agreements
from schemas import roster as rosters
from schemas.agreement import Agreement, Encoding, LawfulBasis
from schemas.lawful_basis import powers
from schemas.linkage import schemas_digest
from schemas.roster import CUSTODIAN_KINDS, Organisation, Roster, check_roster
from schemas.signature import SignedDocument, public_text, sign

ROOTS = ("root/one", "root/two", "root/three")
SIGNERS = 2
NECESSITY = (
    "Children with a parent in prison are to be offered support by one professional who is outside of justice. No record says who they are, and a register of "
    "them is not wanted: matching filters under keys of one round tells the one authority that acts, and nobody else."
)


@dataclass(frozen=True)
class Founded:
    """What every organisation is given: roster, agreement, and the root signers' public keys."""

    roster: SignedDocument
    agreement: SignedDocument
    roots: dict[str, str]


def found(
    organisations: Sequence[Organisation],
    *,
    purpose: str,
    scope: str,
    normaliser: str,
    normaliser_digest: str,
    expires_on: str,
    **terms: object,
) -> Founded:
    """Return a roster of `organisations` and an agreement between them, each signed by two of three new root signers.

    Args:
        organisations: as each published itself.
        purpose: what the linkage is for.
        scope: the pool that shares a round key.
        normaliser: the normaliser's version.
        normaliser_digest: that of its version and tables.
        expires_on: last day (ISO) of roster, agreement and lawful bases.
        terms: further fields of the agreement, in place of its defaults.

    Raises:
        AgreementError: the roster breaks a rule.
    """
    keys = {name: Ed25519PrivateKey.generate() for name in ROOTS}
    roster = Roster(version=1, expires_on=expires_on, organisations=list(organisations))
    check_roster(roster)
    roster_document = _signed(keys, rosters.CONTEXT, roster.model_dump(mode="json"))
    agreement = Agreement(
        version=1,
        purpose=purpose,
        scope=scope,
        roster_digest=roster_document.digest,
        expires_on=expires_on,
        lawful_bases=bases(organisations, expires_on),
        encoding=Encoding(schemas_digest=schemas_digest(), normaliser=normaliser, normaliser_digest=normaliser_digest),
        **terms,  # type: ignore[arg-type]
    )
    return Founded(
        roster_document,
        _signed(keys, agreements.CONTEXT, agreement.model_dump(mode="json")),
        {name: public_text(key) for name, key in keys.items()},
    )


def bases(organisations: Sequence[Organisation], expires_on: str) -> list[LawfulBasis]:
    """Return an invented lawful basis of every custodian."""
    return [_basis(item, expires_on) for item in organisations if item.kind in CUSTODIAN_KINDS]


def _basis(organisation: Organisation, expires_on: str) -> LawfulBasis:
    power = "w-safeguard" if (organisation.gss_code or "").startswith("W") else "e-safeguard"
    return LawfulBasis(
        organisation=organisation.organisation,
        power=power,
        basis="public_task",
        statute=f"{powers()[power].statute} (demonstration)",
        necessity=NECESSITY,
        dpia="DPIA-demonstration",
        expires_on=expires_on,
    )


def _signed(keys: dict[str, Ed25519PrivateKey], context: str, body: dict[str, object]) -> SignedDocument:
    return SignedDocument(body=body, signatures=[sign(keys[name], name, context, body) for name in ROOTS[:SIGNERS]])
