"""An organisation's own keys: made once, kept in its keyring; the names they have there, and what they must be."""

import secrets

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from parties.keys.derive import KEY_BYTES
from parties.settings import NodeSettings
from schemas.errors import ConfigurationError, SealError
from schemas.roster import Identity, Role
from schemas.sealed import SealingKey
from schemas.signature import public_text
from validation.keyring import Keyring

LOCAL_SECRET_FILE = "local.secret"  # noqa: S105 - a file's name
SEALING_ROLES = (Role.CUSTODIAN, Role.DESK)


def key_id(settings: NodeSettings, role: Role) -> str:
    """Return the name under which this organisation's `role` signs."""
    return f"{settings.organisation}/{role}"


def keyring(settings: NodeSettings) -> Keyring:
    """Return the node's private keys."""
    return Keyring(settings.directory, settings)


def create_identity(settings: NodeSettings, role: Role) -> Identity:
    """Make and store the keys of one role; return its public half."""
    signing = Ed25519PrivateKey.generate()
    keyring(settings).write(f"{role}.signing", signing.private_bytes_raw())
    sealing = SealingKey.generate() if role in SEALING_ROLES else None
    if sealing is not None:
        keyring(settings).write(f"{role}.sealing", sealing.raw())
    return Identity(
        key_id=key_id(settings, role),
        role=role,
        signing_key=public_text(signing),
        sealing_key=sealing.public_text() if sealing is not None else None,
    )


def create_local_secret(settings: NodeSettings) -> None:
    """Make and store the secret from which this organisation's pseudonyms come."""
    keyring(settings).write(LOCAL_SECRET_FILE, secrets.token_bytes(KEY_BYTES))


def load_signing_key(settings: NodeSettings, role: Role) -> Ed25519PrivateKey:
    """Return the signing key of `role`.

    Raises:
        ConfigurationError: it cannot be read; see `Keyring.read`.
    """
    name = f"{role}.signing"
    try:
        return Ed25519PrivateKey.from_private_bytes(keyring(settings).read(name))
    except ValueError:
        raise _malformed(settings, name) from None


def load_sealing_key(settings: NodeSettings, role: Role) -> SealingKey:
    """Return the sealing key of `role`.

    Raises:
        ConfigurationError: it cannot be read; see `Keyring.read`.
    """
    name = f"{role}.sealing"
    try:
        return SealingKey(keyring(settings).read(name))
    except SealError:
        raise _malformed(settings, name) from None


def load_local_secret(settings: NodeSettings) -> bytes:
    """Return the local secret, 32 bytes.

    Raises:
        ConfigurationError: it cannot be read; see `Keyring.read`.
    """
    content = keyring(settings).read(LOCAL_SECRET_FILE)
    if len(content) != KEY_BYTES:
        raise _malformed(settings, LOCAL_SECRET_FILE)
    return content


def _malformed(settings: NodeSettings, name: str) -> ConfigurationError:
    return ConfigurationError(f"{keyring(settings).path(name)}: not a key; restore it from its backup")
