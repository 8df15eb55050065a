"""Who must have signed a submission's manifest: the data manager, and where it was agreed the data-protection lead. Pure.

The data manager's key is the custodian's; the lead's is another key of the same organisation, in a directory of its own.
"""

from schemas.agreed import Agreed
from schemas.encoding_set import CONTEXT
from schemas.errors import AuthenticationError
from schemas.roster import Role, identity_of, keys_of
from schemas.signature import SignedDocument, valid_signers

SIGNERS = (Role.CUSTODIAN, Role.DATA_PROTECTION)


def unsigned_by(document: SignedDocument, agreed: Agreed, organisation: str) -> list[Role]:
    """Return the roles of `organisation` whose signature the manifest still needs.

    Raises:
        AgreementError: the roster has no such organisation, or it has nobody in a role that must sign.
    """
    entry = agreed.roster.get(organisation)
    needed = SIGNERS[: agreed.agreement.manifest_signatures]
    for role in needed:
        identity_of(entry, role)
    return [role for role in needed if not valid_signers(document, CONTEXT, keys_of(entry, role))]


def check_signed_off(document: SignedDocument, agreed: Agreed, organisation: str) -> None:
    """Check that everyone who must sign a submission's manifest did.

    Raises:
        AuthenticationError: one did not.
    """
    for role in unsigned_by(document, agreed, organisation):
        raise AuthenticationError(f"manifest: the signature of {role} is missing or wrong; have it signed with `kinlink party sign-off`")
