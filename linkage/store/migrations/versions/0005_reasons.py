"""Findings say why, in codes."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the column; findings of before have no reasons."""
    with op.batch_alter_table("finding") as finding:
        finding.add_column(sa.Column("codes", sa.JSON, nullable=False, server_default="[]"))


def downgrade() -> None:
    """Refuse: a service's record is not taken apart; restore a backup instead."""
    raise NotImplementedError
