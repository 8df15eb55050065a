"""A node's private keys on disk: files for their owner alone, encrypted under one passphrase; whoever reads one checks both.

The one place that reads and writes key files, for custodians, key holders, the service and its operators alike. The passphrase
comes from a file or an environment variable that the node's settings name, else from whoever sits at the terminal; never from
an argument. Passphrases and stretched keys stay in this process's memory.
"""

import base64
import binascii
import getpass
import json
import os
import secrets
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from schemas import key_file
from schemas.errors import ConfigurationError
from schemas.key_file import LEAST_PASSPHRASE, NONCE_BYTES, SALT_BYTES, is_encrypted

KEYS_DIRECTORY, SETTINGS_FILE = "keys", "settings.json"
OWNER_ONLY = 0o600
UNFINISHED = ".new"
DEVELOPMENT = "development"

_asked: dict[Path, bytes] = {}  # what was typed in this process, by the node's directory


class PassphraseReference(BaseModel):
    """Where the passphrase of a node's keys is; the settings of every node have these fields. Neither: it is asked for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    passphrase_file: Path | None = Field(default=None, description="relative to the node's directory, but never inside it")
    passphrase_variable: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$", description="an environment variable")


ASKED_FOR = PassphraseReference()


class Keyring:
    """The key files of the node in one directory."""

    def __init__(self, directory: Path, reference: PassphraseReference = ASKED_FOR) -> None:
        """Use the keys in `directory`, with the passphrase that `reference` names."""
        self._directory, self._reference = directory.resolve(), reference

    def path(self, name: str) -> Path:
        """Return where the key called `name` lies."""
        return self._directory / KEYS_DIRECTORY / name

    def read(self, name: str) -> bytes:
        """Return a private key's bytes.

        Raises:
            ConfigurationError: it is missing, malformed or readable by others, or the passphrase is not at hand or not the right one.
        """
        content = _content(self.path(name))
        if not is_encrypted(content):
            return _plain(content, self.path(name))
        header = key_file.read_header(content, name)
        return key_file.open_key(header, _stretched(self._passphrase(), key_file.salt_of(header), header.log2_cost))

    def write(self, name: str, secret: bytes) -> None:
        """Keep a new private key: encrypted where there is a passphrase, else plain, which is for development alone.

        Raises:
            ConfigurationError: there is one already, or the passphrase is not as it must be.
        """
        beside = self.path(f"{name}{UNFINISHED}")
        beside.unlink(missing_ok=True)
        write_private(beside, self._encrypted(name, secret) if self._has_passphrase() else base64.b64encode(secret))
        try:
            os.link(beside, self.path(name))  # whole or not at all, and never over another
        except FileExistsError:
            raise _there_already(self.path(name)) from None
        finally:
            beside.unlink()

    def delete(self, name: str) -> None:
        """Delete a private key, for good; safe to repeat."""
        self.path(name).unlink(missing_ok=True)

    def names(self) -> list[str]:
        """Return the names of all keys."""
        return [path.name for path in self._files()]

    def unencrypted(self) -> list[str]:
        """Return the names of keys that lie in the clear."""
        return [path.name for path in self._files() if not is_encrypted(path.read_bytes())]

    def encrypt(self) -> None:
        """Encrypt every key that lies in the clear, each whole or not at all. Safe to repeat.

        Raises:
            ConfigurationError: a key is malformed, or the passphrase is not as it must be.
        """
        for name in self.unencrypted():
            beside = self.path(f"{name}{UNFINISHED}")
            beside.unlink(missing_ok=True)
            write_private(beside, self._encrypted(name, self.read(name)))
            beside.replace(self.path(name))

    def _encrypted(self, name: str, secret: bytes) -> bytes:
        passphrase, salt, cost = check_passphrase(self._passphrase()), self._salt(), key_file.LOG2_COST
        key = _stretched(passphrase, salt, cost)
        return key_file.write_key(secret, name, key, salt=salt, log2_cost=cost, nonce=secrets.token_bytes(NONCE_BYTES))

    def _salt(self) -> bytes:
        """Return the salt of the keys that are here, so that one process stretches the passphrase once; a new one for the first."""
        for path in self._files():
            if is_encrypted(path.read_bytes()):
                return key_file.salt_of(key_file.read_header(path.read_bytes(), path.name))
        return secrets.token_bytes(SALT_BYTES)

    def _files(self) -> Iterator[Path]:
        return (path for path in sorted((self._directory / KEYS_DIRECTORY).glob("*")) if path.is_file() and path.suffix != UNFINISHED)

    def _has_passphrase(self) -> bool:
        named = (self._reference.passphrase_file, self._reference.passphrase_variable)
        return named != (None, None) or self._directory in _asked

    def _passphrase(self) -> bytes:
        if self._reference.passphrase_file is not None:
            return _from_file(self._directory, self._directory / self._reference.passphrase_file)
        if self._reference.passphrase_variable is not None:
            return _from_environment(self._reference.passphrase_variable)
        if self._directory not in _asked:
            _asked[self._directory] = _typed(f"Passphrase of the keys in {self._directory}: ")
        return _asked[self._directory]


def named_passphrase(directory: Path) -> PassphraseReference:
    """Return where the settings of any node say that the passphrase is; `ASKED_FOR` where they do not.

    Raises:
        ConfigurationError: there is no node, or its settings are malformed.
    """
    named = {name: value for name, value in _settings(directory).items() if name in PassphraseReference.model_fields}
    try:
        return PassphraseReference.model_validate(named)
    except ValidationError:
        raise ConfigurationError(f"{directory / SETTINGS_FILE} is malformed; compare it with docs/reference/settings.md") from None


def open_keyring(directory: Path) -> Keyring:
    """Return the keys of any node, with the passphrase that its settings name; raises as `named_passphrase` does."""
    return Keyring(directory, named_passphrase(directory))


def encrypt_all(directory: Path, reference: PassphraseReference) -> list[str]:
    """Encrypt what lies in the clear in the node's keyring and let its settings name the passphrase; return the names of those keys.

    Raises:
        ConfigurationError: there is no node, the passphrase is not at hand, or other keys of the node are under another one.
    """
    content, keyring = _settings(directory), Keyring(directory, reference)
    plain = keyring.unencrypted()
    for name in keyring.names():
        keyring.read(name)  # those that are encrypted already must have this passphrase: the settings name one
    (directory / SETTINGS_FILE).write_text(json.dumps(content | reference.model_dump(mode="json"), indent=2) + "\n", encoding="utf-8")
    keyring.encrypt()
    return plain


def ask_for_new_passphrase(directory: Path) -> None:
    """Let whoever sits at the terminal choose the passphrase of the node that is made in `directory`; empty: none.

    Raises:
        ConfigurationError: it is too short, or the second is another.
    """
    first = _typed(f"Passphrase for the new keys in {directory}, at least {LEAST_PASSPHRASE} characters (empty: development only): ")
    if not first:
        return
    check_passphrase(first)
    if _typed("The same again: ") != first:
        raise ConfigurationError("passphrase: the two differ; run the command again")
    _asked[directory.resolve()] = first


def check_passphrase(passphrase: bytes, where: str = "passphrase") -> bytes:
    """Return a passphrase that is long enough.

    Raises:
        ConfigurationError: it is not.
    """
    if len(passphrase) < LEAST_PASSPHRASE:
        raise ConfigurationError(f"{where}: want a passphrase of at least {LEAST_PASSPHRASE} characters; choose a longer one")
    return passphrase


def check_encrypted(keyring: Keyring, profile: str) -> None:
    """Check that no key lies in the clear where the agreement is not one for development.

    Raises:
        ConfigurationError: one does.
    """
    plain = keyring.unencrypted() if profile != DEVELOPMENT else []
    if plain:
        raise ConfigurationError(
            f"{keyring.path(plain[0])}: not encrypted, and the agreement's profile is {profile}; run `kinlink keys encrypt` for this directory"
        )


def write_private(path: Path, content: bytes) -> None:
    """Write a new file that only its owner may read.

    Raises:
        ConfigurationError: there is one already; a key is never written over.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    except FileExistsError:
        raise _there_already(path) from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _there_already(path: Path) -> ConfigurationError:
    return ConfigurationError(f"{path}: there is a key already; choose another directory, or move this one away")


def check_private(path: Path) -> None:
    """Check that a file is its owner's alone.

    Raises:
        ConfigurationError: others may read it.
    """
    if path.stat().st_mode & ~OWNER_ONLY & 0o777:
        raise ConfigurationError(f"{path}: others may read this key; run `chmod 600 {path}`, and have it replaced if anyone did")


def is_terminal() -> bool:
    """Say whether somebody can be asked."""
    return sys.stdin is not None and sys.stdin.isatty()


@lru_cache(maxsize=8)
def _stretched(passphrase: bytes, salt: bytes, log2_cost: int) -> bytes:
    return key_file.stretch(passphrase, salt, log2_cost)


def _settings(directory: Path) -> dict[str, Any]:
    try:
        content = json.loads((directory / SETTINGS_FILE).read_bytes())
    except (FileNotFoundError, ValueError):
        content = None
    if not isinstance(content, dict):
        raise ConfigurationError(f"{directory / SETTINGS_FILE}: missing or malformed; name a node's directory with --dir")
    return content


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise ConfigurationError(f"{path}: no such key; make the node anew, or restore the key from its backup") from None
    check_private(path)
    return content


def _plain(content: bytes, path: Path) -> bytes:
    try:
        return base64.b64decode(content, validate=True)
    except binascii.Error:
        raise ConfigurationError(f"{path}: not a key; restore it from its backup") from None


def _from_file(directory: Path, path: Path) -> bytes:
    if path.resolve().is_relative_to(directory):
        raise ConfigurationError(f"{path}: a passphrase beside the keys protects none; keep its file outside of the node's directory")
    try:
        content = path.read_bytes()
    except OSError:
        raise ConfigurationError(f"{path}: cannot be read; see `passphrase_file` in the node's settings.json") from None
    check_private(path)
    return check_passphrase(content.removesuffix(b"\n").removesuffix(b"\r"), str(path))


def _from_environment(name: str) -> bytes:
    passphrase = os.environ.get(name)
    if passphrase is None:
        raise ConfigurationError(
            f"{name}: no such environment variable; set it, or change `passphrase_variable` in the node's settings.json"
        )
    return check_passphrase(passphrase.encode(), name)


def _typed(question: str) -> bytes:
    if not is_terminal():
        raise ConfigurationError(
            "passphrase: the keys are encrypted and nobody can be asked here; name `passphrase_file` or `passphrase_variable` in the node's settings.json"
        )
    return getpass.getpass(question).encode()
