"""What became of referrals, and whose next envelope people look at first."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "case_event",
        sa.Column("event_id", sa.Integer(), primary_key=True),
        sa.Column("document", sa.String(64), nullable=False),
        sa.Column("what", sa.String(16), nullable=False),
        sa.Column("recorded_at", sa.String(32), nullable=False),
        sa.Column("grade", sa.String(1), nullable=True),
    )
    op.create_index("ix_case_event_document", "case_event", ["document"])
    op.create_table(
        "stopped_child",
        sa.Column("record_id", sa.String(200), primary_key=True),
        sa.Column("stopped_at", sa.String(32), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("stopped_child")
    op.drop_table("case_event")
