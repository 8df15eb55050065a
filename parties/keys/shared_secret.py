"""A secret agreed with a peer outside of any round: read from a file that only its owner may read, never from a command line."""

from pathlib import Path

from schemas.errors import ConfigurationError
from validation.keyring import check_private

SECRET_BYTES = 16  # fewer could be found by trying


def load_shared_secret(path: Path) -> bytes:
    """Return the secret as it lies in the file, without the line's end.

    Raises:
        ConfigurationError: it is missing, short, or readable by others.
    """
    try:
        secret = path.read_bytes().removesuffix(b"\n").removesuffix(b"\r")
    except OSError:
        raise ConfigurationError(f"{path}: cannot be read; name the file that holds the secret agreed with the peer") from None
    check_private(path)
    if len(secret) < SECRET_BYTES:
        raise ConfigurationError(f"{path}: want a secret of at least {SECRET_BYTES} bytes; agree a longer one with the peer")
    return secret
