"""What must never happen and did."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alarm",
        sa.Column("envelope_id", sa.String(64), primary_key=True),
        sa.Column("round_id", sa.String(64), nullable=False),
        sa.Column("what", sa.String(64), nullable=False),
        sa.Column("raised_at", sa.String(32), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("alarm")
