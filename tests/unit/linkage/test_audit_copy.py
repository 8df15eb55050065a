"""The second copy of the audit log: whole after any stop, and what tells that a database is an older one."""

import threading

import pytest
from sqlalchemy.orm import Session

from linkage.settings import ServiceSettings
from linkage.store.audit import append
from linkage.store.audit_copy import AuditCopy, Kept, audit_copy, check_not_older, entries, keep, open_checked
from linkage.store.engine import open_store
from schemas.audit import GENESIS, AuditEvent, chain
from schemas.errors import ServiceError


def event(number):
    return AuditEvent(kind="kind", round_id=f"round-{number}", actor="us", at="2026-11-23T00:00:00Z")


def kept(number):
    return Kept(seq=number, hash=chain(GENESIS, event(number)), event=event(number))


def do(store, *numbers, stopped=False):
    """Append events, in a transaction each, or in one that is rolled back."""
    for number in numbers:
        with Session(store) as session:
            append(session, event(number))
            session.rollback() if stopped else session.commit()


@pytest.fixture
def store(migrated_url):
    made = open_store(migrated_url)
    yield made
    made.dispose()


def test_what_was_added_is_read_also_after_a_line_was_torn(tmp_path):
    copy = AuditCopy(tmp_path / "audit.copy")
    assert copy.read() == {}
    copy.add([kept(2), kept(1)])
    with (tmp_path / "audit.copy").open("ab") as file:
        file.write(b'{"seq":3,"ha')
    copy.add([kept(3)])
    assert copy.read() == {number: kept(number) for number in (1, 2, 3)}
    assert (tmp_path / "audit.copy").stat().st_mode & 0o077 == 0


def test_what_is_put_aside_is_still_read(tmp_path):
    copy = AuditCopy(tmp_path / "audit.copy")
    for first in (1, 11, 21):
        copy.start_anew([kept(first)])
    assert copy.read() == {21: kept(21)}
    assert [entry.seq for entry in copy.read_all()] == [1, 11, 21]


def test_entries_are_copied_once_they_are_committed_and_no_others(store, tmp_path):
    copy, other = AuditCopy(tmp_path / "audit.copy"), AuditCopy(tmp_path / "other.copy")
    keep(store, copy)
    do(store, 1, 2)
    do(store, 9, stopped=True)
    with Session(store) as session, session.begin():
        append(session, event(3))
        append(session, event(4))
    assert copy.read() == entries(store)
    assert [entry.event.round_id for entry in copy.read().values()] == [f"round-{number}" for number in (1, 2, 3, 4)]
    assert other.read() == {}


def test_several_threads_leave_a_whole_copy(store, tmp_path):
    copy = AuditCopy(tmp_path / "audit.copy")
    keep(store, copy)
    threads = [threading.Thread(target=do, args=(store, *range(first, first + 5))) for first in (10, 20, 30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert copy.read() == entries(store)
    check_not_older(store, copy)


def test_a_stop_between_commit_and_copy_is_made_up_for(store, tmp_path):
    copy = AuditCopy(tmp_path / "audit.copy")
    do(store, 1, 2, 3)
    check_not_older(store, copy)
    assert copy.read() == entries(store)


def test_a_database_that_lacks_the_last_entry_or_has_another_is_refused(store, tmp_path):
    copy, longer, another = (AuditCopy(tmp_path / name) for name in ("copy", "longer", "another"))
    do(store, 1, 2)
    check_not_older(store, copy)
    longer.add([*copy.read().values(), kept(3)])
    another.add([copy.read()[1], kept(2)])
    for wrong in (longer, another):
        with pytest.raises(ServiceError, match="kinlink service restore"):
            check_not_older(store, wrong)
    check_not_older(store, copy)


def test_a_service_opens_its_database_checked_and_copied(migrated_url, tmp_path):
    settings = ServiceSettings(organisation="us", database_url=migrated_url, directory=tmp_path)
    for number in (1, 2):
        store = open_checked(settings)
        do(store, number)
        store.dispose()
    assert len(audit_copy(settings).read()) == 2
