"""A database that was put back from a backup: nothing that the service did since is done again, and what it did before answers as ever."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from linkage.restoring import OWN_TOOLS, back_up, put_back, restore
from linkage.store.audit_copy import audit_copy, check_not_older, entries, keep
from linkage.store.engine import migrate, open_store
from linkage.store.models import Envelope, Round
from parties.statistics import fetch_ledger
from schemas.errors import BudgetError, ConfigurationError, RoundError, ServiceError
from tests.acceptance.round import ROUND, STATISTICS
from validation.disclosure.ledger import Budget, NoisedRelease, check_adds_up

pytestmark = pytest.mark.slow


@pytest.fixture
def copied(closed):
    """A linkage whose service keeps the copy of its log, as one that is served does."""
    check_not_older(closed.store, audit_copy(closed.service))
    keep(closed.store, audit_copy(closed.service))
    return closed


def is_sqlite(linkage):
    return linkage.service.database.startswith("sqlite")


def put_older_back(linkage, backup):
    """Stop the service, put the backup back, see that it would not start, and carry over what was done since; return what was said."""
    linkage.kill()
    put_back(linkage.service, backup)
    store = open_store(linkage.service.database)
    with pytest.raises(ServiceError, match="older than what this service has done"):
        check_not_older(store, audit_copy(linkage.service))
    done = restore(store, linkage.service, now=linkage.now)
    check_not_older(store, audit_copy(linkage.service))
    assert restore(store, linkage.service, now=linkage.now).lacking == 0
    store.dispose()
    linkage.start()
    keep(linkage.store, audit_copy(linkage.service))
    return done


def round_of(linkage):
    with Session(linkage.store) as session:
        return session.get_one(Round, ROUND)


def spent(linkage):
    with Session(linkage.store) as session:
        budget = session.scalars(select(Budget)).one()
        check_adds_up(budget, session.scalars(select(NoisedRelease).order_by(NoisedRelease.seq)).all())
        return budget.spent_micro_rho


def redemptions(linkage):
    """Return every envelope's token, as the service keeps it, and when it was redeemed."""
    with Session(linkage.store) as session:
        return session.execute(select(Envelope.token_sha256, Envelope.redeemed_at).order_by(Envelope.token_sha256)).all()


def only_on_sqlite(linkage, tmp_path):
    if is_sqlite(linkage):
        return tmp_path / "backup.sqlite"
    with pytest.raises(ConfigurationError, match=OWN_TOOLS.partition("(")[0]):
        back_up(linkage.service, tmp_path / "backup.sqlite")
    return None


def test_a_round_that_was_released_since_mints_nothing_again_and_its_table_is_not_paid_back(copied, tmp_path):
    if (backup := only_on_sqlite(copied, tmp_path)) is None:
        return
    copied.link()
    back_up(copied.service, backup)
    copied.approve_and_release()
    copied.tables()
    cost, before = spent(copied), copied.dump()["envelope"]
    done = put_older_back(copied, backup)
    assert (done.ended, done.micro_rho) == ([ROUND], cost)
    assert before
    assert round_of(copied).state == "expired"
    assert round_of(copied).storage_key == b""
    assert spent(copied) == cost
    with pytest.raises(RoundError):
        copied.release()
    with pytest.raises((RoundError, BudgetError)):
        copied.tables()
    said = fetch_ledger(copied.settings(STATISTICS))
    assert [(item.round_id, item.total_micro_rho) for item in said.drawn] == [("", cost)]
    with Session(copied.store) as session:
        assert session.scalars(select(Envelope)).all() == []


def test_what_was_released_before_the_backup_is_the_same_and_tokens_stay_redeemed(copied, tmp_path):
    if (backup := only_on_sqlite(copied, tmp_path)) is None:
        return
    copied.link()
    copied.approve_and_release()
    table = copied.tables()
    back_up(copied.service, backup)
    referrals = [copied.collect(name) for name in copied.authorities()]
    before = redemptions(copied)
    done = put_older_back(copied, backup)
    assert done.lacking > 0
    assert (done.ended, done.micro_rho) == ([], 0)
    assert referrals
    assert redemptions(copied) == before
    assert all(redeemed_at for _, redeemed_at in before)
    assert copied.tables() == table


def test_a_round_that_ended_since_does_not_come_back_however_often_its_backup_does(copied, tmp_path):
    if (backup := only_on_sqlite(copied, tmp_path)) is None:
        return
    copied.link()
    copied.tables()
    back_up(copied.service, backup)
    with copied.operator(0) as operator:
        operator.expire(ROUND, early=True)
    for _ in range(2):
        assert put_older_back(copied, backup).ended == [ROUND]
        assert round_of(copied).state == "expired"
        assert not copied.service.path("vault", ROUND).exists()


def test_all_is_carried_over_to_an_empty_database_of_any_kind(copied, tmp_path):
    """What a server's own tools put back may be as old as can be."""
    copied.link()
    copied.tables()
    kept, cost = audit_copy(copied.service).read(), spent(copied)
    empty = open_store(f"sqlite:///{tmp_path / 'empty.sqlite'}")
    migrate(empty)
    done = restore(empty, copied.service, now=copied.now)
    assert (done.lacking, done.ended, done.micro_rho) == (len(kept), [], cost)
    with Session(empty) as session:
        assert session.scalars(select(Budget)).one().spent_micro_rho == cost
    assert [entry.event.kind for entry in entries(empty).values()] == ["database-restored"]
    empty.dispose()


def test_a_backup_is_its_owners_alone_and_never_over_another_file(copied, tmp_path):
    if (backup := only_on_sqlite(copied, tmp_path)) is None:
        return
    back_up(copied.service, backup)
    assert backup.stat().st_mode & 0o077 == 0
    with pytest.raises(ConfigurationError, match="is there already"):
        back_up(copied.service, backup)
    (tmp_path / "text").write_text("no database")
    for wrong in (tmp_path / "text", tmp_path / "nowhere"):
        with pytest.raises(ConfigurationError, match="no backup of a service's database"):
            put_back(copied.service, wrong)
