"""The roster and agreement that the service holds, read from its directory."""

from pathlib import Path

from schemas.agreed import AGREEMENT_FILE, ROOTS_FILE, ROSTER_FILE, Agreed, open_agreed
from schemas.errors import ConfigurationError
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
