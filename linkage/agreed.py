"""The roster and agreement that the service holds, and its own key in them, read from its directory."""

from pathlib import Path

from linkage.inbox.submissions import Signer
from linkage.initialise import read_signing_key
from linkage.settings import ServiceSettings
from schemas.agreed import AGREEMENT_FILE, ROOTS_FILE, ROSTER_FILE, Agreed, open_agreed
from schemas.errors import ConfigurationError
from schemas.roster import Role, keys_of
from schemas.signature import public_text
from validation.keyring import Keyring, check_encrypted


def load_agreed(directory: Path) -> Agreed:
    """Read and check roster and agreement.

    Raises:
        ConfigurationError: they were not installed, or a private key lies in the clear and the agreement is not for development.
        AgreementError, AuthenticationError: they do not hold.
    """
    try:
        roster, agreement, roots = ((directory / name).read_bytes() for name in (ROSTER_FILE, AGREEMENT_FILE, ROOTS_FILE))
    except FileNotFoundError:
        raise ConfigurationError(f"{directory}: no roster, agreement or roots; install what the root signers sent") from None
    agreed = open_agreed(roster, agreement, roots)
    check_encrypted(Keyring(directory), agreed.agreement.encoding.profile)
    return agreed


def load_signer(settings: ServiceSettings, agreed: Agreed) -> Signer:
    """Return the service's own key, as the roster has it.

    Raises:
        ConfigurationError: it cannot be read, or is not the one in the roster.
    """
    key = read_signing_key(settings.directory, Role.SERVICE, settings)
    listed = {public: key_id for key_id, public in keys_of(agreed.roster.service(), Role.SERVICE).items()}
    if public_text(key) not in listed:
        raise ConfigurationError("keys/service.signing is not the service's key in the roster; ask the root signers to add identity.json")
    return Signer(listed[public_text(key)], key)
