"""The vault: parts of submissions and results of searches, as encrypted files under the service's directory.

Each file is one ChaCha20-Poly1305 box under its round's key, bound to the place where it lies, written beside and then
renamed: there is never half a file. A round whose key was destroyed cannot be read again, whatever a backup holds.
"""

import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from linkage.settings import ServiceSettings
from linkage.storage_keys import data_key
from linkage.store.models import Round
from schemas.encoding_set import Part
from schemas.errors import ServiceError

VAULT_DIRECTORY = "vault"
PLAN_BLOB, CARRIED_BLOB = "plan.arrow", "carried.arrow"  # who is to be asked for what: by the search, and once children were carried over
OPENED_BLOB, LINKS_BLOB = "opened.arrow", "links.arrow"  # what opened pairs say; prisoners and the children linked with them
CONTROLS_OPENER_BLOB = "controls-opener"  # of each who sent it: opens the custodians' lists of planted controls
QUESTIONS_BLOB = "questions.arrow"  # which of its own records each authority is asked about
BLOBS = "results"  # not a legal digest, so never a submission's
NONCE_BYTES = 12
PRIVATE_DIRECTORY, PRIVATE_FILE = 0o700, 0o600


class Vault:
    """One round's part of the vault."""

    def __init__(self, settings: ServiceSettings, round_: Round) -> None:
        """Open the part of `round_`.

        Raises:
            RoundError: the round's key has been destroyed.
            ServiceError: the round's key does not open; see `data_key`.
        """
        key = data_key(settings, round_)
        self._root = settings.path(VAULT_DIRECTORY, round_.round_id)
        self._round_id = round_.round_id
        self._box = ChaCha20Poly1305(key)

    def stage_chunk(self, organisation: str, digest: str, part: str, index: int, content: bytes) -> "Staged":
        """Have one chunk on the disk, beside its place; a stage that is not taken is to be dropped."""
        return self._stage(self._chunk(organisation, digest, part, index), f"{digest}|{part}|{index}", content)

    def read_part(self, organisation: str, digest: str, part: Part) -> bytes:
        """Return a whole part of a submission.

        Raises:
            ServiceError: a chunk is not there, or was changed.
        """
        return b"".join(
            self._read(self._chunk(organisation, digest, part.name, index), f"{digest}|{part.name}|{index}") for index in range(part.chunks)
        )

    def destroy(self, organisation: str, digest: str) -> None:
        """Delete every chunk of one submission; safe to repeat."""
        shutil.rmtree(self._root / organisation / digest, ignore_errors=True)

    def write_blob(self, name: str, content: bytes) -> None:
        """Keep one named result of the round; a file that is already there is replaced."""
        self._write(self._root / BLOBS / name, f"{BLOBS}|{name}", content)

    def read_blob(self, name: str) -> bytes:
        """Return one named result of the round.

        Raises:
            ServiceError: it is not there, or was changed.
        """
        return self._read(self._root / BLOBS / name, f"{BLOBS}|{name}")

    def has_blob(self, name: str) -> bool:
        """Say whether there is a result of this name."""
        return (self._root / BLOBS / name).exists()

    def __repr__(self) -> str:
        """Show no key."""
        return "Vault(…)"

    def _chunk(self, organisation: str, digest: str, part: str, index: int) -> Path:
        return self._root / organisation / digest / f"{part}.{index}"

    def _bound_to(self, place: str) -> bytes:
        return f"{self._round_id}|{place}".encode()

    def _read(self, file: Path, place: str) -> bytes:
        try:
            sealed = file.read_bytes()
            return self._box.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], self._bound_to(place))
        except (FileNotFoundError, InvalidTag, ValueError):
            raise ServiceError("vault: a file is missing or was changed; restore the service's backup of this round") from None

    def _write(self, file: Path, place: str, content: bytes) -> None:
        self._stage(file, place, content).take()

    def _stage(self, file: Path, place: str, content: bytes) -> "Staged":
        file.parent.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
        nonce = secrets.token_bytes(NONCE_BYTES)
        beside = file.with_name(f"{file.name}.{nonce.hex()}.part")
        staged, sealed = Staged(beside, file), nonce + self._box.encrypt(nonce, content, self._bound_to(place))
        try:
            with os.fdopen(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE), "wb") as sink:
                sink.write(sealed)
                sink.flush()
                os.fsync(sink.fileno())
        except OSError:  # the disk is full: half a file takes room, and is of no use
            staged.drop()
            raise
        return staged


@dataclass(frozen=True)
class Staged:
    """A file of the vault that is on the disk and not in its place yet: that is the quick part, for under a lock."""

    beside: Path
    file: Path

    def take(self) -> None:
        """Put it in its place; a file that is there is replaced."""
        self.beside.replace(self.file)

    def drop(self) -> None:
        """Forget it, unless it was taken."""
        self.beside.unlink(missing_ok=True)
