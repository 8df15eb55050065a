"""Who looked at which document at the desk, when, and why."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "document_look",
        sa.Column("look_id", sa.Integer, primary_key=True),
        sa.Column("document", sa.String(64), nullable=False, index=True),
        sa.Column("who", sa.String(80), nullable=False),
        sa.Column("why", sa.String(16), nullable=False),
        sa.Column("looked_at", sa.String(32), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("document_look")
