"""Rounds, submissions, findings, envelopes and the audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SQLITE_APPEND_ONLY = """
CREATE TRIGGER audit_entry_no_{verb} BEFORE {verb} ON audit_entry
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END
"""
POSTGRESQL_APPEND_ONLY = """
CREATE FUNCTION audit_entry_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$;
CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry
FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_refuse()
"""


def upgrade() -> None:
    """Make the tables and the triggers."""
    op.create_table(
        "round",
        sa.Column("round_id", sa.String(64), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("manifest", sa.JSON, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("opened_at", sa.String(32), nullable=False),
        sa.Column("findings_digest", sa.String(64)),
        sa.Column("storage_key", sa.LargeBinary, nullable=False),
        sa.Column("counts", sa.JSON),
    )
    op.create_table(
        "key_share",
        sa.Column("round_id", sa.String(64), sa.ForeignKey("round.round_id"), primary_key=True),
        sa.Column("holder", sa.String(64), primary_key=True),
        sa.Column("recipient", sa.String(64), primary_key=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "submission",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("round_id", sa.String(64), sa.ForeignKey("round.round_id"), nullable=False),
        sa.Column("organisation", sa.String(64), nullable=False),
        sa.Column("manifest", sa.JSON, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("receipt", sa.LargeBinary),
    )
    op.create_index("ix_submission_round_id_organisation", "submission", ["round_id", "organisation"])
    op.create_table(
        "chunk",
        sa.Column("submission", sa.String(64), sa.ForeignKey("submission.digest"), primary_key=True),
        sa.Column("part", sa.String(32), primary_key=True),
        sa.Column("index", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("sha256", sa.String(64), nullable=False),
    )
    op.create_table(
        "nonce",
        sa.Column("key_id", sa.String(128), primary_key=True),
        sa.Column("nonce", sa.String(64), primary_key=True),
        sa.Column("seen_at", sa.String(32), nullable=False),
    )
    op.create_index("ix_nonce_seen_at", "nonce", ["seen_at"])
    _after_the_search()
    _audit()


def _after_the_search() -> None:
    op.create_table(
        "finding",
        sa.Column("round_id", sa.String(64), sa.ForeignKey("round.round_id"), primary_key=True),
        sa.Column("authority", sa.String(64), primary_key=True),
        sa.Column("child", sa.String(32), primary_key=True),
        sa.Column("own_carer", sa.String(32)),
        sa.Column("weight_centibits", sa.Integer, nullable=False),
        sa.Column("grade", sa.String(32), nullable=False),
        sa.Column("decision", sa.String(32), nullable=False),
    )
    op.create_table(
        "approval",
        sa.Column("round_id", sa.String(64), sa.ForeignKey("round.round_id"), primary_key=True),
        sa.Column("key_id", sa.String(128), primary_key=True),
        sa.Column("findings_digest", sa.String(64), nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
    )
    op.create_table(
        "envelope",
        sa.Column("envelope_id", sa.String(64), primary_key=True),
        sa.Column("round_id", sa.String(64), sa.ForeignKey("round.round_id"), nullable=False),
        sa.Column("authority", sa.String(64), nullable=False),
        sa.Column("token_sha256", sa.String(64), nullable=False, unique=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("minted_at", sa.String(32), nullable=False),
        sa.Column("expires_at", sa.String(32), nullable=False),
        sa.Column("redeemed_at", sa.String(32)),
    )
    op.create_index("ix_envelope_round_id_authority", "envelope", ["round_id", "authority"])


def _audit() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("event", sa.JSON, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    lock = op.create_table("audit_lock", sa.Column("lock_id", sa.Integer, primary_key=True, autoincrement=False))
    op.bulk_insert(lock, [{"lock_id": 1}])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(POSTGRESQL_APPEND_ONLY)
    else:
        for verb in ("UPDATE", "DELETE"):
            op.execute(SQLITE_APPEND_ONLY.format(verb=verb))


def downgrade() -> None:
    """Refuse: a service's record is not taken apart; restore a backup instead."""
    raise NotImplementedError
