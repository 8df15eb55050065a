"""A second copy of the audit log, in a file outside of the database: what tells that a database is older than what the service has done.

An entry is added once its transaction is committed, and before the request is answered. A database that was put back from a backup lacks
entries that the copy has: budget would be spent twice, ended rounds come back, tokens be minted again. So the service does not start on it
before `kinlink service restore` has carried over what must stay done.

    file    audit.copy, a line of canonical JSON for each entry: seq, hash, event
"""

import fcntl
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final
from weakref import WeakKeyDictionary

from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import Connection, select
from sqlalchemy import Engine as Database
from sqlalchemy import event as happenings
from sqlalchemy.orm import Session

from linkage.settings import ServiceSettings
from linkage.store.audit import APPENDED
from linkage.store.engine import migrate, open_store
from linkage.store.models import AuditEntry
from schemas.audit import AuditEvent
from schemas.canonical import canonical_json
from schemas.errors import ServiceError

COPY_FILE: Final = "audit.copy"
PRIVATE: Final = 0o600

_copies: WeakKeyDictionary[Database | Connection, "AuditCopy"] = WeakKeyDictionary()  # by database, for as long as it is open


class Kept(BaseModel):
    """One entry of the log."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seq: int
    hash: str
    event: AuditEvent


class AuditCopy:
    """The copy in one file; several processes add to it."""

    def __init__(self, path: Path) -> None:
        """Use the file at `path`, which need not be there yet."""
        self._path = path

    def add(self, entries: Iterable[Kept]) -> None:
        """Add entries, and return once they are on the disk."""
        lines = b"".join(canonical_json(entry.model_dump()) + b"\n" for entry in entries)
        with os.fdopen(os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_APPEND, PRIVATE), "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if _is_torn(file.fileno()):
                lines = b"\n" + lines
            os.write(file.fileno(), lines)
            os.fsync(file.fileno())

    def read(self) -> dict[int, Kept]:
        """Return the entries by their numbers, in order; a line that a stop tore is passed over."""
        try:
            lines = self._path.read_bytes().splitlines()
        except FileNotFoundError:
            return {}
        found = dict[int, Kept]()
        for line in lines:
            try:
                kept = Kept.model_validate_json(line)
            except ValidationError:
                continue
            found[kept.seq] = kept
        return dict(sorted(found.items()))

    def read_all(self) -> Iterator[Kept]:
        """Yield every entry that was ever kept, also those that were put aside."""
        for path in (*self._aside(), self._path):
            yield from AuditCopy(path).read().values()

    def start_anew(self, entries: Iterable[Kept]) -> None:
        """Put the file aside, and begin another with these entries."""
        fresh = self._path.with_name(f"{self._path.name}.new")
        fresh.unlink(missing_ok=True)
        AuditCopy(fresh).add(entries)
        if self._path.exists():
            self._path.replace(self._path.with_name(f"{self._path.name}.{len(self._aside()) + 1}"))
        fresh.replace(self._path)

    def _aside(self) -> list[Path]:
        return sorted(path for path in self._path.parent.glob(f"{self._path.name}.*") if path.suffix[1:].isdecimal())


def open_checked(settings: ServiceSettings) -> Database:
    """Return the service's database, migrated, whose audit log is copied from now on.

    Raises:
        ServiceError: it is older than what the service has done.
        ConfigurationError: it does not answer.
    """
    store, copy = open_store(settings.database), audit_copy(settings)
    try:
        migrate(store)
        check_not_older(store, copy)
    except BaseException:
        store.dispose()
        raise
    keep(store, copy)
    return store


def audit_copy(settings: ServiceSettings) -> AuditCopy:
    """Return the copy of a service's audit log."""
    return AuditCopy(settings.path(COPY_FILE))


def check_not_older(store: Database, copy: AuditCopy) -> None:
    """Check that the database has the last entry of the copy; then add to the copy what a stop kept from it.

    Raises:
        ServiceError: it has not.
    """
    kept, log = copy.read(), entries(store)
    if is_older(log, kept):
        raise ServiceError(
            "database: older than what this service has done, as after a backup was put back; run `kinlink service restore` so that nothing is done twice"
        )
    copy.add(entry for seq, entry in log.items() if seq not in kept)


def is_older(log: Mapping[int, Kept], kept: Mapping[int, Kept]) -> bool:
    """Say whether a log lacks the last entry that was kept."""
    last = max(kept, default=0)
    return bool(last) and (last not in log or log[last].hash != kept[last].hash)


def entries(store: Database) -> dict[int, Kept]:
    """Return the whole audit log by its numbers."""
    with Session(store) as session:
        rows = session.scalars(select(AuditEntry).order_by(AuditEntry.seq))
        return {row.seq: Kept(seq=row.seq, hash=row.hash, event=AuditEvent.model_validate(row.event)) for row in rows}


def keep(store: Database, copy: AuditCopy) -> None:
    """Add to the copy whatever is appended to the audit log of this database by this process, once it is committed."""
    _copies[store] = copy


@happenings.listens_for(Session, "after_commit")
def _committed(session: Session) -> None:
    copy = _copies.get(session.get_bind())
    appended = session.info.pop(APPENDED, [])
    if copy is not None and appended:
        copy.add(Kept(seq=seq, hash=hash_, event=event) for seq, hash_, event in appended)


@happenings.listens_for(Session, "after_rollback")
def _rolled_back(session: Session) -> None:
    session.info.pop(APPENDED, None)


def _is_torn(descriptor: int) -> bool:
    size = os.fstat(descriptor).st_size
    return size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
