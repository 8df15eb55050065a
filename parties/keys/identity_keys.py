"""An organisation's own keys: made once, kept in files that only their owner may read.

The one place that writes them. Each file holds the raw bytes as base64 text.
"""

import base64
import binascii
import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from parties.keys.derive import KEY_BYTES
from parties.settings import NodeSettings
from parties.whole_files import OWNER_ONLY
from schemas.errors import ConfigurationError, SealError
from schemas.roster import Identity, Role
from schemas.sealed import SealingKey
from schemas.signature import public_text

KEYS_DIRECTORY = "keys"
LOCAL_SECRET_FILE = "local.secret"  # noqa: S105 - a file's name
SEALING_ROLES = (Role.CUSTODIAN, Role.DESK)


def key_id(settings: NodeSettings, role: Role) -> str:
    """Return the name under which this organisation's `role` signs."""
    return f"{settings.organisation}/{role}"


def create_identity(settings: NodeSettings, role: Role) -> Identity:
    """Make and store the keys of one role; return its public half."""
    signing = Ed25519PrivateKey.generate()
    write_secret(_file(settings, f"{role}.signing"), base64.b64encode(signing.private_bytes_raw()))
    sealing = SealingKey.generate() if role in SEALING_ROLES else None
    if sealing is not None:
        write_secret(_file(settings, f"{role}.sealing"), base64.b64encode(sealing.raw()))
    return Identity(
        key_id=key_id(settings, role),
        role=role,
        signing_key=public_text(signing),
        sealing_key=sealing.public_text() if sealing is not None else None,
    )


def create_local_secret(settings: NodeSettings) -> None:
    """Make and store the secret from which this organisation's pseudonyms come."""
    write_secret(_file(settings, LOCAL_SECRET_FILE), base64.b64encode(secrets.token_bytes(KEY_BYTES)))


def load_signing_key(settings: NodeSettings, role: Role) -> Ed25519PrivateKey:
    """Return the signing key of `role`.

    Raises:
        ConfigurationError: it is missing, malformed, or readable by others.
    """
    path = _file(settings, f"{role}.signing")
    try:
        return Ed25519PrivateKey.from_private_bytes(_read(path))
    except ValueError:
        raise _malformed(path) from None


def load_sealing_key(settings: NodeSettings, role: Role) -> SealingKey:
    """Return the sealing key of `role`.

    Raises:
        ConfigurationError: it is missing, malformed, or readable by others.
    """
    path = _file(settings, f"{role}.sealing")
    try:
        return SealingKey(_read(path))
    except SealError:
        raise _malformed(path) from None


def load_local_secret(settings: NodeSettings) -> bytes:
    """Return the local secret, 32 bytes.

    Raises:
        ConfigurationError: it is missing, malformed, or readable by others.
    """
    path = _file(settings, LOCAL_SECRET_FILE)
    content = _read(path)
    if len(content) != KEY_BYTES:
        raise _malformed(path)
    return content


def write_secret(path: Path, content: bytes) -> None:
    """Write a new file that only its owner may read.

    Raises:
        ConfigurationError: there is one already; a key is never written over.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    except FileExistsError:
        raise ConfigurationError(f"{path}: there is a key already; choose another directory, or move this one away") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def check_private(path: Path) -> None:
    """Check that a file is its owner's alone.

    Raises:
        ConfigurationError: others may read it.
    """
    if path.stat().st_mode & ~OWNER_ONLY & 0o777:
        raise ConfigurationError(f"{path}: others may read this key; run `chmod 600 {path}`, and have it replaced if anyone did")


def _read(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise ConfigurationError(f"{path}: no such key; run `kinlink party init`, or restore it from its backup") from None
    check_private(path)
    try:
        return base64.b64decode(content, validate=True)
    except binascii.Error:
        raise _malformed(path) from None


def _file(settings: NodeSettings, name: str) -> Path:
    return settings.path(KEYS_DIRECTORY, name)


def _malformed(path: Path) -> ConfigurationError:
    return ConfigurationError(f"{path}: not a key; restore it from its backup")
