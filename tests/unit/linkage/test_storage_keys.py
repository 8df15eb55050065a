"""Rounds' keys lie wrapped in the database; master keys change while rounds run, and whatever stops a change, every live round opens."""

import threading

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from flows.command import main
from linkage import storage_keys
from linkage.inbox.vault import Vault
from linkage.settings import ServiceSettings, save_settings
from linkage.storage_keys import ROTATED, data_key, give_key, make_first_master, masters, rotate, wrap_all_plain
from linkage.store.audit import entries
from linkage.store.engine import open_store
from linkage.store.models import Round
from schemas.errors import RoundError, ServiceError
from tests.integration.service_world import NOW
from tests.passphrases import passphrase_in

KEYS = {"round-1": b"1" * 32, "round-2": b"2" * 32}


@pytest.fixture
def settings(tmp_path, migrated_url):
    made = ServiceSettings(
        organisation="us", database_url=migrated_url, directory=tmp_path / "service", **passphrase_in(tmp_path).model_dump()
    )
    made.directory.mkdir(mode=0o700)
    make_first_master(made)
    return made


@pytest.fixture
def store(settings):
    """Two live rounds with keys, and one whose key was destroyed."""
    store = open_store(settings.database)
    with Session(store) as session, session.begin():
        for name, key in KEYS.items():
            round_ = empty(name)
            give_key(settings, round_, key)
            session.add(round_)
        session.add(empty("round-3"))
    yield store
    store.dispose()


def empty(name):
    return Round(round_id=name, digest="0" * 64, manifest={}, state="open", opened_at="x", storage_key=b"")


def found(store, settings):
    with Session(store) as session:
        return {name: data_key(settings, session.get_one(Round, name)) for name in KEYS}


def change(store, settings):
    return rotate(store, settings, now=NOW, grace=0)


def test_a_key_is_not_in_the_database_and_comes_back(store, settings):
    with Session(store) as session:
        kept = session.execute(text("SELECT storage_key FROM round")).scalars().all()
    assert not any(key in bytes(value) for key in KEYS.values() for value in kept)
    assert found(store, settings) == KEYS


def test_a_destroyed_key_stays_destroyed_whatever_is_rotated(store, settings):
    change(store, settings)
    with Session(store) as session, pytest.raises(RoundError, match="destroyed"):
        data_key(settings, session.get_one(Round, "round-3"))


def test_after_a_rotation_rounds_open_by_the_new_key_and_the_old_one_is_gone(store, settings):
    old = settings.path("keys", "storage.1").read_bytes()
    assert change(store, settings) == 2
    assert masters(settings) == [2]
    assert found(store, settings) == KEYS
    with Session(store) as session:
        assert [entry.event["kind"] for entry in entries(session)] == [ROTATED]
    assert old not in b"".join(path.read_bytes() for path in settings.path("keys").iterdir())


def test_what_was_read_before_a_rotation_opens_until_the_old_key_is_deleted(store, settings, monkeypatch):
    with Session(store) as session:
        before = session.get_one(Round, "round-1")
        session.expunge(before)
    seen = []
    monkeypatch.setattr(storage_keys.time, "sleep", lambda _: seen.append(data_key(settings, before)))
    rotate(store, settings, now=NOW, grace=1)
    assert seen == [KEYS["round-1"]]
    with pytest.raises(ServiceError, match="master key is not in the keyring"):
        data_key(settings, before)


@pytest.mark.parametrize("at", ["append", "empty_journal"])
def test_a_rotation_that_was_stopped_loses_nothing_and_is_finished_by_the_next(store, settings, monkeypatch, at):
    class StoppedError(Exception):
        pass

    def stop(*_):
        raise StoppedError

    with monkeypatch.context() as broken:
        broken.setattr(storage_keys, at, stop)
        with pytest.raises(StoppedError):
            change(store, settings)
    assert masters(settings) == [1, 2]
    assert found(store, settings) == KEYS
    change(store, settings)
    assert masters(settings) == [2]
    assert found(store, settings) == KEYS


def test_a_round_that_is_opened_during_a_rotation_opens_after_it(store, settings):
    done = threading.Thread(target=change, args=(store, settings))
    done.start()
    late = empty("round-4")
    with Session(store) as session, session.begin():
        storage_keys.lock(session)
        give_key(settings, late, b"4" * 32)
        session.add(late)
    done.join()
    with Session(store) as session:
        late = session.get_one(Round, "round-4")
        if late.storage_master in masters(settings):
            assert data_key(settings, late) == b"4" * 32
        else:
            pytest.fail("the round's master key is gone")


def test_keys_of_an_earlier_release_are_wrapped_once(store, settings):
    with store.begin() as connection:
        connection.execute(
            text("UPDATE round SET storage_key = :key, storage_master = NULL WHERE round_id = 'round-1'"), {"key": KEYS["round-1"]}
        )
    with Session(store) as session, pytest.raises(ServiceError, match="earlier release"):
        data_key(settings, session.get_one(Round, "round-1"))
    wrap_all_plain(store, settings)
    wrap_all_plain(store, settings)
    assert found(store, settings) == KEYS
    with Session(store) as session:
        assert KEYS["round-1"] not in session.get_one(Round, "round-1").storage_key


def test_a_wrapped_key_of_another_round_or_changed_does_not_open(store, settings):
    with Session(store) as session:
        one, other = session.get_one(Round, "round-1"), session.get_one(Round, "round-2")
        session.expunge_all()
    one.storage_key = other.storage_key
    with pytest.raises(ServiceError, match="changed, or is another round's"):
        Vault(settings, one)
    other.storage_key = other.storage_key[:-1] + bytes([other.storage_key[-1] ^ 1])
    with pytest.raises(ServiceError, match="changed, or is another round's"):
        Vault(settings, other)


def test_the_command_says_how_many_rounds_moved(store, settings, monkeypatch, capsys):
    monkeypatch.setattr(storage_keys, "GRACE_SECONDS", 0)
    monkeypatch.setattr(storage_keys.time, "sleep", lambda _: None)
    save_settings(settings)
    assert main(["service", "rotate", "--dir", str(settings.directory)]) == 0
    assert "2 rounds moved to it" in capsys.readouterr().out
    assert found(store, settings) == KEYS
