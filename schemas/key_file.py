"""A private key at rest: its bytes encrypted under a key that scrypt stretches out of a passphrase. Pure: salt and nonce come in.

The file is canonical JSON. Its name and how it was stretched are authenticated with it, so a file that was renamed, or put in
another's place, does not open.

Source: RFC 7914 (scrypt), RFC 8439 (ChaCha20-Poly1305).
"""

import base64
import binascii
from typing import Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from schemas.canonical import canonical_json
from schemas.errors import ConfigurationError

FORMAT: Literal["kinlink/private-key/1"] = "kinlink/private-key/1"
LOG2_COST = 16  # 64 MiB and a fifth of a second for each guess
MAX_LOG2_COST = 20  # 1 GiB: more, and a file could stop the machine that reads it
BLOCK_SIZE = 8
KEY_BYTES, SALT_BYTES, NONCE_BYTES = 32, 16, 12
MAX_FILE_BYTES = 4_096
LEAST_PASSPHRASE = 16  # bytes


class KeyFile(BaseModel):
    """What an encrypted key file holds; salt, nonce and box are base64."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["kinlink/private-key/1"] = FORMAT
    name: str = Field(max_length=64)
    log2_cost: int = Field(ge=1, le=MAX_LOG2_COST)
    salt: str = Field(max_length=64)
    nonce: str = Field(max_length=32)
    box: str = Field(max_length=1_024)

    def bound_to(self) -> bytes:
        """Return what is authenticated beside the secret."""
        return canonical_json(self.model_dump(exclude={"nonce", "box"}))


def is_encrypted(content: bytes) -> bool:
    """Say whether a key file's content is an encrypted key, or means to be."""
    return content.lstrip().startswith(b"{")


def stretch(passphrase: bytes, salt: bytes, log2_cost: int) -> bytes:
    """Return the 32-byte key that a passphrase gives; takes memory and time on purpose."""
    return Scrypt(salt=salt, length=KEY_BYTES, n=2**log2_cost, r=BLOCK_SIZE, p=1).derive(passphrase)


def write_key(secret: bytes, name: str, key: bytes, *, salt: bytes, log2_cost: int, nonce: bytes) -> bytes:
    """Return the content of the key file `name`, encrypted under `key` as `stretch` gave it for this salt and cost."""
    header = KeyFile(name=name, log2_cost=log2_cost, salt=_text(salt), nonce=_text(nonce), box="")
    box = ChaCha20Poly1305(key).encrypt(nonce, secret, header.bound_to())
    return canonical_json(header.model_copy(update={"box": _text(box)}).model_dump())


def read_header(content: bytes, name: str) -> KeyFile:
    """Return an encrypted key file, not opened yet.

    Raises:
        ConfigurationError: it is malformed, too long, or another file's.
    """
    try:
        found = KeyFile.model_validate_json(content if len(content) <= MAX_FILE_BYTES else b"")
    except ValidationError:
        found = None
    if found is None or found.name != name:
        raise ConfigurationError(f"{name}: not a key, or another's; restore it from its backup")
    return found


def salt_of(header: KeyFile) -> bytes:
    """Return the salt of an encrypted key file.

    Raises:
        ConfigurationError: it is malformed.
    """
    return _raw(header.salt, header.name, SALT_BYTES)


def open_key(header: KeyFile, key: bytes) -> bytes:
    """Return the secret of a key file with the key that its passphrase gives.

    Raises:
        ConfigurationError: the passphrase is another, or the file was changed.
    """
    try:
        nonce = _raw(header.nonce, header.name, NONCE_BYTES)
        return ChaCha20Poly1305(key).decrypt(nonce, _raw(header.box, header.name), header.bound_to())
    except InvalidTag:
        raise ConfigurationError(
            f"{header.name}: another passphrase, or the file was changed; give the passphrase it was made with"
        ) from None


def _raw(text: str, name: str, size: int | None = None) -> bytes:
    try:
        content = base64.b64decode(text, validate=True)
    except binascii.Error:
        content = b""
    if not content or size not in (None, len(content)):
        raise ConfigurationError(f"{name}: not a key; restore it from its backup")
    return content


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
