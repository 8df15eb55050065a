"""Sealed attributes beside a finding, and the daily feeds of events."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and the table."""
    with op.batch_alter_table("finding") as batch:
        batch.add_column(sa.Column("attributes", sa.JSON, nullable=False, server_default="[]"))
    op.create_table(
        "event_feed",
        sa.Column("organisation", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("published_at", sa.String(32), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("organisation", "number", name="pk_event_feed"),
    )


def downgrade() -> None:
    """Refuse: a service's record is not taken apart; restore a backup instead."""
    raise NotImplementedError
