"""Passing on: what became of an envelope at its desk, by when that is to be said, and for which envelope a finding is on stand-by."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns. Envelopes of before have no time to answer by, and are never passed on for want of one."""
    op.add_column("finding", sa.Column("stands_by_for", sa.String(64), nullable=True))
    op.add_column("envelope", sa.Column("answer_by", sa.String(32), nullable=True))
    op.add_column("envelope", sa.Column("became", sa.String(32), nullable=True))


def downgrade() -> None:
    """Refuse: a service's record is not taken apart; restore a backup instead."""
    raise NotImplementedError
