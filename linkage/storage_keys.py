"""The keys of rounds at rest: each round's data key is wrapped by a master key of the service's keyring, and lies in the database so alone.

Who has the database has no key; who has the keyring has no data. Master keys are numbered; a round's row says which one wraps its
key, and the wrapped key is bound to round and number. All live rounds move to a new master key in one transaction; the old one
stays valid beside it until those who read rows before are done.
"""

import secrets
import time
from datetime import datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Engine as Database
from sqlalchemy import select
from sqlalchemy.orm import Session

from linkage.private_files import private_directory
from linkage.settings import ServiceSettings
from linkage.store.audit import append, lock
from linkage.store.engine import empty_journal
from linkage.store.models import Round
from schemas.audit import AuditEvent
from schemas.errors import ConfigurationError, RoundError, ServiceError
from schemas.instants import as_text
from validation.keyring import Keyring

MASTER = "storage."  # and a number: the names of master keys in the keyring
KEY_BYTES, NONCE_BYTES = 32, 12
GRACE_SECONDS = 30.0  # a request or stage reads a row, then the key that the row names, well within
ROTATED = "storage-key-rotated"  # kind of an audit event


def masters(settings: ServiceSettings) -> list[int]:
    """Return the numbers of the master keys in the keyring, oldest first."""
    return sorted(int(name.removeprefix(MASTER)) for name in _keyring(settings).names() if name.startswith(MASTER))


def make_first_master(settings: ServiceSettings) -> None:
    """Make the first master key, where there is none."""
    if not masters(settings):
        private_directory(_keyring(settings).path(""))
        _keyring(settings).write(f"{MASTER}1", secrets.token_bytes(KEY_BYTES))


def master_key(settings: ServiceSettings, number: int) -> bytes:
    """Return one master key.

    Raises:
        ServiceError: it is not in the keyring.
        ConfigurationError: it cannot be read; see `Keyring.read`.
    """
    if number not in masters(settings):
        raise ServiceError("storage key: its master key is not in the keyring; restore the service's keys/ from where you keep its copy")
    return _keyring(settings).read(f"{MASTER}{number}")


def give_key(settings: ServiceSettings, round_: Round, key: bytes) -> None:
    """Let `key` be the round's data key, wrapped by the newest master key.

    Raises:
        ConfigurationError: there is no master key.
    """
    numbers = masters(settings)
    if not numbers:
        raise ConfigurationError("storage key: the keyring has no master key; start the service once with `kinlink service serve`")
    nonce = secrets.token_bytes(NONCE_BYTES)
    box = AESGCM(master_key(settings, numbers[-1])).encrypt(nonce, key, _bound_to(round_.round_id, numbers[-1]))
    round_.storage_key, round_.storage_master = nonce + box, numbers[-1]


def data_key(settings: ServiceSettings, round_: Round) -> bytes:
    """Return the round's data key.

    Raises:
        RoundError: it has been destroyed.
        ServiceError: its master key is not here, or what is in the database was changed, or is of an earlier release.
    """
    if not round_.storage_key:
        raise RoundError("round: its key has been destroyed, so nothing of it can be read; that is final")
    if round_.storage_master is None:
        raise ServiceError("storage key: the database is of an earlier release; start the service once with `kinlink service serve`")
    master, wrapped = AESGCM(master_key(settings, round_.storage_master)), round_.storage_key
    try:
        return master.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], _bound_to(round_.round_id, round_.storage_master))
    except (InvalidTag, ValueError):
        raise ServiceError("storage key: it was changed, or is another round's; restore the service's backup") from None


def wrap_all_plain(database: Database, settings: ServiceSettings) -> None:
    """Wrap what an earlier release left in the clear, with a first master key where there is none. Safe to repeat."""
    make_first_master(settings)
    with Session(database) as session, session.begin():
        lock(session)
        found = session.scalars(select(Round).where(Round.storage_master.is_(None)).with_for_update()).all()
        plain = [round_ for round_ in found if round_.storage_key]
        for round_ in plain:
            give_key(settings, round_, round_.storage_key)
    if plain:
        empty_journal(database)


def rotate(database: Database, settings: ServiceSettings, *, now: datetime, grace: float = GRACE_SECONDS) -> int:
    """Make a new master key, wrap all live rounds' keys by it, then delete the old one; return how many rounds have moved.

    A rotation that was stopped is finished: what it had made is used. Whoever opens a round meanwhile waits for the one transaction,
    or has its round moved by it.
    """
    wrap_all_plain(database, settings)
    if len(masters(settings)) == 1:
        _keyring(settings).write(f"{MASTER}{masters(settings)[-1] + 1}", secrets.token_bytes(KEY_BYTES))
    newest = masters(settings)[-1]
    with Session(database) as session, session.begin():
        lock(session)
        moved = session.scalars(select(Round).where(Round.storage_master < newest).with_for_update()).all()
        for round_ in moved:
            give_key(settings, round_, data_key(settings, round_))
        event = AuditEvent(kind=ROTATED, round_id="", actor=settings.organisation, at=as_text(now), detail={"master": newest})
        append(session, event)
    empty_journal(database)
    time.sleep(grace)
    for number in masters(settings)[:-1]:
        _keyring(settings).delete(f"{MASTER}{number}")
    return len(moved)


def _bound_to(round_id: str, number: int) -> bytes:
    return f"kinlink/storage-key/1|{round_id}|{number}".encode()


def _keyring(settings: ServiceSettings) -> Keyring:
    return Keyring(settings.directory, settings)
