"""The node's first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "person",
        sa.Column("round_id", sa.String(64), primary_key=True),
        sa.Column("population", sa.String(16), primary_key=True),
        sa.Column("person", sa.String(32), primary_key=True),
        sa.Column("record_id", sa.String(200), nullable=False),
    )
    op.create_table(
        "redeemed_token",
        sa.Column("envelope_id", sa.String(64), primary_key=True),
        sa.Column("round_id", sa.String(64), nullable=False),
        sa.Column("child", sa.String(32), nullable=False),
        sa.Column("body", sa.String(), nullable=True),
        sa.Column("redeemed_at", sa.String(32), nullable=True),
        sa.Column("referral", sa.String(300), nullable=True),
    )
    op.create_index("ix_redeemed_token_round_id", "redeemed_token", ["round_id"])


def downgrade() -> None:
    op.drop_table("redeemed_token")
    op.drop_table("person")
