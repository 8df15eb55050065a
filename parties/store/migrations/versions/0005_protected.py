"""What was done with envelopes of protected children, and who approved their documents."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "protected_opening",
        sa.Column("envelope_id", sa.String(64), primary_key=True),
        sa.Column("round_id", sa.String(64), nullable=False),
        sa.Column("opening", sa.String(16), nullable=False),
        sa.Column("decided_at", sa.String(32), nullable=False),
    )
    op.create_table(
        "document_approval",
        sa.Column("envelope_id", sa.String(64), primary_key=True),
        sa.Column("approver", sa.String(80), primary_key=True),
        sa.Column("approved_at", sa.String(32), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("document_approval")
    op.drop_table("protected_opening")
