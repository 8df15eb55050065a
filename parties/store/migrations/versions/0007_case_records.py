"""Whose referral a case is, so that it can be stopped after the round's map of persons was deleted."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("case_event", sa.Column("round_id", sa.String(64), nullable=True))
    op.add_column("case_event", sa.Column("record_id", sa.String(200), nullable=True))


def downgrade() -> None:
    op.drop_column("case_event", "record_id")
    op.drop_column("case_event", "round_id")
