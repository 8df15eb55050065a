"""An organisation's own keys: made once, kept in its keyring; the names they have there, and what they must be.

A role's first key is named by the role alone, a later one also by its number. Settings say which one signs; whatever sealing keys
are there open envelopes.
"""

import secrets
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from parties.keys.derive import KEY_BYTES
from parties.settings import NodeSettings
from schemas.errors import ConfigurationError, SealError
from schemas.roster import Identity, Role
from schemas.sealed import SealingKey, SealingKeys
from schemas.signature import public_text
from validation.keyring import Keyring

LOCAL_SECRET_FILE = "local.secret"  # noqa: S105 - a file's name
SEALING_ROLES = (Role.CUSTODIAN, Role.DESK, Role.KEY_HOLDER)
FIRST = 1
SIGNING, SEALING = ".signing", ".sealing"


def key_name(role: Role, number: int) -> str:
    """Return what a role's key of that number is called, in key ids and as a file."""
    return role if number == FIRST else f"{role}-{number}"


def key_id(settings: NodeSettings, role: Role, number: int | None = None) -> str:
    """Return the name under which this organisation's `role` signs: with the key of that number, or the one in use."""
    name = key_name(role, number or _in_use(settings, role))
    is_deputys = role is Role.DESK and settings.position == "deputy"
    return f"{settings.organisation}/{'deputy-' if is_deputys else ''}{name}"


def keyring(settings: NodeSettings) -> Keyring:
    """Return the node's private keys."""
    return Keyring(settings.directory, settings)


def create_identity(settings: NodeSettings, role: Role, number: int = FIRST, *, replaces: str | None = None) -> Identity:
    """Make and store the keys of one role, or take those of that number that are there already; return their public half."""
    name, ring = key_name(role, number), keyring(settings)
    there = ring.names()
    if f"{name}{SIGNING}" not in there:
        ring.write(f"{name}{SIGNING}", Ed25519PrivateKey.generate().private_bytes_raw())
    if role in SEALING_ROLES and f"{name}{SEALING}" not in there:
        ring.write(f"{name}{SEALING}", SealingKey.generate().raw())
    return Identity(
        key_id=key_id(settings, role, number),
        role=role,
        signing_key=public_text(_signing_key(settings, name)),
        sealing_key=_sealing_key(settings, name).public_text() if role in SEALING_ROLES else None,
        replaces=replaces,
        made_on=datetime.now(UTC).date().isoformat(),
    )


def create_local_secret(settings: NodeSettings) -> None:
    """Make and store the secret from which this organisation's pseudonyms come."""
    keyring(settings).write(LOCAL_SECRET_FILE, secrets.token_bytes(KEY_BYTES))


def load_signing_key(settings: NodeSettings, role: Role) -> Ed25519PrivateKey:
    """Return the signing key of `role` that is in use.

    Raises:
        ConfigurationError: it cannot be read; see `Keyring.read`.
    """
    return _signing_key(settings, key_name(role, _in_use(settings, role)))


def load_sealing_key(settings: NodeSettings, role: Role) -> SealingKeys:
    """Return every sealing key of `role`, the newest first.

    Raises:
        ConfigurationError: one cannot be read, or there is none; see `Keyring.read`.
    """
    return SealingKeys([_sealing_key(settings, key_name(role, number)) for number in numbers(settings, role, SEALING)])


def numbers(settings: NodeSettings, role: Role, use: str = SIGNING) -> list[int]:
    """Return the numbers of the role's keys of one use that are here, the newest first; the first where there is none."""
    stems = [name.removesuffix(use) for name in keyring(settings).names() if name.endswith(use)]
    later = [int(stem.removeprefix(f"{role}-")) for stem in stems if stem.removeprefix(f"{role}-").isdecimal()]
    return sorted([*later, *([FIRST] if role in stems else [])], reverse=True) or [FIRST]


def delete_key(settings: NodeSettings, role: Role, number: int, use: str) -> None:
    """Delete a role's key of that number and use; safe to repeat."""
    keyring(settings).path(f"{key_name(role, number)}{use}").unlink(missing_ok=True)


def load_local_secret(settings: NodeSettings) -> bytes:
    """Return the local secret, 32 bytes.

    Raises:
        ConfigurationError: it cannot be read; see `Keyring.read`.
    """
    content = keyring(settings).read(LOCAL_SECRET_FILE)
    if len(content) != KEY_BYTES:
        raise _malformed(settings, LOCAL_SECRET_FILE)
    return content


def _in_use(settings: NodeSettings, role: Role) -> int:
    return settings.key_numbers.get(role, FIRST)


def _signing_key(settings: NodeSettings, name: str) -> Ed25519PrivateKey:
    try:
        return Ed25519PrivateKey.from_private_bytes(keyring(settings).read(f"{name}{SIGNING}"))
    except ValueError:
        raise _malformed(settings, f"{name}{SIGNING}") from None


def _sealing_key(settings: NodeSettings, name: str) -> SealingKey:
    try:
        return SealingKey(keyring(settings).read(f"{name}{SEALING}"))
    except SealError:
        raise _malformed(settings, f"{name}{SEALING}") from None


def _malformed(settings: NodeSettings, name: str) -> ConfigurationError:
    return ConfigurationError(f"{keyring(settings).path(name)}: not a key; restore it from its backup")
