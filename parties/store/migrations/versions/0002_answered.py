"""What the node has answered in second looks."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "answered_wave",
        sa.Column("round_id", sa.String(64), primary_key=True),
        sa.Column("wave", sa.String(120), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
    )
    op.create_table(
        "answered_nonce",
        sa.Column("round_id", sa.String(64), primary_key=True),
        sa.Column("nonce", sa.LargeBinary(16), primary_key=True),
    )


def downgrade() -> None:
    op.drop_table("answered_nonce")
    op.drop_table("answered_wave")
