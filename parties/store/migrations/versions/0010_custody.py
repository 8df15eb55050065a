"""Receptions and their events: at the prison service, and of an authority's cases."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reception",
        sa.Column("reception_id", sa.String(64), primary_key=True),
        sa.Column("handle", sa.LargeBinary, nullable=False),
        sa.Column("events", sa.Integer, nullable=False),
        sa.Column("drawn_at", sa.String(32), nullable=False),
        sa.Column("ended_on", sa.String(10)),
    )
    op.create_table(
        "queued_event",
        sa.Column("reception_id", sa.String(64), primary_key=True),
        sa.Column("event", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("happened_on", sa.String(10), primary_key=True),
        sa.Column("feed", sa.Integer, index=True),
    )
    op.create_table(
        "kept_feed",
        sa.Column("organisation", sa.String(64), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("published_at", sa.String(32), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("document", sa.String, nullable=False),
    )
    op.create_table(
        "custody_key",
        sa.Column("round_id", sa.String(64), primary_key=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "case_reception",
        sa.Column("document", sa.String(64), primary_key=True),
        sa.Column("handle", sa.LargeBinary, primary_key=True),
        sa.Column("custody", sa.Integer, nullable=False),
        sa.Column("is_restricted", sa.Boolean, nullable=False),
        sa.Column("is_sole_carer", sa.Boolean, nullable=False),
        sa.Column("events", sa.Integer, nullable=False),
    )
    op.create_table(
        "learned_event",
        sa.Column("document", sa.String(64), primary_key=True),
        sa.Column("handle", sa.LargeBinary, primary_key=True),
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("event", sa.Integer, nullable=False),
        sa.Column("published_at", sa.String(32), nullable=False),
        sa.Column("learned_at", sa.String(32), nullable=False),
        sa.Column("done_at", sa.String(32)),
        sa.Column("done_by", sa.String(80)),
    )


def downgrade() -> None:
    for table in ("learned_event", "case_reception", "custody_key", "kept_feed", "queued_event", "reception"):
        op.drop_table(table)
